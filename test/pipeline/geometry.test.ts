import { beforeAll, describe, expect, test } from 'vitest'
import type { Clip, Pixels } from '../../binding'
import { binding } from '../../lib/binding'
import { compute, picture, tiny } from '../helpers/native'
import { randomTensor } from '../helpers/testing'
import { load, maxDifference, randomWeights } from '../helpers/weights'

const identity = { mean: [0, 0, 0], std: [1, 1, 1], interpolation: 'bicubic' } as const
const SIDE = 32
let clip: Clip
beforeAll(async () => {
  clip = await binding().Clip.random(tiny, 1, compute, {})
})
const preprocess = (image: Pixels, options = {}) => clip.preprocess(image, { ...identity, ...options } as never, {})
const failure = (call: Promise<unknown>) => call.then(() => undefined).catch((error) => error)

/** A picture whose red channel is its row and whose green channel is its column. */
function rowsAndColumns(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) data.set([Math.floor(i / width), i % width, 0], i * 3)
  return { data, width, height }
}

describe("torchvision's rounding", () => {
  // The crop begins at round-half-to-even of (longer - 32) / 2; no resize happens, so bytes come through exactly.
  test.each([
    [32, 32, 0, 0],
    [32, 33, 0, 0],
    [32, 34, 0, 1],
    [32, 35, 0, 2],
    [32, 37, 0, 2],
    [39, 32, 4, 0],
  ])('%i x %i is cropped at column %i, row %i', async (width, height, left, top) => {
    const { data, shape } = await preprocess(rowsAndColumns(width, height))
    expect(shape).toEqual([3, SIDE, SIDE])
    expect([Math.round(data[0]! * 255), Math.round(data[SIDE * SIDE]! * 255)]).toEqual([top, left])
    expect(Math.round(data[SIDE * SIDE - 1]! * 255)).toBe(top + SIDE - 1)
  })

  test('the longer side is truncated: 48 x 95 becomes 32 x 63, so its middle row is row 15.5 to 46.5', async () => {
    // int(32 * 95 / 48) = 63 and round(31 / 2) = 16: output row r shows input row (r + 16 + .5) * 95 / 63 - .5.
    const { data } = await preprocess(rowsAndColumns(48, 95))
    for (const row of [2, 15, 30]) expect(Math.abs(data[row * SIDE]! * 255 - ((row + 16.5) * (95 / 63) - 0.5))).toBeLessThanOrEqual(1)
  })
})

describe('preprocess', () => {
  test('(x / 255 - mean) / std a channel', async () => {
    const image = { width: 1, height: 1, data: Uint8Array.of(255, 51, 0) }
    const { data } = await preprocess(image, { mean: [0.5, 0.1, 0.25], std: [0.25, 0.5, 0.125] })
    expect([data[0], data[SIDE * SIDE], data[2 * SIDE * SIDE]]).toEqual([2, expect.closeTo(0.2, 6), -2])
  })

  test('bilinear and bicubic differ', async () => {
    const [a, b] = await Promise.all([preprocess(picture(90, 70, 1)), preprocess(picture(90, 70, 1), { interpolation: 'bilinear' })])
    expect(a.data).not.toEqual(b.data)
  })

  test('a strip is refused before it is blown up', async () => {
    const image = { width: 100_000, height: 1, data: new Uint8Array(300_000) }
    expect(await failure(preprocess(image))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /ratio up to 65536 .*100000x1/)
  })

  test('a dense size beyond the limit is refused', async () => {
    const call = clip.denseFeatures(picture(8, 8), { ...identity, mean: [0, 0, 0], std: [1, 1, 1], width: 20_000, height: 20_000 }, {})
    expect(await failure(call)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /20000x20000/)
  })
})

describe('NaN is never an answer', () => {
  test('weights with a NaN: image, text, dense', async () => {
    const weights = await randomWeights(tiny, 2)
    weights.get('visual.proj')!.data[0] = Number.NaN
    weights.get('text_projection')!.data[0] = Number.POSITIVE_INFINITY
    const spoiled = await load(tiny, weights.values())
    const tokens = Int32Array.from({ length: tiny.text.contextLength }, (_, i) => (i === 3 ? 99 : 1))
    for (const call of [
      spoiled.encodePixels(randomTensor([1, 3, 32, 32], 1), { normalize: true }, {}),
      spoiled.encodeText(tokens, 1, { normalize: false, batchSize: 1 }, {}),
      spoiled.densePixels(randomTensor([3, 8, 8], 1), {}),
    ]) {
      expect(await failure(call)).toHaveCode('ERR_WORDMASK_INTERNAL', /NaN or infinity, computing in float32/)
    }
  })
})

test('dense pixels of several images are those of each alone', async () => {
  const pixels = randomTensor([3, 3, 16, 24], 4)
  const all = await clip.densePixels(pixels, {})
  expect(all.shape).toEqual([3, 2, 3, 32])
  for (let i = 0; i < 3; i++) {
    const { data } = await clip.densePixels({ data: pixels.data.slice(i * 1152, (i + 1) * 1152), shape: [3, 16, 24] }, {})
    expect(maxDifference(all.data.subarray(i * 192, (i + 1) * 192), data)).toBeLessThan(1e-6)
  }
})

test('dense pixels of a wrong shape are refused', async () => {
  expect(await failure(clip.densePixels(randomTensor([2, 8, 8], 1), {}))).toHaveCode(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    /\[3, height, width\].*\[2, 8, 8\]/,
  )
})
