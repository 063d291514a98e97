import { describe, expect, test } from 'vitest'
import type { StarOrder } from '../../binding'
import { binding } from '../../lib/binding'
import { random, testing } from '../helpers/testing'
import { bitmap } from '../helpers/vectors'

const stars = (hashes: BigUint64Array, maxHamming: number, order: StarOrder = {}) =>
  binding().hammingStars(hashes, { maxHamming, ...order }, {})
const lists = async (hashes: bigint[], maxHamming: number, order: StarOrder = {}) => {
  const { centres, distances } = await stars(BigUint64Array.from(hashes), maxHamming, order)
  return { centres: [...centres], distances: [...distances] }
}

describe('hammingStars by hand', () => {
  test('rows that differ in at most two bits of 0b1111 join it; chains do not merge', async () => {
    expect(await lists([0b1111n, 0b1110n, 0b1100n, 0b1000n], 2)).toEqual({ centres: [0, 0, 0, 3], distances: [0, 1, 2, 0] })
  })

  test('the order decides: the last row first', async () => {
    expect(await lists([0b1111n, 0b1110n, 0b1100n, 0b1000n], 1, { priority: Float64Array.of(0, 0, 0, 1) })).toEqual({
      centres: [0, 0, 3, 3],
      distances: [0, 1, 1, 0],
    })
  })

  test('0 bits: copies alone; 64 bits: all are near', async () => {
    expect((await lists([7n, 8n, 7n, 8n], 0)).centres).toEqual([0, 1, 0, 1])
    expect(await lists([0n, 0xffff_ffff_ffff_ffffn, 1n << 63n], 64)).toEqual({ centres: [0, 0, 0], distances: [0, 64, 1] })
    expect((await lists([0n, 0xffff_ffff_ffff_ffffn], 63)).centres).toEqual([0, 1])
  })

  test('rows outside the bitmap take no part; one row; no row', async () => {
    expect(await lists([5n, 5n, 5n], 4, { allow: bitmap(3, (row) => row > 0) })).toEqual({ centres: [-1, 1, 1], distances: [255, 0, 0] })
    expect((await lists([5n], 4)).centres).toEqual([0])
    expect((await lists([], 4)).centres).toEqual([])
  })
})

/** Hashes of which many are a few bits from an earlier one, and some are blank. */
function planted(n: number, seed: number): BigUint64Array {
  const next = random(seed)
  const part = () => BigInt(Math.floor(((next() + 1) / 2) * 2 ** 32))
  const hashes = new BigUint64Array(n)
  for (let i = 0; i < n; i++) {
    const kind = next()
    if (kind < -0.9) hashes[i] = 0n
    else if (kind < 0.2 || i === 0) hashes[i] = (part() << 32n) | part()
    else {
      hashes[i] = hashes[Math.floor(((next() + 1) / 2) * i)]!
      for (let flips = Math.floor((next() + 1) * 6); flips > 0; flips--) hashes[i]! ^= 1n << BigInt(Math.floor((next() + 1) * 32))
    }
  }
  return hashes
}

describe('hammingStars against plain comparison', () => {
  test.each([0, 1, 2, 4, 7, 10, 15, 20, 40, 64].map((maxHamming, i) => ({ maxHamming, seed: 300 + i })))(
    'maxHamming=$maxHamming seed=$seed',
    async ({ maxHamming, seed }) => {
      for (const n of [10, 3000]) {
        const hashes = planted(n, seed)
        const next = random(seed + 50)
        const priority = Float64Array.from({ length: n }, () => Math.floor(next() * 5))
        const allow = bitmap(n, () => next() > -0.5)
        for (const order of [{}, { priority }, { priority, allow }]) {
          const exact = testing().hammingStarsReference(hashes, { maxHamming, ...order })
          const found = await stars(hashes, maxHamming, order)
          expect([...found.centres]).toEqual([...exact.centres])
          for (let i = 0; i < n; i++) if (exact.centres[i]! >= 0) expect(found.distances[i]).toBe(exact.scores[i])
        }
      }
    },
  )
})

describe('hammingStars off the event loop', () => {
  const many = planted(400_000, 9)

  test('progress to the last row, the event loop turns', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    let last: number[] = []
    await binding().hammingStars(many, { maxHamming: 4 }, { onProgress: (...seen) => (last = seen) })
    clearInterval(timer)
    expect(last).toEqual([many.length, many.length])
    expect(turns).toBeGreaterThan(5)
  })

  test('cancelled mid-way it rejects', async () => {
    const cancel = new (binding().CancelToken)()
    const call = binding().hammingStars(many, { maxHamming: 7 }, { cancel, onProgress: () => cancel.cancel() })
    await expect(call).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  })

  test.each([
    ['other numbers', new Float64Array(2) as never, { maxHamming: 1 }, /BigUint64Array.*Float64Array/],
    ['65 bits', new BigUint64Array(2), { maxHamming: 65 }, /options\.maxHamming.*65/],
    ['priorities of another length', new BigUint64Array(2), { maxHamming: 1, priority: new Float64Array(3) }, /each of 2 rows.*\[3\]/],
  ])('BAD CALL - %s', async (_, hashes, options, message) => {
    await expect(binding().hammingStars(hashes, options, {})).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})
