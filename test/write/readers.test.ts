import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeCoco } from '../../lib/write/coco'
import { writeCvat } from '../../lib/write/cvat'
import { writeLabelStudio } from '../../lib/write/label-studio'
import { writeVoc } from '../../lib/write/voc'
import { writeYolo } from '../../lib/write/yolo'
import { temporaryFolder } from '../api/tiny-clip'
import { withReaders } from '../helpers/readers'
import { blobs, cocoImage, type Picture, pixelsOf, segmentationOf } from './pictures'

const readers = withReaders()
const folder = await temporaryFolder()
const classes = [{ name: 'red fox', color: '#ff8000', id: 7 }, 'grass', { name: 'ж <sky>', color: '#000000' }]
/** With a background, and without; one in a folder of its own. */
const pictures: Picture[] = []
const labelsOf = (index: number) => pictures[index]!.segmentation.labels

beforeAll(async () => {
  for (const [i, name] of ['one', 'deep/two'].entries()) {
    const [w, h] = [40 + i, 31]
    const segmentation = segmentationOf(blobs(w, h, i === 0 ? 4 : 3, 11 + i), w, h, classes, i === 0)
    pictures.push({ name, segmentation, masks: await segmentation.masks({ instances: true, minArea: 12 }) })
  }
})

/** Class (1 and on, 0 background) of every pixel. */
const classMap = (index: number) => Array.from(labelsOf(index), (label) => label + 1 - pictures[index]!.segmentation.firstLabel)
const wholeMasks = async () => Promise.all(pictures.map(async (one) => ({ ...one, masks: await one.segmentation.masks() })))

describe('what the public tools read is what was written', () => {
  test('COCO: pycocotools gives every pixel its category id', async ({ skip }) => {
    skip(!readers.read, readers.missing)
    const file = join(folder, 'coco.json')
    await writeCoco(file, pictures[0]!.segmentation.classes, (await wholeMasks()).map(cocoImage))
    const ids = [0, 7, 2, 3]
    const read = readers.read!('test/write/read_coco.py', file)
    expect(read['one.png']).toEqual(classMap(0).map((value) => ids[value]))
    expect(read['deep/two.png']).toEqual(classMap(1).map((value) => ids[value]))
  })

  test('VOC: datumaro gives classes and objects, Pillow the indices; colours are those of VOC', async ({ skip }) => {
    skip(!readers.read, readers.missing)
    const into = join(folder, 'voc')
    await writeVoc(into, pictures[0]!.segmentation.classes, pictures)
    const { names, colors, items, indices } = readers.read!('test/write/read_voc.py', into)
    expect(names).toEqual(['background', 'red fox', 'grass', 'ж <sky>'])
    expect(Object.values(colors).slice(0, 4)).toEqual([
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [128, 128, 0],
    ])
    for (const [i, { name, masks }] of pictures.entries()) {
      expect(indices[name]).toEqual({ mode: 'P', values: classMap(i) })
      expect(objects(items[name].filter(({ group }: any) => group > 0))).toEqual(masks.map((mask) => `${mask.class}: ${mask.area}`).sort())
    }
  })

  test('VOC without objects: a mask a class, pixel by pixel', async ({ skip }) => {
    skip(!readers.read, readers.missing)
    const into = join(folder, 'voc-classes')
    await writeVoc(
      into,
      pictures[0]!.segmentation.classes,
      pictures.map(({ name, segmentation }) => ({ name, segmentation })),
    )
    const { items } = readers.read!('test/write/read_voc.py', into)
    expectClasses(items)
  })

  test('CVAT: its layout read with the colours of labelmap.txt; black and taken colours are replaced', async ({ skip }) => {
    skip(!readers.read, readers.missing)
    const into = join(folder, 'cvat')
    await writeCvat(
      into,
      pictures[0]!.segmentation.classes,
      pictures.map(({ name, segmentation }) => ({ name, segmentation })),
    )
    const { names, colors, items } = readers.read!('test/write/read_voc.py', into)
    expect(names).toEqual(['background', 'red fox', 'grass', 'ж <sky>'])
    expect(colors).toMatchObject({ 'red fox': [255, 128, 0], grass: [0, 128, 0], 'ж <sky>': [128, 0, 0] })
    expectClasses(items)
  })

  test("Label Studio: its SDK's decoder gives every mask", async ({ skip }) => {
    skip(!readers.read, readers.missing)
    const file = join(folder, 'label-studio.json')
    await writeLabelStudio(file, pictures[0]!.segmentation.classes, (await wholeMasks()).map(cocoImage))
    const read = readers.read!('test/write/read_label_studio.py', file)
    expect(read.map(({ image }: any) => image)).toEqual(['/data/local-files/?d=one.png', '/data/local-files/?d=deep/two.png'])
    for (const [i, { segmentation }] of pictures.entries()) {
      const masks = await segmentation.masks()
      expect(read[i].masks).toEqual(
        masks.map(({ class: label, classIndex, score }) => ({ label, score, mask: pixelsOf(classMap(i), classIndex + 1) })),
      )
    }
  })

  test('YOLO: ultralytics takes the labels without a word and its rasteriser gives every mask, pixel by pixel', async ({ skip }) => {
    skip(!readers.read, readers.missing)
    const into = join(folder, 'yolo')
    await writeYolo(into, pictures[0]!.segmentation.classes, (await wholeMasks()).map(cocoImage))
    const files: string[] = []
    for (const { name, segmentation } of pictures) {
      const image = join(folder, `${name.replace('/', '-')}.png`)
      const { width, height } = segmentation
      await sharp({ create: { width, height, channels: 3, background: '#808080' } })
        .png()
        .toFile(image)
      files.push(image, join(into, 'labels', `${name}.txt`))
    }
    const { names, train, images } = readers.read!('test/write/read_yolo.py', into, '3', ...files)
    expect([names, train]).toEqual([{ 0: 'red fox', 1: 'grass', 2: 'ж <sky>' }, 'images'])
    for (const [i, { segmentation }] of pictures.entries()) {
      const drawn = new Array(segmentation.width * segmentation.height).fill(0)
      for (const row of images[i]) {
        for (const [at, bit] of row.mask.entries()) if (bit === 1) drawn[at] += drawn[at] === 0 ? row.class + 1 : 100
      }
      expect(drawn).toEqual(classMap(i))
    }
  })
})

function expectClasses(items: Record<string, { label: string; mask: number[] }[]>): void {
  for (const [i, { name, segmentation }] of pictures.entries()) {
    const masks = items[name]!.filter(({ label }) => label !== 'background')
    expect(masks).toHaveLength(3)
    for (const [index, { name: label }] of segmentation.classes.entries())
      expect(masks.find((mask) => mask.label === label)?.mask).toEqual(pixelsOf(classMap(i), index + 1))
  }
}

const objects = (masks: { label: string; mask: number[] }[]) =>
  masks.map(({ label, mask }) => `${label}: ${mask.filter((bit) => bit === 1).length}`).sort()
