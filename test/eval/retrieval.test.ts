import { describe, expect, test } from 'vitest'
import { chanceAtK, products, retrieval } from '../../lib/eval/retrieval.js'

describe('retrieval', () => {
  test('two queries over four images by hand: one found first, one found third', () => {
    const scores = Float32Array.of(0.9, 0.1, 0.2, 0.3, 0.1, 0.4, 0.3, 0.2)
    // Query 0 is answered by images 0 and 1, query 1 by image 3 alone, which two others beat.
    const right = (q: number, i: number) => (q === 0 ? i < 2 : i === 3)
    const result = retrieval(scores, 2, 4, right, [1, 2, 3])
    expect(result.ranks).toEqual([0, 2])
    expect(result.recall).toEqual([0.5, 0.5, 1])
    expect(result.queries).toBe(2)
  })

  test('chance by hand: 2 right of 4, first two: 1 - (2/4)(1/3) = 5/6', () => {
    expect(chanceAtK(2, 4, 2)).toBeCloseTo(5 / 6, 12)
    expect(chanceAtK(1, 600, 1)).toBeCloseTo(1 / 600, 12)
    expect(chanceAtK(3, 5, 3)).toBe(1)
    expect(chanceAtK(0, 5, 5)).toBe(0)
    expect(chanceAtK(5, 5, 1)).toBe(1)
  })

  test('a query that no image answers is left out of recall and of chance', () => {
    const result = retrieval(Float32Array.of(1, 0, 1, 0), 2, 2, (q, i) => q === 0 && i === 0, [1])
    expect(result).toMatchObject({ recall: [1], chance: [0.5], queries: 1, ranks: [0, -1] })
  })

  test('equal scores rank the lower index first, so a constant scorer does not win', () => {
    const constant = new Float32Array(5).fill(0.25)
    expect(retrieval(constant, 1, 5, (_, i) => i === 3, [3, 4]).recall).toEqual([0, 1])
  })

  test('random scores reach the chance level within three standard errors (seed 7, 4,000 queries)', () => {
    let state = 7
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    const [queries, images] = [4000, 20]
    const scores = Float32Array.from({ length: queries * images }, random)
    const result = retrieval(scores, queries, images, (q, i) => i === q % 20 || i === (q * 7 + 3) % 20, [1, 5])
    for (const [j, chance] of result.chance.entries()) {
      expect(Math.abs(result.recall[j]! - chance)).toBeLessThan(3 * Math.sqrt((chance * (1 - chance)) / queries))
    }
  })

  test('products of [2, 2] and [3, 2] by hand', () => {
    expect([...products(Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 0, 0, 1, 1, 1), 2)]).toEqual([1, 2, 3, 3, 4, 7])
  })
})
