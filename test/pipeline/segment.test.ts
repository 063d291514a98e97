import { beforeAll, describe, expect, test } from 'vitest'
import type { Clip, Float32Tensor } from '../../binding'
import { binding } from '../../lib/binding'
import { compute, picture, resize, tiny } from '../helpers/native'
import { classMinor, type SegmentOptions, segment as segmentImage } from '../helpers/segment'
import { randomTensor } from '../helpers/testing'
import { maxDifference } from '../helpers/weights'

let clip: Clip
beforeAll(async () => {
  clip = await binding().Clip.random(tiny, 11, compute, {})
})

function text(classes: number, seed = 1): Float32Tensor {
  const { data, shape } = randomTensor([classes, 32], seed)
  for (let row = 0; row < classes; row++) {
    const values = data.subarray(row * 32, (row + 1) * 32)
    const norm = Math.hypot(...values)
    for (let i = 0; i < 32; i++) values[i]! /= norm
  }
  return { data, shape }
}

const options = (overrides: Partial<SegmentOptions> = {}): SegmentOptions => ({
  ...resize,
  width: 64,
  height: 48,
  background: { kind: 'none' },
  classes: 5,
  ...overrides,
})
const image = picture(131, 90, 2)
const segment = (vectors: Float32Tensor, overrides: Partial<SegmentOptions> = {}) => segmentImage(clip, image, vectors, options(overrides))

describe('segment', () => {
  test('the grid holds the cosines of dense features and text', async () => {
    const vectors = text(5)
    const { grid } = await segment(vectors)
    const dense = await clip.denseFeatures(image, { ...resize, width: 64, height: 48 }, {})
    expect(grid.shape).toEqual([5, 6, 8])
    for (const [t, y, x] of [
      [0, 0, 0],
      [4, 5, 7],
      [2, 3, 1],
    ] as const) {
      const cell = dense.data.subarray((y * 8 + x) * 32, (y * 8 + x + 1) * 32)
      const cosine = cell.reduce((sum, value, i) => sum + value * vectors.data[t * 32 + i]!, 0)
      expect(grid.data[(t * 6 + y) * 8 + x]).toBeCloseTo(cosine, 5)
    }
  })

  test('labels are the argmax of the upsampled grid, the size of the image', async () => {
    const { labels, grid, width, height, counts } = await segment(text(5))
    const { data } = await binding().upsample([classMinor(grid)], 131, 90, {})
    expect([width, height, labels.length, labels.constructor]).toEqual([131, 90, 131 * 90, Uint8Array])
    const tally = Array(5).fill(0)
    for (let i = 0; i < labels.length; i++) {
      tally[labels[i]!]++
      const scores = Array.from({ length: 5 }, (_, t) => data[t * labels.length + i]!)
      expect(Math.max(...scores) - scores[labels[i]!]!).toBeLessThan(1e-6)
    }
    expect(counts).toEqual(tally)
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1)
  })

  test('padding right and below does not shift the map: a cell covers its own pixels', async () => {
    // 60 x 44 pixels are 7.5 x 5.5 cells. Seen at 8 pixels a cell, the labels agree with nearest cells nearly everywhere.
    const { labels, grid } = await segment(text(5), { width: 60, height: 44 })
    expect(grid.shape).toEqual([5, 6, 8])
    const { data } = await binding().upsample([classMinor(grid)], 8 * 20, 6 * 20, {})
    let agree = 0
    for (let y = 0; y < 90; y++) {
      for (let x = 0; x < 131; x++) {
        const at = Math.floor(((y + 0.5) / 90) * 5.5 * 20) * 160 + Math.floor(((x + 0.5) / 131) * 7.5 * 20)
        const scores = Array.from({ length: 5 }, (_, t) => data[t * 160 * 120 + at]!)
        if (scores.indexOf(Math.max(...scores)) === labels[y * 131 + x]) agree++
      }
    }
    expect(agree / labels.length).toBeGreaterThan(0.97)
  })

  test('background names: class i is i + 1, any name beyond is 0', async () => {
    const vectors = text(7)
    const all = await segment(vectors, { classes: 7 })
    const named = await segment(vectors, { classes: 4, background: { kind: 'names' } })
    expect(named.grid.shape[0]).toBe(7)
    expect([...named.labels]).toEqual([...all.labels].map((label) => (label < 4 ? label + 1 : 0)))
    expect(named.counts).toEqual([all.counts[4]! + all.counts[5]! + all.counts[6]!, ...all.counts.slice(0, 4)])
  })

  test('threshold: 0 keeps every pixel, and more fall to the background the higher it is', async () => {
    const vectors = text(5)
    const background = async (threshold: number, temperature = 100) =>
      (await segment(vectors, { background: { kind: 'threshold', threshold, temperature } })).counts[0]!
    const [none, some, more, all] = [await background(0), await background(0.6), await background(0.9), await background(0.9, 0.1)]
    expect(none).toBe(0)
    expect(some).toBeGreaterThan(0)
    expect(more).toBeGreaterThan(some)
    expect(all, 'at temperature .1 five classes are nearly equal').toBe(131 * 90)
  })

  test('more than 255 labels take two bytes', async () => {
    expect((await segment(text(255), { classes: 255 })).labels).toBeInstanceOf(Uint8Array)
    expect(
      (await segment(text(255), { classes: 255, background: { kind: 'threshold', threshold: 0.1, temperature: 100 } })).labels,
    ).toBeInstanceOf(Uint16Array)
    expect((await segment(text(300), { classes: 300 })).labels).toBeInstanceOf(Uint16Array)
  })

  test('1,000 names at 1024 x 1024 stay under 1 GB', async () => {
    const before = process.resourceUsage().maxRSS
    const large = picture(1024, 1024, 1)
    const result = await segmentImage(clip, large, text(1000), options({ width: 512, height: 512, classes: 1000 }))
    expect(result.labels.length).toBe(1024 * 1024)
    expect((process.resourceUsage().maxRSS - before) / 2 ** 20).toBeLessThan(1)
  })
})

describe('sliding windows', () => {
  const dense = (slide?: { crop: number; stride: number }) => clip.denseFeatures(image, { ...resize, width: 64, height: 48, slide }, {})

  test('one window that covers everything is the whole image', async () => {
    expect(maxDifference((await dense({ crop: 64, stride: 64 })).data, (await dense()).data)).toBeLessThan(1e-6)
  })

  test('windows side by side are those windows alone', async () => {
    const { data, shape } = await dense({ crop: 16, stride: 16 })
    expect(shape).toEqual([6, 8, 32])
    const whole = await dense()
    expect(maxDifference(data, whole.data)).toBeGreaterThan(1e-3)
    for (let cell = 0; cell < data.length; cell += 32) expect(Math.hypot(...data.subarray(cell, cell + 32))).toBeCloseTo(1, 5)
  })

  test('overlaps are averaged: each cell lies between what its windows say', async () => {
    const [overlapping, apart] = [await dense({ crop: 32, stride: 16 }), await dense({ crop: 32, stride: 32 })]
    // The upper left 2 x 2 cells are seen by the first window alone in both.
    for (const cell of [0, 1, 8, 9]) {
      expect(
        maxDifference(overlapping.data.subarray(cell * 32, cell * 32 + 32), apart.data.subarray(cell * 32, cell * 32 + 32)),
      ).toBeLessThan(1e-5)
    }
    expect(maxDifference(overlapping.data, apart.data)).toBeGreaterThan(1e-3)
  })

  test.each([
    [12, 8],
    [16, 12],
    [16, 24],
    [16, 0],
  ])('BAD CALL - crop %i, stride %i with patch 8', async (crop, stride) => {
    expect(await dense({ crop, stride }).catch((error) => error)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /stride/)
  })
})

describe('BAD CALL - segment', () => {
  test.each([
    ['rows of another width', { data: new Float32Array(10), shape: [5, 2] }, {}, /\[classes, 32\].*\[5, 2\]/],
    ['fewer rows than classes', text(4), {}, /scores of 5 names but received those of 4/],
    ['background names without a row', text(5), { background: { kind: 'names' } }, /5 \+ at least 1 names/],
  ] as [string, Float32Tensor, Partial<SegmentOptions>, RegExp][])('%s', async (_, vectors, overrides, message) => {
    expect(await segment(vectors, overrides).catch((error) => error)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})

describe('label grids', () => {
  const grid = (values: number[], shape: number[], extents = {}) => ({ data: Float32Array.from(values), shape, ...extents })
  const label = (grids: Parameters<ReturnType<typeof binding>['labelGrids']>[0], overrides = {}) =>
    binding().labelGrids(grids, { width: 1, height: 1, classes: 2, background: { kind: 'none' }, ...overrides }, {})

  test('ReCo, by hand: (cos to reference, cos to text) = (.5, .20) and (.2, .25): the first wins, though its text is the lesser', async () => {
    const features = { data: Float32Array.of(1, 0, 0), shape: [1, 1, 3] }
    const rows = (a: number, b: number) => ({
      data: Float32Array.of(a, Math.sqrt(1 - a * a), 0, b, 0, Math.sqrt(1 - b * b)),
      shape: [2, 3],
    })
    const references = await binding().scoreFeatures(features, rows(0.5, 0.2), { sigmoid: 1 }, {})
    const texts = await binding().scoreFeatures(features, rows(0.2, 0.25), { sigmoid: 10 }, {})
    const { data } = await binding().upsample([references, texts], 1, 1, {})
    expect([data[0], data[1]]).toEqual([expect.closeTo(0.54826, 5), expect.closeTo(0.50812, 5)])
    expect([...(await label([references, texts])).labels]).toEqual([0])
    expect([...(await label([texts])).labels]).toEqual([1])
  })

  test('two grids are multiplied pixel by pixel, each over its own extent', async () => {
    const [a, b] = [grid([0.2, 0.6, 0.9, 0.3, 0.5, 0.1], [1, 3, 2], { extentW: 2.5 }), grid([0.7, 0.4, 0.2, 0.8], [2, 1, 2])]
    const [first, second, product] = await Promise.all([[a], [b], [a, b]].map((grids) => binding().upsample(grids, 5, 4, {})))
    product!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(first!.data[i]! * second!.data[i]!, 6)
    })
    const { labels } = await label([a, b], { width: 5, height: 4 })
    expect([...labels]).toEqual(Array.from({ length: 20 }, (_, i) => Number(product!.data[20 + i]! > product!.data[i]!)))
  })

  test('an extent moves the cells: 2.5 of 3 cells lie under 5 pixels, so pixel 4 is seen halfway between the last centres', async () => {
    const { data } = await binding().upsample([grid([0, 1, 3], [1, 3, 1], { extentW: 2.5 })], 5, 1, {})
    expect([...data].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0, 0.25, 0.75, 1.5, 2.5])
  })

  test('a threshold without a temperature is asked of the score itself: one name alone has a background', async () => {
    const alone = grid([0.3, 0.5, 0.7], [1, 3, 1])
    const background = { kind: 'threshold', threshold: 0.5 }
    expect([...(await label([alone], { width: 3, classes: 1, background })).labels]).toEqual([0, 1, 1])
    expect([...(await label([alone], { width: 3, classes: 1, background: { ...background, temperature: 1 } })).labels]).toEqual([1, 1, 1])
  })

  test.each([
    ['no grid', []],
    ['three grids', [grid([1, 2], [1, 1, 2]), grid([1, 2], [1, 1, 2]), grid([1, 2], [1, 1, 2])]],
    ['grids of other names', [grid([1, 2], [1, 1, 2]), grid([1], [1, 1, 1])]],
  ])('BAD CALL - %s', async (_, grids) => {
    await expect(label(grids)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
  })

  test.each([
    ['a feature of length 0', [1, 0, 0, 0], /length above 0/],
    ['NaN', [1, 0, Number.NaN, 0], /finite features/],
  ])('BAD CALL - %s is told, never answered', async (_, values, message) => {
    const rows = { data: Float32Array.of(1, 0), shape: [1, 2] }
    const features = { data: Float32Array.from(values), shape: [1, 2, 2] }
    await expect(binding().scoreFeatures(features, rows, {}, {})).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})

describe('upsample', () => {
  test('2 -> 4 cells: 0, .25, .75, 1', async () => {
    const { data, shape } = await binding().upsample([{ data: Float32Array.of(0, 1), shape: [1, 2, 1] }], 4, 2, {})
    expect([shape, [...data]]).toEqual([
      [1, 2, 4],
      [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1],
    ])
  })

  test('sigmoid before interpolation, as ReCo: midpoint of cosines 0 and .6 is .7488, not .9526', async () => {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-10 * x))
    const grid = { data: Float32Array.of(sigmoid(0), sigmoid(0.6)), shape: [1, 2, 1] }
    const { data } = await binding().upsample([grid], 1, 1, {})
    expect(data[0]).toBeCloseTo(0.7488, 4)
  })
})
