import { type Candidate, chooseLayout } from './layout'
import { backgroundClass, classList, evalClasses, range } from './lists'
import type { Dataset } from './types'
import { contiguous, shifted } from './values'

const folders = ['VOC2012', 'VOCdevkit/VOC2012', 'VOCZERO']
const set = 'ImageSets/Segmentation/val.txt'

/** PASCAL VOC 2012 val: 20 classes, background ignored; or 21, background a class of its own. The void border never counts. */
export function voc(background: boolean): Dataset {
  const list = classList('voc-20')
  const n = list.classes.length
  const raw = background ? contiguous(n + 1) : shifted(n, 1, [0, 255])
  const images = ['JPEGImages']
  const original: Candidate[] = ['SegmentationClass', 'SegmentationClassAug'].map((labels) => ({ labels, images, list: set, values: raw }))
  // What loses the background in the conversion cannot be scored with it.
  const converted: Candidate[] = [
    { labels: 'annotations_detectron2/val', images: ['JPEGImages', 'images_detectron2/val'], sharedImages: true, values: contiguous(n) },
    { labels: 'annotations_detectron2/val_all', images: ['images/val'], values: contiguous(n) },
  ]
  return {
    key: background ? 'voc_background_sem_seg_val' : 'voc_sem_seg_val',
    aliases: background ? ['VOC21', 'PAS-21', 'PAS-20b'] : ['VOC20', 'PAS-20', 'pascalvoc20_sem_seg_val', 'pascal_voc_val_all_sem_seg'],
    title: `${list.title} val, ${background ? 'background and 20 classes' : '20 classes'}`,
    classes: [...(background ? [backgroundClass] : []), ...evalClasses(list.classes)],
    background,
    asked: list.classes.map(({ name }) => name),
    askedClass: range(n, background ? 1 : 0),
    nameSets: list.nameSets ?? {},
    ...(!background && { unseen: list.unseen }),
    recoResize: 'shorter:320,crop,bilinear',
    orient: false,
    source: list.source,
    find: (root) => chooseLayout('PASCAL VOC 2012', root, folders, background ? original : [...original, ...converted]),
  }
}
