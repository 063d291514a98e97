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
})
