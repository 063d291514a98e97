import { afterAll, describe, expect, test } from 'vitest'
import { type LabelMapOptions, randomTensor, tensor, testing } from '../helpers/testing'

const labels = (shape: number[], values: number[], options: LabelMapOptions) => [
  ...testing().labelMap(tensor(shape, values), options, false),
]

describe('label_map by hand', () => {
  // Class 0 rises from 0 to 1 over two cells: 0, .25, .75, 1 at four half-pixel centres.
  test('two cells to four pixels: 0, .25, .75, 1 against a constant .5', () => {
    expect(labels([1, 2, 2], [0, 0.5, 1, 0.5], { height: 1, width: 4 })).toEqual([1, 1, 0, 0])
  })

  test('the same down a column, three rows alike', () => {
    expect(labels([2, 1, 2], [0, 0.5, 1, 0.5], { height: 4, width: 3 })).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
  })

  test('a tie at .25 goes to the first class, whichever that is', () => {
    expect(labels([1, 2, 2], [0, 0.25, 1, 0.25], { height: 1, width: 4 })).toEqual([1, 0, 0, 0])
    expect(labels([1, 2, 2], [0.25, 0, 0.25, 1], { height: 1, width: 4 })).toEqual([0, 0, 1, 1])
  })

  test.each([2, 15, 16, 17, 33, 100])('%i equal classes give class 0 everywhere', (classes) => {
    const values = Array.from({ length: 6 * classes }, (_, i) => Math.floor(i / classes) / 7)
    expect(new Set(labels([2, 3, classes], values, { height: 5, width: 7 }))).toEqual(new Set([0]))
  })

  test.each([0, 1, 15, 16, 17, 31, 32, 49])('of two best classes %i and 49 the first wins', (first) => {
    const values = Array.from({ length: 50 }, (_, t) => (t === first || t === 49 ? 1 : 0))
    expect(labels([1, 1, 50], values, { height: 1, width: 1 })).toEqual([first])
  })

  test('scores below zero have a best class too', () => {
    expect(labels([1, 1, 3], [-5, -2, -3], { height: 1, width: 2 })).toEqual([1, 1])
  })

  test('an extent of 1.5 of 2 cells: centres at -.25 (clamped), .25 and .75', () => {
    expect(labels([1, 2, 2], [0, 0.2, 1, 0.2], { height: 1, width: 3, extentW: 1.5 })).toEqual([1, 0, 0])
    expect(labels([1, 2, 2], [0, 0.5, 1, 0.5], { height: 1, width: 3, extentW: 1.5 })).toEqual([1, 1, 0])
  })

  test('an extent beyond the grid goes on with its last cell', () => {
    expect(labels([1, 2, 2], [0, 0.5, 1, 0.5], { height: 1, width: 4, extentW: 4 })).toEqual([1, 0, 0, 0])
  })

  test('softmax of two equal scores is .5: below .51, not below .5', () => {
    expect(labels([1, 1, 2], [3, 3], { height: 1, width: 1, threshold: 0.51 })).toEqual([-1])
    expect(labels([1, 1, 2], [3, 3], { height: 1, width: 1, threshold: 0.5 })).toEqual([0])
  })

  test('temperature sharpens: 1 / (1 + exp(-1)) = .731 at 10 x .1', () => {
    const at = (threshold: number) => labels([1, 1, 2], [0.1, 0.2], { height: 1, width: 1, temperature: 10, threshold })
    expect(at(0.73)).toEqual([1])
    expect(at(0.732)).toEqual([-1])
  })

  test('no pixels, no labels', () => {
    expect(labels([1, 1, 2], [0, 1], { height: 0, width: 5 })).toEqual([])
  })
})

const cases = [
  { h: 1, w: 1, classes: 1, height: 3, width: 5 },
  { h: 3, w: 5, classes: 7, height: 24, width: 40 },
  { h: 7, w: 4, classes: 16, height: 33, width: 61 },
  { h: 6, w: 9, classes: 97, height: 96, width: 131 },
  { h: 12, w: 12, classes: 300, height: 5, width: 4 },
  { h: 5, w: 6, classes: 20, height: 37, width: 45, extentH: 4.3, extentW: 5.7 },
  { h: 5, w: 6, classes: 20, height: 37, width: 45, temperature: 4, threshold: 0.2 },
  { h: 5, w: 6, classes: 200, height: 37, width: 45, temperature: 60, threshold: 0.3 },
].map((item, i) => ({
  ...item,
  seed: 100 + i,
  name: Object.entries({ ...item, seed: 100 + i })
    .map(([key, value]) => `${key}=${value}`)
    .join(' '),
}))

describe('label_map against its float64 reference', () => {
  test.each(cases)('$name', ({ h, w, classes, seed, ...options }) => {
    const scores = randomTensor([h, w, classes], seed)
    const exact = testing().labelMapReference(scores, options)
    const labels = testing().labelMap(scores, options, false)
    expect(labels.length).toBe(options.height * options.width)
    // Two roundings of a lerp of values below 1: another label is right only where the two scores are that close.
    const rounding = 4 * 2 ** -23
    const decided = new Set<number>()
    for (let i = 0; i < labels.length; i++) {
      decided.add(labels[i]!)
      if (labels[i] === exact.labels[i]) continue
      const pixel = exact.scores.subarray(i * classes, (i + 1) * classes)
      const best = Math.max(...pixel)
      if (labels[i]! >= 0 && exact.labels[i]! >= 0) expect(best - pixel[labels[i]!]!, `pixel ${i}`).toBeLessThanOrEqual(rounding)
      else {
        const sum = pixel.reduce((total, score) => total + Math.exp(options.temperature! * (score - best)), 0)
        expect(Math.abs(1 / sum - options.threshold!), `pixel ${i}`).toBeLessThan(1e-5)
      }
    }
    if (classes > 1) expect(decided.size).toBeGreaterThan(1)
  })

  test.each(cases)('strided scores give the same bits: $name', ({ h, w, classes, seed, ...options }) => {
    const scores = randomTensor([h, w, classes], seed)
    expect(testing().labelMap(scores, options, true)).toEqual(testing().labelMap(scores, options, false))
  })
})

describe('a product of two grids', () => {
  test('by hand: .5 at the left and .5 at the right against 1 and 0, interpolated apart', () => {
    // Class 0: 1, .75, .25, 0 times .5; class 1: .3 throughout.
    const options = { height: 1, width: 4, factor: tensor([1, 1, 2], [0.5, 0.3]) }
    expect(labels([1, 2, 2], [1, 1, 0, 1], options)).toEqual([0, 0, 1, 1])
  })

  test('negative scores: a product of two of them is positive', () => {
    expect(labels([1, 1, 2], [-2, 1], { height: 2, width: 9, factor: tensor([1, 1, 2], [-2, 3]) })).toEqual(Array(18).fill(0))
  })

  test.each([
    { h: 3, w: 5, classes: 7, height: 24, width: 40, fh: 2, fw: 2 },
    { h: 6, w: 9, classes: 97, height: 96, width: 131, fh: 4, fw: 13 },
    { h: 5, w: 6, classes: 20, height: 37, width: 45, extentW: 5.7, fh: 7, fw: 3, factorExtentW: 2.2 },
    { h: 5, w: 6, classes: 40, height: 37, width: 45, fh: 7, fw: 3, temperature: 9, threshold: 0.3 },
  ])('$h x $w and $fh x $fw cells, $classes classes to $height x $width, threshold $threshold', ({ h, w, classes, fh, fw, ...given }) => {
    const scores = randomTensor([h, w, classes], 31)
    const options = { ...given, factor: randomTensor([fh, fw, classes], 32) }
    const exact = testing().labelMapReference(scores, options)
    const ours = testing().labelMap(scores, options, false)
    for (let i = 0; i < ours.length; i++) {
      if (ours[i] === exact.labels[i]) continue
      const pixel = exact.scores.subarray(i * classes, (i + 1) * classes)
      const best = Math.max(...pixel)
      if (ours[i]! >= 0 && exact.labels[i]! >= 0) expect(best - pixel[ours[i]!]!, `pixel ${i}`).toBeLessThanOrEqual(2 ** -20)
      else {
        const sum = pixel.reduce((total, score) => total + Math.exp(given.temperature! * (score - best)), 0)
        expect(Math.abs(1 / sum - given.threshold!), `pixel ${i}`).toBeLessThan(1e-5)
      }
    }
  })
})

describe('label_scores', () => {
  test('by hand: three classes at one pixel, the best two and the sum of exponentials', () => {
    const { labels, values, sums } = testing().labelScores(tensor([1, 1, 3], [0, 2, 1]), 2, { height: 1, width: 1 })
    expect([[...labels], [...values]]).toEqual([
      [1, 2],
      [2, 1],
    ])
    expect(sums[0]!).toBeCloseTo(1 + Math.exp(-1) + Math.exp(-2), 6)
  })

  test('of equal scores the first classes come first, at one pixel and along a stretch', () => {
    const { labels } = testing().labelScores(tensor([1, 2, 4], [1, 1, 1, 1, 1, 1, 1, 1]), 3, { height: 1, width: 12 })
    expect([...labels]).toEqual(Array(12).fill([0, 1, 2]).flat())
  })

  test.each([
    { h: 3, w: 5, classes: 7, height: 24, width: 40, k: 1, temperature: 1 },
    { h: 3, w: 5, classes: 7, height: 24, width: 40, k: 7, temperature: 3 },
    { h: 7, w: 4, classes: 171, height: 61, width: 33, k: 5, temperature: 40 },
    { h: 4, w: 4, classes: 33, height: 20, width: 20, k: 3, temperature: 100, factor: 5 },
    { h: 9, w: 9, classes: 12, height: 5, width: 4, k: 4, temperature: -1 },
  ])('$h x $w cells, $classes classes to $height x $width, k $k, temperature $temperature', ({ h, w, classes, k, factor, ...size }) => {
    const scores = randomTensor([h, w, classes], 41)
    const options = { ...size, ...(factor ? { factor: randomTensor([factor, factor, classes], 42) } : {}) }
    const exact = testing().labelMapReference(scores, options)
    const ours = testing().labelScores(scores, k, options)
    for (let i = 0; i < size.height * size.width; i++) {
      const pixel = exact.scores.subarray(i * classes, (i + 1) * classes)
      const sorted = Float64Array.from(pixel).sort().reverse()
      const chosen = ours.labels.subarray(i * k, (i + 1) * k)
      expect(new Set(chosen).size).toBe(k)
      for (let j = 0; j < k; j++) {
        expect(Math.abs(ours.values[i * k + j]! - sorted[j]!), `pixel ${i}, place ${j}`).toBeLessThanOrEqual(2 ** -20)
        expect(Math.abs(pixel[chosen[j]!]! - sorted[j]!), `pixel ${i}, place ${j}`).toBeLessThanOrEqual(2 ** -20)
      }
      const sum = pixel.reduce((total, score) => total + Math.exp(size.temperature * (score - sorted[0]!)), 0)
      // An error of 2^-21 in each of two scores, by the temperature; and what the terms below e^-30 make.
      expect(Math.abs(ours.sums[i]! / sum - 1), `sum at pixel ${i}`).toBeLessThan(2e-6 + Math.abs(size.temperature) * 2 ** -20)
    }
  })
})

describe('label_map on threads', () => {
  afterAll(() => testing().setThreads(1))

  test('a parallel loop of this build runs on two threads', () => {
    testing().setThreads(2)
    expect(testing().parallelThreads()).toBe(2)
  })

  test('one and two threads give the same labels', () => {
    const scores = randomTensor([9, 11, 50], 7)
    const options = { height: 100, width: 120 }
    testing().setThreads(1)
    const one = testing().labelMap(scores, options, false)
    testing().setThreads(2)
    expect(testing().labelMap(scores, options, false)).toEqual(one)
  })
})

describe('BAD CALL - label_map', () => {
  const call = (shape: number[], options: LabelMapOptions) => {
    try {
      testing().labelMap(randomTensor(shape, 1), options, false)
    } catch (error) {
      return error
    }
    return undefined
  }

  test('scores of two dimensions', () => {
    expect(call([4, 4], { height: 1, width: 1 })).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /\[h, w, T\].*\[4, 4\]/)
  })

  test('no classes', () => {
    expect(call([2, 2, 0], { height: 1, width: 1 })).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /\[2, 2, 0\]/)
  })

  test('a negative size', () => {
    expect(call([2, 2, 1], { height: -1, width: 1 })).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /1x-1/)
  })

  test('a threshold above 1', () => {
    expect(call([2, 2, 1], { height: 1, width: 1, threshold: 1.5 })).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /1\.5/)
  })

  test('a factor of other classes, k beyond the classes, an endless extent', () => {
    const code = 'ERR_WORDMASK_INVALID_ARGUMENT'
    expect(call([2, 2, 3], { height: 1, width: 1, factor: randomTensor([1, 1, 2], 1) })).toHaveCode(
      code,
      /same classes.*\[2, 2, 3\].*\[1, 1, 2\]/,
    )
    expect(() => testing().labelScores(randomTensor([2, 2, 3], 1), 4, { height: 1, width: 1 })).toThrow(
      /k from 1 to 3 classes but received 4/,
    )
    expect(call([2, 2, 3], { height: 1, width: 1, extentH: -1 })).toHaveCode(code, /extents >= 0 but received -1/)
  })
})
