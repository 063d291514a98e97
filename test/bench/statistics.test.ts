import { describe, expect, test } from 'vitest'
import { harness } from './load'

const { difference, figures, pairedRatios, quantile, straightLine } = await harness('statistics')

describe('figures', () => {
  test('median and spread of 1 2 3 4 5 by hand: quartiles 2 and 4, so half their distance over the median is 1/3', () => {
    expect(figures([5, 3, 1, 4, 2])).toEqual({ median: 3, spread: 1 / 3, count: 5 })
  })
  test('an even count lies between the two in the middle; equal values do not spread; one value is its own median', () => {
    expect(figures([1, 2, 3, 10]).median).toBe(2.5)
    expect(figures([7, 7, 7])).toEqual({ median: 7, spread: 0, count: 3 })
    expect(figures([4])).toEqual({ median: 4, spread: 0, count: 1 })
  })
  test('one slow turn among nine moves neither the median nor the spread', () => {
    expect(figures([1, 1, 1, 1, 1, 1, 1, 1, 50])).toEqual({ median: 1, spread: 0, count: 9 })
  })
  test('zeros have no spread; no values at all are refused', () => {
    expect(figures([0, 0]).spread).toBe(0)
    expect(() => figures([])).toThrow(/no values/)
    expect(quantile([1, 3], 0.25)).toBe(1.5)
  })
})

describe('pairedRatios', () => {
  test('each turn of B over the mean of its neighbours', () => {
    expect(pairedRatios([1, 3, 1], [4, 6])).toEqual([2, 3])
  })
  test('a machine that slows down evenly changes nothing: B takes twice the time of A throughout', () => {
    const time = (turn: number) => 1 + 0.1 * turn
    const a = [0, 2, 4, 6].map(time)
    const b = [1, 3, 5].map((turn) => 2 * time(turn))
    for (const ratio of pairedRatios(a, b)) expect(ratio).toBeCloseTo(2, 12)
  })
  test('a run that does not end with A is refused', () => {
    expect(() => pairedRatios([1, 2], [1, 2])).toThrow(/2 and 2/)
  })
})

describe('straightLine', () => {
  test('2 + 3x is found exactly', () => {
    const { offset, slope, worst } = straightLine([1, 10, 1000].map((x) => ({ x, y: 2 + 3 * x })))
    expect([offset, slope]).toEqual([expect.closeTo(2, 6), expect.closeTo(3, 9)])
    expect(worst).toBeLessThan(1e-9)
  })
  test('a parabola is not a line, and neither end is given up for the other', () => {
    expect(straightLine([1, 2, 4, 8, 16].map((x) => ({ x, y: x * x }))).worst).toBeGreaterThan(0.3)
  })
  test('one point is refused', () => {
    expect(() => straightLine([{ x: 1, y: 1 }])).toThrow(/two points/)
  })
})

describe('difference', () => {
  test('3 4 against 3 0 by hand: 4/3 off, cosine 3/5, half of the values equal', () => {
    expect(difference([3, 4], [3, 0])).toEqual({ relative: 4 / 3, cosine: 0.6, equal: 0.5 })
  })
  test('equal results, zeros among them', () => {
    expect(difference([0, 0], [0, 0])).toEqual({ relative: 0, cosine: 1, equal: 1 })
  })
  test('results of different lengths are refused', () => {
    expect(() => difference([1], [1, 2])).toThrow(/1 and 2/)
  })
})
