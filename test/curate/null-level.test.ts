import { describe, expect, test } from 'vitest'
import { estimatedPrecision, imageLevel, NullLevel } from '../../lib/curate/null-level'
import { judge } from '../../lib/curate/presence'
import { Rivals } from '../../lib/curate/rivals'
import { memorySource, randomUnits, row } from './memory'

describe('evidence', () => {
  const axis = (i: number, dim = 4) => Array.from({ length: dim }, (_, j) => (j === i ? 1 : 0))
  const rows = Array.from({ length: 20 }, (_, i) => row(`r${i}`))
  const source = memorySource(rows, randomUnits(20, 4, 1))
  const nulls = Float32Array.from(randomUnits(16, 4, 2).flat())
  const none = new Float32Array(0)

  test('by hand: cosine .6 with the class, .8 with the other: -.2, and .2 for the other; of one class alone its cosine', async () => {
    const vector = Float32Array.of(0.6, 0.8, 0, 0)
    const two = await NullLevel.fit(source, { names: Float32Array.from([...axis(0), ...axis(1)]), bank: none, nulls }, 0.05)
    expect((await two.beyondRivals(0, vector))[0]).toBeCloseTo(-0.2, 6)
    expect((await two.beyondRivals(1, vector))[0]).toBeCloseTo(0.2, 6)
    const one = await NullLevel.fit(source, { names: Float32Array.from(axis(0)), bank: none, nulls }, 0.05)
    expect((await one.beyondRivals(0, vector))[0]).toBeCloseTo(0.6, 6)
  })

  test('by hand: of a bank of five the three nearest to the class are no rivals of it', () => {
    const unit = (...values: number[]) => values.map((value) => value / Math.hypot(...values))
    const names = Float32Array.from(axis(0))
    const bank = Float32Array.from([unit(9, 1, 0, 0), unit(8, 1, 0, 0), unit(7, 1, 0, 0), unit(1, 1, 0, 0), unit(0, 0, 3, 4)].flat())
    const rivals = new Rivals(names, bank, 4)
    const all = new Rivals(names, bank.subarray(0, 12), 4)
    const image = Float32Array.from(unit(1, 1, 0, 0))
    return Promise.all([
      expect(rivals.ofClass(0, image)).resolves.toEqual([expect.closeTo(Math.SQRT1_2 - 1, 6)]),
      // Of a bank of three all stay.
      expect(all.ofClass(0, image)).resolves.toEqual([expect.closeTo(Math.SQRT1_2 - (8 / Math.sqrt(50)) * Math.SQRT1_2, 6)]),
    ])
  })

  test('images by hand: null names have .5 and nothing more; of .9 .8 .45 .3 the first two, of 20 more all above .3', () => {
    const below = (...lists: number[][]) => ({ below: lists.map((rivals) => ({ rivals, standing: [] })) })
    const level = below([0.5, 0.35], [0.1])
    expect(imageLevel(level, 'rivals', [0.9, 0.8, 0.45, 0.3])).toBe(0.8)
    const many = Array.from({ length: 20 }, (_, i) => 0.9 - i / 100)
    expect(imageLevel(level, 'rivals', [...many, 0.45, 0.3])).toBe(0.3)
    expect(imageLevel(below([0.95], [0.95]), 'rivals', [0.9, 0.8])).toBe(Number.POSITIVE_INFINITY)
  })

  test('estimated precision by hand: null names have 2 and 0 images above .5, the class 10: 1 - 1 / 10', () => {
    const level = {
      below: [
        { rivals: [0.1], standing: [0.55, 0.5, 0.4] },
        { rivals: [0.9], standing: [0.1] },
      ],
    }
    expect(estimatedPrecision(level, 'standing', 0.5, 10)).toBeCloseTo(0.9, 12)
    expect(estimatedPrecision(level, 'standing', 0.5, 1)).toBe(0)
    expect(estimatedPrecision({ below: [] }, 'standing', 0.5, 10)).toBe(1)
  })

  test('of names that mean nothing at most 1 in 20 is called present at the default: 100 of them on 500 rows (seed 4)', async () => {
    const dim = 24
    const many = memorySource(
      Array.from({ length: 500 }, (_, i) => row(`r${i}`)),
      randomUnits(500, dim, 3),
    )
    const names = Float32Array.from(randomUnits(100, dim, 4).flat())
    const words = Float32Array.from(randomUnits(128, dim, 5).flat())
    const nulls = await NullLevel.fit(many, { names, bank: new Float32Array(0), nulls: words }, 0.05)
    let alarms = 0
    const { rows: best, k } = await many.top(names, 32)
    for (let i = 0; i < 100; i++) {
      const vectors = await many.vectors(Array.from(best.subarray(i * k, (i + 1) * k)))
      if (judge(nulls.level.tests, { rivals: await nulls.beyondRivals(i, vectors), standing: [] }).present) alarms++
    }
    expect(alarms).toBeLessThanOrEqual(5)
  })
})
