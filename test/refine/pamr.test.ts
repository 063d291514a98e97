import { afterAll, describe, expect, test } from 'vitest'
import { tensor, testing } from '../helpers/testing'
import { largestDifference, pamr, problem } from './cases'

const refined = (volume: ReturnType<typeof tensor>, rgb: Uint8Array, options = pamr) => testing().refineVolume(volume, rgb, options).values

describe('PAMR by hand', () => {
  test('one colour: a pixel becomes the mean of its eight neighbours, those beyond the border moved to it', () => {
    const volume = tensor([3, 3, 1], [0, 0, 0, 0, 8, 0, 0, 0, 0])
    const values = refined(volume, new Uint8Array(27).fill(100), { ...pamr, iterations: 1, dilations: [1] })
    // The corner sees the centre once, an edge once, the centre itself not at all.
    expect([...values].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1])
  })

  test('two colours: a neighbour of the other colour weighs exp(-difference / (0.1 sd)) of one of the same', () => {
    // Pixels 0, 0, 255, 255; those of pixel 1: three of 0 (left), two of 0 (itself, above and below), three of 255 (right).
    const rgb = Uint8Array.from([0, 0, 255, 255].flatMap((grey) => [grey, grey, grey]))
    const values = refined(tensor([1, 4, 1], [0, 0, 1, 1]), rgb, { ...pamr, iterations: 1, dilations: [1] })
    const deviation = Math.sqrt((9 / 8) * (1 / 3) * (2 / 3)) // of 3 ones among 9
    const other = Math.exp(-1 / (0.1 * deviation))
    expect(values[1]).toBeCloseTo((3 * other) / (3 * other + 5), 6)
    expect(values[2]).toBeCloseTo(5 / (3 * other + 5), 6)
  })

  test('no iterations: nothing changes; probabilities keep summing to 1', () => {
    const { probabilities, rgb } = problem(7, 9, 5, 1)
    expect(refined(probabilities, rgb, { ...pamr, iterations: 0 })).toEqual(probabilities.data)
    const values = refined(probabilities, rgb)
    for (let row = 0; row < values.length; row += 5) expect(values.slice(row, row + 5).reduce((a, b) => a + b)).toBeCloseTo(1, 5)
  })

  test('no pixels: empty', () => expect(refined(tensor([0, 4, 2], []), new Uint8Array(0))).toHaveLength(0))
})

describe('PAMR against its formula in float64', () => {
  test.each(
    [
      [1, 1, 3],
      [1, 60, 2],
      [55, 1, 4],
      [20, 30, 1],
      [61, 64, 2],
      [13, 11, 21],
      [5, 6, 171],
    ].map(([height, width, labels], i) => ({ height: height!, width: width!, labels: labels!, seed: 20 + i })),
  )('$height x $width pixels, $labels labels', ({ height, width, labels, seed }) => {
    const { probabilities, rgb } = problem(height, width, labels, seed)
    expect(largestDifference(refined(probabilities, rgb), testing().refineReference(probabilities, rgb, pamr, 'exact'))).toBeLessThan(1e-5)
  })

  test('a mistake shows: a dilation less, an iteration less', () => {
    const { probabilities, rgb } = problem(20, 30, 3, 23)
    const reference = testing().refineReference(probabilities, rgb, pamr, 'exact')
    for (const wrong of [
      { ...pamr, dilations: [1, 2, 4, 8, 12] },
      { ...pamr, iterations: 9 },
    ])
      expect(largestDifference(refined(probabilities, rgb, wrong), reference)).toBeGreaterThan(1e-3)
  })
})

describe('PAMR, threads and cancelling', () => {
  afterAll(() => testing().setThreads(1))

  test('one and two threads give the same bits', () => {
    const { probabilities, rgb } = problem(50, 60, 37, 9)
    const [one, ...others] = [1, 2].map((threads) => {
      testing().setThreads(threads)
      return refined(probabilities, rgb, { ...pamr, iterations: 3 })
    })
    for (const other of others) expect(other).toEqual(one)
  })

  test('progress counts iterations; a call cancelled in one ends before the next', () => {
    const { probabilities, rgb } = problem(20, 20, 3, 5)
    expect([...testing().refineVolume(probabilities, rgb, pamr).progress]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(() => testing().refineVolume(probabilities, rgb, pamr, 3)).toThrow(/aborted/)
  })
})

describe('BAD CALL - PAMR', () => {
  const { probabilities, rgb } = problem(4, 5, 3, 6)
  const call = (options: typeof pamr) => {
    try {
      refined(probabilities, rgb, options)
    } catch (error) {
      return error
    }
    return undefined
  }

  test('no dilations, too many, one of 0', () => {
    const invalid = 'ERR_WORDMASK_INVALID_ARGUMENT'
    expect(call({ ...pamr, dilations: [] })).toHaveCode(invalid, /1 to 64 dilations.*0/)
    expect(call({ ...pamr, dilations: Array(65).fill(1) })).toHaveCode(invalid, /65/)
    expect(() => refined(probabilities, rgb, { ...pamr, dilations: [0] })).toThrow(/dilations/)
  })

  test('more memory than allowed: the message says how much it takes', () => {
    expect(call({ ...pamr, maxBytes: 1000 })).toHaveCode('ERR_WORDMASK_MEMORY', /5x4 pixels and 3 labels takes [\d.e-]+ GB/)
  })
})
