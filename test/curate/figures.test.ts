import { describe, expect, test } from 'vitest'
import { hamming } from '../../lib/curate/near'
import { sample, seeded } from '../../lib/curate/random'
import { wilson } from '../../lib/curate/wilson'

describe("Wilson's interval", () => {
  test('46 of 50: .812 to .968 (Wilson 1927 by hand)', () => {
    const { value, low, high } = wilson(46, 50)
    expect(value).toBe(0.92)
    expect(low).toBeCloseTo(0.8116, 3)
    expect(high).toBeCloseTo(0.9685, 3)
  })

  test('all and none keep room for doubt; nothing judged says nothing', () => {
    expect(wilson(50, 50).high).toBe(1)
    expect(wilson(50, 50).low).toBeCloseTo(0.9287, 3)
    expect(wilson(0, 50).low).toBe(0)
    expect(wilson(0, 0)).toEqual({ value: Number.NaN, low: 0, high: 1 })
  })

  test('covers the truth in 93 to 97% of 2,000 samples of 50 at p = .9 (seed 5)', () => {
    const next = seeded(5)
    let covered = 0
    for (let run = 0; run < 2000; run++) {
      let right = 0
      for (let i = 0; i < 50; i++) if (next() < 0.9) right++
      const { low, high } = wilson(right, 50)
      if (low <= 0.9 && high >= 0.9) covered++
    }
    expect(covered / 2000).toBeGreaterThan(0.93)
    expect(covered / 2000).toBeLessThan(0.98)
  })
})

describe('random sample', () => {
  test('different numbers, the same for the same seed, all of them where more are asked for', () => {
    expect(sample(1000, 50, 1)).toEqual(sample(1000, 50, 1))
    expect(sample(1000, 50, 1)).not.toEqual(sample(1000, 50, 2))
    expect(new Set(sample(1000, 50, 1)).size).toBe(50)
    expect(sample(5, 50, 1).sort()).toEqual([0, 1, 2, 3, 4])
    expect(sample(0, 50, 1)).toEqual([])
  })

  test('every one of 10 is drawn first in 7 to 13% of 3,000 seeds', () => {
    const counts = new Array(10).fill(0)
    for (let seed = 0; seed < 3000; seed++) counts[sample(10, 3, seed)[0]!]++
    for (const count of counts) expect(Math.abs(count / 3000 - 0.1)).toBeLessThan(0.03)
  })
})

test('Hamming distance of hashes by hand', () => {
  expect(hamming('0000000000000000', 'ffffffffffffffff')).toBe(64)
  expect(hamming('8000000000000001', '0000000000000000')).toBe(2)
  expect(hamming('00000000f0000000', '00000000f0000000')).toBe(0)
})
