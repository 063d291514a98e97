import { describe, expect, test } from 'vitest'
import { levelOf } from '../../lib/curate/null-level'
import { judge, pValueOf, quantileOf, statistic, testsOf, upperQuantile, upperTail } from '../../lib/curate/presence'
import { seeded } from '../../lib/curate/random'

describe('figures of presence', () => {
  test('statistic: the mean of the largest; fewer than asked for say nothing', () => {
    expect(statistic([1, 9, 2, 8, 3, 7, 4], 5)).toBeCloseTo((9 + 8 + 7 + 4 + 3) / 5, 12)
    expect(statistic([1, 9, 2, 8], 2)).toBe(8.5)
    expect(statistic([1, 2, 3, 4], 5)).toBe(Number.NEGATIVE_INFINITY)
  })

  test('quantiles by hand', () => {
    const sorted = Float64Array.of(0, 10, 20, 30, 40)
    expect([0, 0.16, 0.5, 1].map((q) => quantileOf(sorted, q))).toEqual([0, 6.4, 20, 40])
  })

  test("Gumbel's quantiles of the tables: half lies above .3665, 5% above 2.9702, 1% above 4.6001; the scale is .3665 + .6057", () => {
    expect(upperQuantile(0.5)).toBeCloseTo(0, 12)
    expect(upperQuantile(0.84)).toBeCloseTo(-1, 12)
    expect(upperQuantile(0.05)).toBeCloseTo((2.9702 - 0.3665) / 0.9722, 3)
    expect(upperQuantile(0.01)).toBeCloseTo((4.6001 - 0.3665) / 0.9722, 3)
    for (const p of [0.001, 0.05, 0.3, 0.9]) expect(upperTail(upperQuantile(p))).toBeCloseTo(p, 9)
    expect(pValueOf(3, { location: 1, scale: 2 })).toBe(upperTail(1))
  })
})

/** Of null name i every evidence is (i - 90) / 100: by every mean their median is -.4, and the scale .34. */
const even = Array.from({ length: 101 }, (_, i) => new Array(32).fill((i - 90) / 100))

describe('when a name is present', () => {
  test('the level rises as fewer false alarms are asked for, and is no less than one scale where there is any rival', () => {
    const [strict, loose, floor] = [0.001, 0.02, 0.4].map((p) => levelOf(even, 100, true, p))
    expect(strict!.tests).toEqual([
      { count: 5, share: 1, location: expect.closeTo(-0.4, 12), scale: expect.closeTo(0.34, 12), level: expect.any(Number) },
    ])
    expect(strict!.tests[0]!.level).toBeCloseTo(-0.4 + upperQuantile(0.001) * 0.34, 12)
    expect(loose!.tests[0]!.level).toBeCloseTo(-0.4 + upperQuantile(0.02) * 0.34, 12)
    expect(floor!.tests[0]!.level).toBe(floor!.tests[0]!.scale)
    expect(floor!.below).toHaveLength(101)
    expect(levelOf(even, 100, false, 0.4).tests[0]!.level).toBeLessThan(0)
  })

  test.each([
    [5, [5]],
    [3000, [5]],
    [3600, [6, 5]],
    [12_000, [20, 5]],
    [20_000, [32, 5]],
    [5_000_000, [32, 5]],
  ])('of %i images by means of %j', (images, counts) => {
    expect(testsOf(even, images, true, 0.05).map(({ count }) => count)).toEqual(counts)
  })

  test('of 12,000 images by hand: twenty that fit well, or five that stand out; five that fit well are not enough', () => {
    const tests = testsOf(even, 12_000, true, 0.05)
    const [many, few] = tests.map(({ level }) => level) as [number, number]
    expect(many).toBeCloseTo(-0.4 + upperQuantile(0.05) * 0.34, 12)
    expect(few).toBeCloseTo(-0.4 + upperQuantile(0.005) * 0.34, 12)
    const of = (count: number, evidence: number) => judge(tests, [...new Array(count).fill(evidence), ...new Array(32 - count).fill(-0.4)])
    expect(of(20, many + 0.01)).toEqual({
      present: true,
      statistic: expect.closeTo(many + 0.01, 12),
      level: many,
      pValue: expect.any(Number),
    })
    expect(of(20, many + 0.01).pValue).toBeLessThan(0.05)
    expect(of(20, many - 0.01)).toMatchObject({ present: false, level: many })
    expect(of(5, few + 0.01)).toMatchObject({ present: true, statistic: expect.closeTo(few + 0.01, 12), level: few })
    expect(of(5, few + 0.01).pValue).toBeLessThan(0.05)
    expect(of(5, few - 0.01)).toMatchObject({ present: false })
    expect(of(5, few - 0.01).pValue).toBeGreaterThan(0.05)
    expect(judge(tests, [9, 9, 9])).toEqual({ present: false, statistic: Number.NEGATIVE_INFINITY, level: expect.any(Number), pValue: 1 })
  })

  test('of 2,000 names of noise no more are called present than 5% and a tenth of that (seed 7)', () => {
    const next = seeded(7)
    // The 32 largest of very many exponential values, less what they have in common: Rényi's spacings.
    const name = () => {
      let at = 0
      return Array.from({ length: 32 }, (_, i) => (at -= Math.log(1 - next()) / (32 - i)))
    }
    const tests = testsOf(Array.from({ length: 2000 }, name), 20_000, false, 0.05)
    const alarms = Array.from({ length: 2000 }, () => judge(tests, name())).filter(({ present }) => present).length
    expect(alarms / 2000).toBeLessThanOrEqual(0.055)
    expect(alarms).toBeGreaterThan(0)
  })
})
