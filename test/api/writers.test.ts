import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { decodeImage } from '../../lib/image/decode'
import { readLabelMap } from '../../lib/image/labels'
import { compressRuns } from '../../lib/segmenter/rle'
import { Scores } from '../../lib/segmenter/scores'
import { Segmentation } from '../../lib/segmenter/segmentation'
import { parseClasses } from '../../lib/text/classes'
import { fileNames, writeCutouts } from '../../lib/write/cutouts'
import { labelColors, writeLabelMap } from '../../lib/write/label-map'
import { drawLegend } from '../../lib/write/legend'
import { writeOverlay } from '../../lib/write/overlay'
import { noise, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const classes = parseClasses([{ name: 'fox', color: '#ff8000', id: 5 }, 'grass'])

/** 4 x 3 pixels: background above, fox left, grass right, a fox pixel apart. */
const labels = Uint8Array.from([0, 0, 0, 1, 1, 1, 2, 2, 1, 2, 2, 2])
const protocol = { orient: true, temperature: 100 } as never
const scores = new Scores([{ data: new Float32Array(4), shape: [1, 2, 2] }], 100)
const small = new Segmentation({ labels, width: 4, height: 3, counts: [3, 4, 5] }, scores, classes, { names: ['sky'] }, protocol)
const image = noise(4, 3)

describe('writeLabelMap', () => {
  test('a palette file: indices come back, colours are the classes own, background is black', async () => {
    const file = join(folder, 'new', 'labels.png')
    await writeLabelMap(file, small)
    const { labels: read, width, height, palette } = await readLabelMap(file)
    expect([width, height, ...read]).toEqual([4, 3, ...labels])
    expect(palette!.slice(0, 3)).toEqual([
      [0, 0, 0],
      [255, 128, 0],
      [0, 128, 0],
    ])
    expect(palette![255]).toEqual([224, 224, 192])
    expect((await sharp(file).metadata()).isPalette).toBe(true)
    expect(await readdir(join(folder, 'new'))).toEqual(['labels.png'])
  })

  test('without background class 0 has label 0 and its own colour', () => {
    expect(labelColors({ classes, firstLabel: 0 }).slice(0, 2)).toEqual([
      [255, 128, 0],
      [0, 128, 0],
    ])
  })

  test('values that do not fit a byte are 16-bit grey', async () => {
    const file = join(folder, 'deep.png')
    const many = parseClasses(Array.from({ length: 300 }, (_, i) => `thing ${i}`))
    await writeLabelMap(file, { labels: Uint16Array.from([0, 299, 256, 7]), width: 2, height: 2, classes: many, firstLabel: 0 })
    expect([...(await readLabelMap(file)).labels]).toEqual([0, 299, 256, 7])
    expect((await sharp(file).metadata()).depth).toBe('ushort')
  })

  test('a place that cannot be written to is an error with a code, and leaves nothing', async () => {
    await writeFile(join(folder, 'taken'), '')
    await expect(writeLabelMap(join(folder, 'taken', 'labels.png'), small)).rejects.toHaveCode('ERR_WORDMASK_IO', /taken/)
  })
})

describe('writeOverlay', () => {
  test('background pixels stay, class pixels are mixed half and half, lines between classes are darker', async () => {
    const wide = { data: noise(400, 300).data, width: 400, height: 300, channels: 3 as const }
    const left = Uint8Array.from({ length: 400 * 300 }, (_, i) => (i % 400 < 100 ? 0 : i % 400 < 200 ? 1 : 2))
    const s = new Segmentation(
      { labels: left, width: 400, height: 300, counts: [30_000, 30_000, 60_000] },
      scores,
      classes,
      { names: ['sky'] },
      protocol,
    )
    const file = join(folder, 'overlay.png')
    await writeOverlay(file, wide, s)
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.channels]).toEqual([400, 3])
    expect(info.height).toBeGreaterThan(300)
    const at = (x: number, y: number) => [...data.subarray((y * 400 + x) * 3, (y * 400 + x) * 3 + 3)]
    const source = (x: number, y: number) => [...wide.data.subarray((y * 400 + x) * 3, (y * 400 + x) * 3 + 3)]
    expect(at(50, 10)).toEqual(source(50, 10))
    expect(at(150, 10)).toEqual(source(150, 10).map((value, c) => Math.floor((value + [255, 128, 0][c]!) / 2)))
    expect(at(99, 10)).toEqual(source(99, 10).map((value) => Math.floor(value * 0.4)))
    // The legend: white paper, the colour of the first entry (the largest class), dark letters.
    const strip = data.subarray(400 * 300 * 3)
    const count = (color: number[]) =>
      strip.reduce((n, _, i) => n + (i % 3 === 0 && color.every((value, c) => strip[i + c] === value) ? 1 : 0), 0)
    expect(count([255, 255, 255])).toBeGreaterThan(strip.length / 3 / 2)
    expect(count([255, 128, 0])).toBeGreaterThan(50)
    expect(count([0, 128, 0])).toBeGreaterThan(50)
  })

  test('lines between classes and letters grow with the picture, which is looked at as a whole', async () => {
    const [width, height, at] = [1800, 1200, 900]
    const halves = Uint8Array.from({ length: width * height }, (_, i) => (i % width < at ? 1 : 2))
    const white = { data: new Uint8Array(width * height * 3).fill(250), width, height, channels: 3 as const }
    const counts = [height * at, height * (width - at)]
    const s = new Segmentation({ labels: halves, width, height, counts: [0, ...counts] }, scores, classes, { names: ['sky'] }, protocol)
    const file = join(folder, 'large.png')
    await writeOverlay(file, white, s)
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
    const dark = (x: number) => (data[(5 * width + x) * 3] as number) < 125
    expect([at - 3, at - 2, at - 1, at].map(dark)).toEqual([false, true, true, false])
    // A row of letters of a sixtieth of the width, and paper around it.
    expect(info.height - height).toBeGreaterThan(60)
  })

  test('a tall strip of a pixel is written at a size that one can open, beside white paper', async () => {
    const labels = new Uint8Array(30_000)
    const s = new Segmentation({ labels, width: 1, height: 30_000, counts: [30_000, 0] }, scores, classes, undefined, protocol)
    const file = join(folder, 'strip.png')
    await writeOverlay(file, noise(1, 30_000), s)
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height > 30_000, info.height < 30_200]).toEqual([320, true, true])
    expect([...data.subarray(3, 6)]).toEqual([255, 255, 255])
  })

  test('small pictures are enlarged in whole steps; without legend the size is that of the picture', async () => {
    const file = join(folder, 'small.png')
    await writeOverlay(file, image, small, { legend: false, opacity: 0 })
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([320, 240])
    expect([...data.subarray(0, 3)]).toEqual([...image.data.subarray(0, 3)])
  })

  test('an image of another size, or an opacity that is none, is refused', async () => {
    await expect(writeOverlay(join(folder, 'x.png'), noise(5, 3), small)).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /4 x 3.*5 x 3/,
    )
    await expect(writeOverlay(join(folder, 'x.png'), image, small, { opacity: 3 })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /opacity/,
    )
  })

  test('legends: more entries take more rows, long names and markup fit', async () => {
    const entry = (name: string) => ({ name, color: [9, 9, 9] as const, share: 0.5 })
    const one = await drawLegend([entry('fox')], 320)
    const twelve = await drawLegend(
      Array.from({ length: 12 }, (_, i) => entry(`thing ${i}`)),
      320,
    )
    expect(twelve.height).toBeGreaterThan(one.height * 2)
    const odd = await drawLegend([entry('<script>&"\''), entry('x'.repeat(5000)), entry('日本語')], 320)
    expect(odd.data.length).toBe(320 * odd.height * 3)
    expect((await drawLegend([], 40)).width).toBe(40)
  })
})

describe('writeCutouts', () => {
  test('one transparent PNG a mask, cropped to it; several of a class are numbered', async () => {
    const at = join(folder, 'cut')
    await mkdir(at)
    const masks = [
      {
        class: 'fox',
        classIndex: 0,
        id: 5,
        score: 1,
        area: 3,
        bbox: [0, 1, 2, 2],
        rle: { size: [3, 4], counts: compressRuns([1, 2, 1, 1, 7]) },
      },
      { class: 'fox', classIndex: 0, id: 5, score: 1, area: 1, bbox: [3, 0, 1, 1], rle: { size: [3, 4], counts: compressRuns([9, 1, 2]) } },
    ] as never
    const files = await writeCutouts(at, image, small, masks)
    expect(files).toEqual([join(at, 'fox-1.png'), join(at, 'fox-2.png')])
    const { data, info } = await sharp(files[0]!).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, info.channels]).toEqual([2, 2, 4])
    expect([3, 7, 11, 15].map((i) => data[i])).toEqual([255, 255, 255, 0])
    expect([...data.subarray(4, 7)]).toEqual([...image.data.subarray((4 + 1) * 3, (4 + 1) * 3 + 3)])
  })

  test('masks of another image, of no image, or that lie about their box are refused, and nothing is written', async () => {
    const at = join(folder, 'lies')
    const good = {
      class: 'fox',
      classIndex: 0,
      id: 5,
      score: 1,
      area: 3,
      bbox: [0, 1, 2, 2],
      rle: { size: [3, 4], counts: compressRuns([1, 2, 1, 1, 7]) },
    }
    const lies: object[] = [
      { bbox: [0, 0, 0, 0] },
      { bbox: [3, 0, 2, 1] },
      { bbox: [0, 0, 1, 1] },
      { bbox: [0, 1, 1e9, 1e9] },
      { bbox: [0, -1, 2, 2] },
      { bbox: [0.5, 1, 2, 2] },
      { classIndex: 2 },
      { classIndex: '0' },
      { rle: { size: [4, 3], counts: good.rle.counts } },
      { rle: { size: [3, 4], counts: compressRuns([1, 2, 1, 1, 8]) } },
      { rle: { size: [3, 4], counts: 'nonsense ~' } },
      { rle: undefined },
    ]
    for (const lie of lies)
      await expect(writeCutouts(at, image, small, [{ ...good, ...lie }] as never), JSON.stringify(lie)).rejects.toHaveCode(
        'ERR_WORDMASK_INVALID_ARGUMENT',
      )
    await expect(readdir(at)).rejects.toThrow(/ENOENT/)
    expect(await writeCutouts(at, image, small, [good] as never)).toHaveLength(1)
  })

  test('names become file names that every system takes, and stay apart', () => {
    expect(fileNames(['fox', 'a/b', '..', 'Fox', 'wooden floor', 'CON:1', '日本'])).toEqual([
      'fox',
      'a_b',
      'class',
      'Fox (2)',
      'wooden floor',
      'CON_1',
      '日本',
    ])
  })
})

test('what is no segmentation and options nobody knows are refused by name', async () => {
  const call = (work: Promise<unknown>) => work.catch((error: unknown) => error)
  expect(await call(writeLabelMap('x.png', undefined as never))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /segmentation/)
  const short = { labels: new Uint8Array(3), width: 2, height: 2, classes: [], firstLabel: 0 as const }
  expect(await call(writeLabelMap('x.png', short))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /2 x 2 labels.*received 3/)
  const pixel = { data: Uint8Array.from([1, 2, 3]), width: 1, height: 1, channels: 3 as const }
  expect(await call(writeOverlay('x.png', pixel, short as never, { opacityy: 1 } as never))).toHaveCode(
    'ERR_WORDMASK_UNKNOWN_OPTION',
    /opacity/,
  )
  expect(await call(decodeImage(pixel, { maxPixels: 'x' } as never))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /maxPixels/)
  expect(await call(decodeImage(pixel, { oriennt: true } as never))).toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /orient/)
})
