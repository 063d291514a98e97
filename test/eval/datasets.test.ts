import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { folderOf } from '../../lib/eval/datasets/folder.js'
import { datasetNamed, datasets } from '../../lib/eval/datasets/registry.js'
import { ignored, type Pair } from '../../lib/eval/datasets/types.js'
import { readTruth } from '../../lib/eval/picture.js'
import { parseClasses } from '../../lib/text/classes.js'
import { image, labelMap, plant, type Tree, text } from './trees.js'

const roots: string[] = []
const newRoot = () => {
  roots.push(mkdtempSync(join(tmpdir(), 'wordmask-trees-')))
  return roots.at(-1) as string
}
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true })
})
const listed = async (pairs: AsyncIterable<Pair>) => {
  const all: Pair[] = []
  for await (const pair of pairs) all.push(pair)
  return all
}

/** Class names of what a label map holds, '-' where it does not count. */
async function decoded(key: string, root: string): Promise<string[]> {
  const dataset = datasetNamed(key)
  const layout = await dataset.find(root)
  const pairs = await listed(layout.pairs())
  expect(pairs.map(({ id, missing }) => [id.split('/').at(-1), missing])).toEqual([
    ['a', undefined],
    ['b', undefined],
  ])
  const { classes } = await readTruth(pairs[1]!, layout, dataset.classes.length)
  return [...classes].map((c) => (c === ignored ? '-' : dataset.classes[c]!.name))
}

const voc: Tree = { labels: 'SegmentationClass', images: 'JPEGImages', list: 'ImageSets/Segmentation/val.txt', kind: 'palette' }
const context: Tree = { labels: 'SegmentationClassContext', images: 'JPEGImages', list: 'ImageSets/SegmentationContext/val.txt' }
const city: Tree = { labels: 'gtFine/val', images: 'leftImg8bit/val', suffix: '_gtFine_labelIds.png', imageSuffix: '_leftImg8bit.png' }
const inside = (folder: string, tree: Tree): Tree => {
  const [labels, images, list] = [tree.labels, tree.images, tree.list].map((file) => file && join(folder, file))
  return { ...tree, labels: labels!, images: images!, ...(list && { list }) }
}
const things = { images: 'coco/val2017' }

/** [data set, tree, values, what they are]: values of the published encodings, written out by hand. */
const cases: [string, Tree, number[], string[]][] = [
  ['VOC20', inside('VOCdevkit/VOC2012', voc), [0, 1, 15, 20, 255], ['-', 'aeroplane', 'person', 'tvmonitor', '-']],
  ['VOC21', voc, [0, 1, 15, 20, 255], ['background', 'aeroplane', 'person', 'tvmonitor', '-']],
  ['VOC21', inside('VOC2012', { ...voc, labels: 'SegmentationClassAug', kind: 'grey' }), [0, 20, 255], ['background', 'tvmonitor', '-']],
  [
    'voc_sem_seg_val',
    inside('VOC2012', { labels: 'annotations_detectron2/val', images: 'JPEGImages' }),
    [0, 19, 255],
    ['aeroplane', 'tvmonitor', '-'],
  ],
  [
    'pascal_voc_val_all_sem_seg',
    inside('VOCZERO', { labels: 'annotations_detectron2/val_all', images: 'images/val' }),
    [14, 15, 255],
    ['person', 'pottedplant', '-'],
  ],
  // Alphabetical in MMSegmentation's conversion, VOC's classes first in OVSeg's.
  ['PC-59', inside('VOCdevkit/VOC2010', context), [0, 1, 2, 6, 59], ['-', 'aeroplane', 'bag', 'bicycle', 'wood']],
  ['PC-60', inside('VOC2010', context), [0, 1, 2, 59], ['background', 'aeroplane', 'bag', 'wood']],
  [
    'pascal_context_59_sem_seg_val',
    inside('VOCdevkit/VOC2010', { labels: 'annotations_detectron2/pc59_val', images: 'JPEGImages' }),
    [0, 1, 2, 20, 58, 255],
    ['aeroplane', 'bicycle', 'bird', 'bag', 'wood', '-'],
  ],
  [
    'pcontext_sem_seg_val',
    { labels: 'pcontext/val/label', images: 'pcontext/val/image' },
    [0, 1, 58, 255],
    ['aeroplane', 'bag', 'wood', '-'],
  ],
  [
    'A-150',
    inside('ADEChallengeData2016', { labels: 'annotations/validation', images: 'images/validation' }),
    [0, 1, 8, 150],
    ['-', 'wall', 'bed', 'flag'],
  ],
  [
    'ade20k_sem_seg_val',
    { labels: 'annotations_detectron2/validation', images: 'images/validation' },
    [0, 7, 149, 255],
    ['wall', 'bed', 'flag', '-'],
  ],
  [
    'COCO-171',
    { ...things, labels: 'coco/stuffthingmaps/val2017' },
    [0, 12, 89, 91, 181, 255],
    ['person', 'stop sign', 'toothbrush', 'banner', 'wood', '-'],
  ],
  [
    'coco_2017_test_stuff_sem_seg',
    { ...things, labels: 'coco/stuffthingmaps_detectron2/val2017' },
    [0, 11, 79, 80, 170, 255],
    ['person', 'stop sign', 'toothbrush', 'banner', 'wood', '-'],
  ],
  [
    'COCO-Stuff-171',
    { labels: 'annotations/val2017', images: 'images/val2017', suffix: '_labelTrainIds.png' },
    [0, 80, 255],
    ['person', 'banner', '-'],
  ],
  [
    'COCO-171',
    inside('coco/coco_stuff', { labels: 'annotations_detectron2/val2017_all', images: 'images/val2017' }),
    [0, 155, 156, 170],
    ['person', 'wood', 'cow', 'wall-concrete'],
  ],
  [
    'COCO-27',
    { labels: 'annotations/val2017', images: 'images/val2017', list: 'curated/val2017/Coco164kFull_Stuff_Coarse.txt' },
    [0, 1, 17, 91, 156, 181, 255],
    ['person', 'vehicle', 'animal', 'textile', 'sky', 'solid', '-'],
  ],
  [
    'COCO-Obj',
    { ...things, labels: 'coco/stuffthingmaps/val2017' },
    [0, 12, 89, 91, 181, 255],
    ['person', 'stop sign', 'toothbrush', 'background', 'background', 'background'],
  ],
  [
    'COCO-Object',
    { labels: 'annotations/val2017', images: 'images/val2017', suffix: '_instanceTrainIds.png' },
    [0, 1, 80],
    ['background', 'person', 'toothbrush'],
  ],
  ['City-19', inside('cityscapes', city), [0, 6, 7, 9, 11, 24, 29, 33], ['-', '-', 'road', '-', 'building', 'person', '-', 'bicycle']],
  ['City-27', city, [0, 6, 7, 9, 11, 24, 29, 33], ['-', '-', 'road', 'parking lot', 'building', 'person', 'caravan', 'bicycle']],
  ['cityscapes_fine_sem_seg_val', { ...city, suffix: '_gtFine_labelTrainIds.png' }, [0, 11, 18, 255], ['road', 'person', 'bicycle', '-']],
  [
    'KITTI-STEP',
    { labels: 'panoptic_maps/val', images: 'val', kind: 'red', imageSuffix: '.png' },
    [0, 11, 18, 255],
    ['road', 'person', 'bicycle', '-'],
  ],
  [
    'KITTI-STEP',
    inside('kitti_step', { labels: 'panoptic_maps/val', images: 'training/image_02', kind: 'red', imageSuffix: '.png' }),
    [13, 255],
    ['car', '-'],
  ],
  ['CamVid', { labels: 'labels/val', images: 'images/val' }, [0, 6, 10, 11], ['sky', 'sign symbol', 'bicyclist', '-']],
  [
    'CamVid-test',
    inside('CamVid', { labels: 'testannot', images: 'test', kind: 'palette', imageSuffix: '.png' }),
    [0, 10, 11],
    ['sky', 'bicyclist', '-'],
  ],
]

describe('readers, on trees of two pairs made here', () => {
  test.each(cases.map((given) => [given[0], given[1].labels, ...given.slice(1)] as [string, string, Tree, number[], string[]]))(
    '%s in %s',
    async (key, _, tree, values, names) => {
      const root = newRoot()
      const nested = key.startsWith('City') || key.startsWith('city') || key === 'KITTI-STEP'
      await plant(root, tree, values, nested ? '0003' : '')
      expect(await decoded(key, root)).toEqual(names)
    },
  )

  test('every data set has a tree above', () => {
    const seen = new Set(cases.map(([key]) => datasetNamed(key).key))
    expect(datasets.map((make) => make().key).filter((key) => !seen.has(key))).toEqual([])
  })

  test('a converted tree and the original side by side: MMSegmentation keeps both, and its ids are not read as raw', async () => {
    const root = newRoot()
    await plant(root, { labels: 'annotations/val2017', images: 'images/val2017', suffix: '_labelTrainIds.png' }, [80])
    await plant(root, { labels: 'annotations/val2017', images: 'images/val2017', suffix: '_instanceTrainIds.png' }, [80])
    await plant(root, { labels: 'annotations/val2017', images: 'images/val2017' }, [91])
    expect(await decoded('COCO-171', root)).toEqual(['banner'])
    expect(await decoded('COCO-Obj', root)).toEqual(['toothbrush'])
  })
})

describe('pairs', () => {
  test('by stem: what is missing on either side is told, hidden files are none', async () => {
    const root = newRoot()
    await plant(root, { labels: 'labels/val', images: 'images/val' }, [1])
    await labelMap(join(root, 'labels/val/only-labels.png'), [1])
    await image(join(root, 'images/val/only-image.jpg'), 1)
    await labelMap(join(root, 'labels/val/._a.png'), [1])
    const pairs = await listed((await datasetNamed('CamVid').find(root)).pairs())
    expect(pairs.map(({ id, missing }) => [id, missing])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['only-labels', 'image'],
      ['only-image', 'labels'],
    ])
  })
  test('a folder of anybody: images of every kind that is read, also as cameras write their names', async () => {
    const root = newRoot()
    for (const name of ['a.jpg', 'b.JPG', 'c.webp', 'd.TIFF']) await image(join(root, 'images', name), 2)
    for (const id of ['a', 'b', 'c', 'd']) await labelMap(join(root, 'labels', `${id}.png`), [0, 1])
    const pairs = await listed((await folderOf(parseClasses(['x', 'y']), false).find(root)).pairs())
    expect(pairs.map(({ id, image: file, missing }) => [id, file.slice(root.length), missing])).toEqual([
      ['a', '/images/a.jpg', undefined],
      ['b', '/images/b.JPG', undefined],
      ['c', '/images/c.webp', undefined],
      ['d', '/images/d.TIFF', undefined],
    ])
  })
  test('a list decides: what stands in it and is not there is missing, what is not in it is not looked at', async () => {
    const root = newRoot()
    await plant(root, voc, [1])
    await image(join(root, 'JPEGImages/other-year.jpg'), 1)
    text(join(root, 'ImageSets/Segmentation/val.txt'), ['b', '', 'gone', 'a 1'])
    const pairs = await listed((await datasetNamed('VOC21').find(root)).pairs())
    expect(pairs.map(({ id, missing }) => [id, missing])).toEqual([
      ['b', undefined],
      ['gone', 'labels'],
      ['a', undefined],
    ])
  })
  test('no tree: what was looked for is named, with the folders', async () => {
    const root = newRoot()
    await expect(datasetNamed('A-150').find(root)).rejects.toThrow(
      /No ADE20K below .*ADEChallengeData2016.* for annotations_detectron2\/validation\/\*\.png; annotations\/validation/,
    )
    await expect(datasetNamed('A-150').find(join(root, 'nowhere'))).rejects.toThrow(/is no folder/)
  })
})

describe('names', () => {
  test('keys and aliases, whatever their case and hyphens; a misspelt one is asked back', () => {
    expect(datasetNamed('a150').key).toBe('ade20k_sem_seg_val')
    expect(datasetNamed('City_19').key).toBe('cityscapes_fine_sem_seg_val')
    expect(() => datasetNamed('cityscapes_fine_sem_seg_vall')).toThrow(/Did you mean cityscapes_fine_sem_seg_val\?/)
    expect(() => datasetNamed('imagenet')).toThrow(/Known are scenes, folder, A-150, PC-59/)
    const names = datasets.flatMap((make) => [make().key, ...make().aliases].map((name) => name.toLowerCase().replace(/[-_ ]/g, '')))
    expect(new Set(names).size).toBe(names.length)
  })
  test('lists have the published lengths, one colour a class, and splits of 156/15 and 15/5', () => {
    const sizes = Object.fromEntries(datasets.map((make) => [make().aliases[0], make().classes.length]))
    expect(sizes).toEqual({
      ...{ 'A-150': 150, 'PC-59': 59, 'PC-60': 60, VOC20: 20, VOC21: 21, 'COCO-171': 171, 'COCO-27': 27 },
      ...{ 'COCO-Obj': 81, 'City-19': 19, 'City-27': 27, 'KITTI-STEP': 19, CamVid: 11, 'CamVid-test': 11 },
    })
    expect(datasetNamed('COCO-171').unseen!.names.length).toBe(15)
    expect(datasetNamed('VOC20').unseen!.names).toEqual(['pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor'])
    for (const make of datasets) {
      const { classes, asked, askedClass, nameSets } = make()
      expect(askedClass.length).toBe(asked.length)
      expect(Math.max(...askedClass)).toBe(classes.length - 1)
      for (const set of Object.values(nameSets)) expect(set.length).toBe(asked.length)
      expect(parseClasses(classes.map(({ name }) => name)).length).toBe(classes.length)
    }
  })
})
