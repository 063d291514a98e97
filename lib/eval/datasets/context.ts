import { type Candidate, chooseLayout } from './layout'
import { backgroundClass, classList, evalClasses, range } from './lists'
import type { Dataset } from './types'
import { contiguous, reordered, shifted } from './values'

const folders = ['VOC2010', 'VOCdevkit/VOC2010', 'pcontext']

/**
 * PASCAL Context val: 59 classes, what is none of them ignored; or 60, the rest a background class. Classes are in
 * alphabetical order, as MMSegmentation's converter numbers them; the tree of OVSeg has VOC's classes first.
 */
export function context(background: boolean): Dataset {
  const list = classList('pascal-context-59')
  const names = list.classes.map(({ name }) => name)
  const n = names.length
  const original: Candidate = {
    labels: 'SegmentationClassContext',
    images: ['JPEGImages'],
    list: 'ImageSets/SegmentationContext/val.txt',
    values: background ? contiguous(n + 1) : shifted(n, 1, [0, 255]),
  }
  const converted: Candidate[] = [
    {
      labels: 'annotations_detectron2/pc59_val',
      images: ['JPEGImages'],
      sharedImages: true,
      values: reordered((list.vocFirst as string[]).map((name) => names.indexOf(name))),
    },
    { labels: 'val/label', images: ['val/image'], values: contiguous(n) },
  ]
  return {
    key: background ? 'pcontext_60_sem_seg_val' : 'pcontext_sem_seg_val',
    aliases: background ? ['PC-60', 'Context-60'] : ['PC-59', 'Context-59', 'pascal_context_59_sem_seg_val'],
    title: `PASCAL Context val, ${background ? 'background and 59 classes' : '59 classes'}`,
    classes: [...(background ? [backgroundClass] : []), ...evalClasses(list.classes)],
    background,
    asked: names,
    askedClass: range(n, background ? 1 : 0),
    nameSets: list.nameSets ?? {},
    recoResize: 'shorter:320,crop,bilinear',
    orient: false,
    source: list.source,
    find: (root) => chooseLayout('PASCAL Context', root, folders, background ? [original] : [original, ...converted]),
  }
}
