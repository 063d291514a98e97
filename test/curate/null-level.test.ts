import { describe, expect, test } from 'vitest'
import {
  estimatedPrecision,
  imageLevel,
  NullLevel,
  pValueOf,
  quantileOf,
  statistic,
  upperQuantile,
  upperTail,
} from '../../lib/curate/null-level'
import { memorySource, randomUnits, row } from './memory'

describe('figures of the null level', () => {
  test('statistic: the mean of the five largest; fewer say nothing', () => {
    expect(statistic([1, 9, 2, 8, 3, 7, 4])).toBeCloseTo((9 + 8 + 7 + 4 + 3) / 5, 12)
    expect(statistic([1, 2, 3, 4])).toBe(Number.NEGATIVE_INFINITY)
  })

  test('quantiles by hand', () => {
    const sorted = Float64Array.of(0, 10, 20, 30, 40)
    expect([0, 0.16, 0.5, 1].map((q) => quantileOf(sorted, q))).toEqual([0, 6.4, 20, 40])
  })

  test('the normal tail of the tables: 1.645 leaves 5%, 2.326 leaves 1%', () => {
    expect(upperTail(0)).toBeCloseTo(0.5, 6)
    expect(upperTail(1.644854)).toBeCloseTo(0.05, 6)
    expect(upperTail(-1.644854)).toBeCloseTo(0.95, 6)
    expect(upperQuantile(0.01)).toBeCloseTo(2.326348, 4)
    expect(pValueOf(3, { location: 1, scale: 2 })).toBeCloseTo(upperTail(1), 12)
  })
})

describe('evidence', () => {
  const axis = (i: number) => [0, 1, 2, 3].map((j) => (j === i ? 1 : 0))
  const rows = Array.from({ length: 20 }, (_, i) => row(`r${i}`))
  const source = memorySource(rows, randomUnits(20, 4, 1))
  const nulls = Float32Array.from(randomUnits(16, 4, 2).flat())

  test('by hand: cosine .6 with the class, .8 with the other: .6 - .8 / 2; of one class alone its cosine', async () => {
    const vector = Float32Array.of(0.6, 0.8, 0, 0)
    const two = await NullLevel.fit(
      source,
      { names: Float32Array.from([...axis(0), ...axis(1)]), bank: new Float32Array(0), nulls, logitScale: 30 },
      0.01,
    )
    expect((await two.evidence(0, vector))[0]).toBeCloseTo(0.2, 6)
    expect((await two.evidence(1, vector))[0]).toBeCloseTo(0.5, 6)
    const one = await NullLevel.fit(source, { names: Float32Array.from(axis(0)), bank: new Float32Array(0), nulls, logitScale: 30 }, 0.01)
    expect((await one.evidence(0, vector))[0]).toBeCloseTo(0.6, 6)
  })

  test('by hand: of two others of the bank the log of the mean, (1 + e^-t) / 2', async () => {
    const names = Float32Array.from(axis(0))
    const bank = Float32Array.from([...axis(1), ...axis(2)])
    const level = await NullLevel.fit(source, { names, bank, nulls, logitScale: 10 }, 0.01)
    const [value] = await level.evidence(0, Float32Array.of(0, 1, 0, 0))
    expect(value).toBeCloseTo(-(1 + Math.log((1 + Math.exp(-10)) / 2) / 10) / 2, 6)
  })

  test('the level rises as fewer false alarms are asked for', async () => {
    const texts = { names: Float32Array.from(axis(0)), bank: new Float32Array(0), nulls, logitScale: 30 }
    const [strict, loose] = [await NullLevel.fit(source, texts, 0.001), await NullLevel.fit(source, texts, 0.1)]
    expect(strict.of(0).level).toBeGreaterThan(loose.of(0).level)
    expect(strict.of(0).location).toBe(loose.of(0).location)
  })

  test('images by hand: null names have .5 and nothing more; of .9 .8 .45 .3 the first two, of 20 more all above .3', () => {
    const level = { level: 0.6, location: 0, scale: 1, below: [[0.5, 0.35], [0.1]] }
    expect(imageLevel(level, [0.9, 0.8, 0.45, 0.3])).toBe(0.8)
    const many = Array.from({ length: 20 }, (_, i) => 0.9 - i / 100)
    expect(imageLevel(level, [...many, 0.45, 0.3])).toBe(0.3)
    expect(imageLevel({ ...level, below: [[0.95], [0.95]] }, [0.9, 0.8])).toBe(Number.POSITIVE_INFINITY)
  })

  test('estimated precision by hand: null names have 2 and 0 images above .5, the class 10: 1 - 1 / 10', () => {
    const level = { level: 0.6, location: 0, scale: 1, below: [[0.55, 0.5, 0.4], [0.1]] }
    expect(estimatedPrecision(level, 0.5, 10)).toBeCloseTo(0.9, 12)
    expect(estimatedPrecision(level, 0.5, 1)).toBe(0)
    expect(estimatedPrecision({ ...level, below: [] }, 0.5, 10)).toBe(1)
  })

  test('of names that mean nothing at most 1 in 20 is called present at the default: 100 of them on 500 rows (seed 4)', async () => {
    const dim = 24
    const many = memorySource(
      Array.from({ length: 500 }, (_, i) => row(`r${i}`)),
      randomUnits(500, dim, 3),
    )
    const names = Float32Array.from(randomUnits(100, dim, 4).flat())
    const words = Float32Array.from(randomUnits(128, dim, 5).flat())
    const level = await NullLevel.fit(many, { names, bank: new Float32Array(0), nulls: words, logitScale: 30 }, 0.01)
    let alarms = 0
    const { rows: best, k } = await many.top(names, 32)
    for (let i = 0; i < 100; i++) {
      const vectors = await many.vectors(Array.from(best.subarray(i * k, (i + 1) * k)))
      const evidence = await level.evidence(i, vectors)
      if (statistic(evidence) >= level.of(i).level) alarms++
    }
    expect(alarms).toBeLessThanOrEqual(5)
  })
})
