import { describe, expect, test } from 'vitest'
import { levelOf } from '../../lib/curate/null-level'
import { judge, type Looks, pValueOf, quantileOf, statistic, testsOf } from '../../lib/curate/presence'
import { seeded } from '../../lib/curate/random'
import { gumbel, normal } from '../../lib/curate/tails'

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
    expect(gumbel.quantile(0.5)).toBeCloseTo(0, 12)
    expect(gumbel.quantile(0.84)).toBeCloseTo(-1, 12)
    expect(gumbel.quantile(0.05)).toBeCloseTo((2.9702 - 0.3665) / 0.9722, 3)
    expect(gumbel.quantile(0.01)).toBeCloseTo((4.6001 - 0.3665) / 0.9722, 3)
    for (const p of [0.001, 0.05, 0.3, 0.9]) expect(gumbel.above(gumbel.quantile(p))).toBeCloseTo(p, 9)
    expect(pValueOf(3, { by: 'rivals', location: 1, scale: 2 })).toBe(gumbel.above(1))
  })
})

describe('the normal tail', () => {
  test('of the tables: 5% lie 1.644854 deviations above the middle, 1.5% 2.170090, one in a million 4.753424; a scale is .994458 of one', () => {
    const scale = 0.9944578832
    for (const [p, z] of [
      [0.5, 0],
      [0.05, 1.644_853_627],
      [0.015, 2.170_090_378],
      [1e-6, 4.753_424_309],
    ] as const) {
      // biome-ignore format: a table
      expect(normal.quantile(p)).toBeCloseTo(z / scale, 7)
      expect(normal.above(z / scale) / p).toBeCloseTo(1, 6)
    }
    expect(normal.quantile(0.84)).toBeCloseTo(-1, 9)
    expect(normal.above(-1.5) + normal.above(1.5)).toBeCloseTo(1, 12)
  })
  test('series and fraction meet at three deviations', () => {
    const at = 3 / 0.9944578832
    expect(normal.above(at - 1e-9) / normal.above(at + 1e-9)).toBeCloseTo(1, 7)
  })
})

/** Of null name i every evidence is (i - 90) / 100: by every mean their median is -.4, and the scale .34. */
const values = Array.from({ length: 101 }, (_, i) => new Array<number>(32).fill((i - 90) / 100))
const small: Looks[] = values.map((rivals) => ({ rivals, standing: [] }))
const large: Looks[] = values.map((rivals) => ({ rivals, standing: rivals }))

describe('when a name is present', () => {
  test('the level rises as fewer false alarms are asked for, and is no less than one scale where there is any rival', () => {
    const [strict, loose, floor] = [0.001, 0.02, 0.4].map((p) => levelOf(small, 100, true, p))
    const [location, scale] = [expect.closeTo(-0.4, 12), expect.closeTo(0.34, 12)]
    expect(strict!.tests).toEqual([{ by: 'rivals', count: 5, share: 1, location, scale, level: expect.any(Number) }])
    expect(strict!.tests[0]!.level).toBeCloseTo(-0.4 + gumbel.quantile(0.001) * 0.34, 12)
    expect(loose!.tests[0]!.level).toBeCloseTo(-0.4 + gumbel.quantile(0.02) * 0.34, 12)
    expect(floor!.tests[0]!.level).toBe(floor!.tests[0]!.scale)
    expect(floor!.below).toHaveLength(101)
    expect(levelOf(small, 100, false, 0.4).tests[0]!.level).toBeLessThan(0)
  })

  test.each([
    [5, [5]],
    [3000, [5]],
    [3600, [6]],
    [4200, [7, 5]],
    [12_000, [20, 5]],
    [5_000_000, [32, 5]],
  ])('of %i images by means of %j, of two the second by how far they stand out', (images, counts) => {
    const tests = testsOf(counts.length === 1 ? small : large, images, true, 0.05)
    expect(tests.map(({ count }) => count)).toEqual(counts)
    expect(tests.map(({ by }) => by)).toEqual(['rivals', 'standing'].slice(0, counts.length))
    expect(tests.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(counts.length === 1 ? 1 : 0.8, 12)
  })

  test('of 12,000 images by hand: twenty that beat their rivals, or five that stand out; five that beat them are not enough', () => {
    const tests = testsOf(large, 12_000, true, 0.05)
    const [many, few] = tests.map(({ level }) => level) as [number, number]
    expect(many).toBeCloseTo(-0.4 + gumbel.quantile(0.03) * 0.34, 12)
    // Below the median .34, above it .34 as well.
    expect(few).toBeCloseTo(-0.4 + normal.quantile(0.01) * 0.34, 12)
    const of = (count: number, evidence: number) => [
      ...new Array<number>(count).fill(evidence),
      ...new Array<number>(32 - count).fill(-0.4),
    ]
    const byRivals = (count: number, evidence: number) => judge(tests, { rivals: of(count, evidence), standing: of(0, 0) })
    const byStanding = (count: number, evidence: number) => judge(tests, { rivals: of(0, 0), standing: of(count, evidence) })
    const near = (value: number) => expect.closeTo(value, 12)
    const pValue = expect.any(Number)
    expect(byRivals(20, many + 0.01)).toEqual({ by: 'rivals', present: true, statistic: near(many + 0.01), level: many, pValue })
    expect(byRivals(20, many + 0.01).pValue).toBeLessThan(0.05)
    expect(byRivals(20, many - 0.01)).toMatchObject({ present: false, level: many })
    expect(byRivals(5, many + 0.01)).toMatchObject({ present: false })
    expect(byStanding(5, few + 0.01)).toEqual({ by: 'standing', present: true, statistic: near(few + 0.01), level: few, pValue })
    expect(byStanding(5, few + 0.01).pValue).toBeLessThan(0.05)
    expect(byStanding(5, few - 0.01)).toMatchObject({ present: false })
    expect(byStanding(5, few - 0.01).pValue).toBeGreaterThan(0.05)
    expect(judge(tests, { rivals: [9, 9, 9], standing: [] })).toMatchObject({
      present: false,
      statistic: Number.NEGATIVE_INFINITY,
      pValue: 1,
    })
  })

  test('of 2,000 names of noise no more are called present than 5% (seed 7)', () => {
    const next = seeded(7)
    // The 32 largest of very many exponential values, less what they have in common: Rényi's spacings.
    const noise = () => {
      let at = 0
      return Array.from({ length: 32 }, (_, i) => (at -= Math.log(1 - next()) / (32 - i)))
    }
    const name = (): Looks => ({ rivals: noise(), standing: noise() })
    const tests = testsOf(Array.from({ length: 2000 }, name), 20_000, false, 0.05)
    const alarms = Array.from({ length: 2000 }, () => judge(tests, name())).filter(({ present }) => present).length
    expect(alarms / 2000).toBeLessThanOrEqual(0.055)
    expect(alarms).toBeGreaterThan(0)
  })
})
