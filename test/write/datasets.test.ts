import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { readLabelMap } from '../../lib/image/labels'
import { parseClasses } from '../../lib/text/classes'
import { writeCsv } from '../../lib/write/csv'
import { cvatColors, writeCvat } from '../../lib/write/cvat'
import { labelStudioConfig, writeLabelStudio } from '../../lib/write/label-studio'
import { writeVoc } from '../../lib/write/voc'
import { writeYolo } from '../../lib/write/yolo'
import { temporaryFolder } from '../api/tiny-clip'
import { segmentationOf } from './pictures'

const folder = await temporaryFolder()
const names = [{ name: 'fox', color: '#ff8000' }, 'grass']
/** 4 x 3 pixels: background above, fox left, grass right, a fox pixel apart. */
const small = segmentationOf([0, 0, 0, 1, 1, 1, 2, 2, 1, 2, 2, 2], 4, 3, names, true)
const { classes } = small
const text = (...parts: string[]) => readFile(join(folder, ...parts), 'utf8')

describe('VOC and CVAT', () => {
  test('files, lists and values, by hand', async () => {
    const masks = await small.masks({ instances: true })
    await writeVoc(join(folder, 'voc'), classes, [{ name: 'deep/a', segmentation: small, masks }])
    expect((await readdir(join(folder, 'voc'), { recursive: true })).filter((file) => /\./.test(file)).sort()).toEqual([
      'ImageSets/Segmentation/default.txt',
      'SegmentationClass/deep/a.png',
      'SegmentationObject/deep/a.png',
      'labelmap.txt',
    ])
    expect(await text('voc/ImageSets/Segmentation/default.txt')).toBe('deep/a\n')
    expect(await text('voc/labelmap.txt')).toBe('# label:color_rgb:parts:actions\nbackground:0,0,0::\nfox:128,0,0::\ngrass:0,128,0::\n')
    const classMap = await readLabelMap(join(folder, 'voc/SegmentationClass/deep/a.png'))
    expect([...classMap.labels]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 1, 2, 2, 2])
    const objects = await readLabelMap(join(folder, 'voc/SegmentationObject/deep/a.png'))
    expect([...objects.labels]).toEqual([0, 0, 0, 1, 2, 2, 3, 3, 2, 3, 3, 3])
  })

  test('without a background classes begin at 1 all the same', async () => {
    const full = segmentationOf([0, 1, 1, 0], 2, 2, names)
    await writeVoc(join(folder, 'full'), classes, [{ name: 'a', segmentation: full }])
    expect([...(await readLabelMap(join(folder, 'full/SegmentationClass/a.png'))).labels]).toEqual([1, 2, 2, 1])
    expect(await readdir(join(folder, 'full'))).not.toContain('SegmentationObject')
  })

  test("CVAT: the classes' own colours, in the label map and the file; none is black, none is there twice", async () => {
    await writeCvat(join(folder, 'cvat'), classes, [{ name: 'a', segmentation: small }])
    expect(await text('cvat/labelmap.txt')).toMatch(/fox:255,128,0::\ngrass:0,128,0::/)
    expect((await readLabelMap(join(folder, 'cvat/SegmentationClass/a.png'))).palette!.slice(0, 3)).toEqual([
      [0, 0, 0],
      [255, 128, 0],
      [0, 128, 0],
    ])
    const alike = parseClasses(Array.from({ length: 254 }, (_, i) => ({ name: `thing ${i}`, color: i % 2 ? '#000000' : '#0000ff' })))
    const colors = cvatColors(alike)
    expect(new Set(colors.map(String)).size).toBe(255)
    expect(colors.slice(0, 2)).toEqual([
      [0, 0, 0],
      [0, 0, 255],
    ])
  })

  test('a class named background does not collide with the one of the format', async () => {
    await writeVoc(join(folder, 'named'), parseClasses(['background']), [])
    expect(await text('named/labelmap.txt')).toMatch(/unlabelled:0,0,0::\nbackground:128,0,0::/)
  })

  test('what the format cannot hold is refused, and names that climb out of the folder', async () => {
    const many = parseClasses(Array.from({ length: 255 }, (_, i) => `thing ${i}`))
    const voc = (given: typeof classes, images: unknown) => writeVoc(join(folder, 'bad'), given, images as never)
    await expect(voc(many, [])).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /254.*255/)
    await expect(voc(parseClasses(['a:b']), [])).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /':'.*a:b/)
    for (const name of ['../a', '/a', 'a//b', 'a\nb', '', 3])
      await expect(voc(classes, [{ name, segmentation: small }])).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /images\[0\]\.name/)
    const mask = (await small.masks())[0]!
    const crowd = [{ name: 'a', segmentation: small, masks: new Array(255).fill(mask) }]
    await expect(voc(classes, crowd)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /254 objects.*minArea.*255/)
  })
})

describe('YOLO', () => {
  test('a line a piece, coordinates as shares; small pieces are left out; an empty image has an empty file', async () => {
    const images = [
      { file_name: 'deep/a.b.jpg', width: 4, height: 3, masks: await small.masks() },
      { file_name: 'none.png', width: 9, height: 9, masks: [] },
    ]
    await writeYolo(join(folder, 'yolo'), classes, images)
    const lines = (await text('yolo/labels/deep/a.b.txt')).trim().split('\n')
    expect(lines.map((line) => line[0])).toEqual(['0', '0', '1'])
    expect(lines[0]).toBe('0 0.78125 0.041667 0.96875 0.041667 0.96875 0.291667 0.78125 0.291667')
    expect(await text('yolo/labels/none.txt')).toBe('')
    expect(await text('yolo/data.yaml')).toMatch(/^train: images\nval: images\nnames:\n {2}0: "fox"\n {2}1: "grass"\n$/m)
    await writeYolo(join(folder, 'yolo'), classes, images, { minArea: 2 })
    expect((await text('yolo/labels/deep/a.b.txt')).trim().split('\n')).toHaveLength(2)
  })

  test('BAD CALL: options nobody knows, file names that climb out', async () => {
    await expect(writeYolo('x', classes, [], { minarea: 1 } as never)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /minArea/)
    const out = [{ file_name: '../x.png', width: 1, height: 1, masks: [] }]
    await expect(writeYolo(join(folder, 'bad'), classes, out)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /file_name/)
  })
})

describe('Label Studio', () => {
  test('the labelling setup escapes names and gives colours', () => {
    expect(labelStudioConfig(parseClasses([{ name: '"a" & <b>', color: '#0a0b0c' }]))).toBe(
      '<View>\n  <Image name="image" value="$image" zoom="true"/>\n  <BrushLabels name="tag" toName="image">\n' +
        '    <Label value="&quot;a&quot; &amp; &lt;b&gt;" background="#0a0b0c"/>\n  </BrushLabels>\n</View>\n',
    )
  })

  test('tasks: the address of the image is escaped part by part; no image is an empty list; no mask an empty result', async () => {
    const file = join(folder, 'tasks.json')
    await writeLabelStudio(file, classes, [])
    expect(JSON.parse(await text('tasks.json'))).toEqual([])
    const image = { file_name: 'deep/a b#1.jpg', width: 2, height: 2, masks: [] }
    await writeLabelStudio(file, classes, [image, image], { imagePrefix: 's3://bucket/', modelVersion: 'fox 1' })
    const task = {
      data: { image: 's3://bucket/deep/a%20b%231.jpg' },
      predictions: [{ model_version: 'fox 1', score: 0, result: [] }],
    }
    expect(JSON.parse(await text('tasks.json'))).toEqual([task, task])
  })
})

describe('CSV', () => {
  test('a row an image and class, or a mask; names are quoted where they must be', async () => {
    const masks = await small.masks({ instances: true })
    const file_name = 'a, "b".jpg'
    await writeCsv(join(folder, 'a.csv'), parseClasses(['fox', 'grass', 'sky']), [{ file_name, width: 4, height: 3, masks }])
    const rows = parse(await text('a.csv'), { columns: true }) as Record<string, string>[]
    expect(rows.map(({ class: name, present, area, x, y, width, height }) => [name, present, area, x, y, width, height].join(' '))).toEqual(
      ['fox 1 1 3 0 1 1', 'fox 1 3 0 1 2 2', 'grass 1 5 1 1 3 2', 'sky 0 0    '],
    )
    expect(rows.map((row) => row.file)).toEqual(new Array(4).fill(file_name))
    expect(Number(rows[0]!.score)).toBeCloseTo(masks[0]!.score, 5)
    expect(rows[3]!.score).toBe('')
  })
})

test('what the images throw comes back as it is, and no file is left half written', async () => {
  await mkdir(join(folder, 'broken'))
  const own = new Error('mine')
  async function* images() {
    yield { file_name: 'a.jpg', width: 4, height: 3, masks: await small.masks() }
    throw own
  }
  await expect(writeCsv(join(folder, 'broken', 'a.csv'), classes, images())).rejects.toBe(own)
  await expect(writeLabelStudio(join(folder, 'broken', 'a.json'), classes, images())).rejects.toBe(own)
  expect(await readdir(join(folder, 'broken'))).toEqual([])
})
