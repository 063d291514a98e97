import { describe, expect, test } from 'vitest'
import { type Candidate, type SelectOptions, select } from '../../lib/curate/select'
import { randomUnits, unit } from './memory'

const open: SelectOptions = {
  ...{ wanted: 10, level: Number.NEGATIVE_INFINITY, minScore: -1, minMargin: Number.NEGATIVE_INFINITY, near: undefined },
  ...{ perGroup: Number.POSITIVE_INFINITY, diverse: undefined, excluded: () => false, rejected: () => false },
}

function candidate(id: string, score: number, vector: number[], more: Partial<Candidate> = {}): Candidate {
  const row = id.charCodeAt(0)
  return { row, id, score, margin: 1, evidence: score, content: id, phash: '', vector: Float32Array.from(vector), ...more }
}

const a = candidate('a', 0.9, [1, 0])
const b = candidate('b', 0.8, unit([1, 0.1]))
const c = candidate('c', 0.7, [0, 1])
const d = candidate('d', 0.6, unit([1, -1]))
const ids = (list: Candidate[]) => list.map(({ id }) => id).join('')

describe('selection by hand', () => {
  test('best first, as many as wanted', async () => {
    expect(ids((await select([a, b, c, d], [], { ...open, wanted: 3 })).taken)).toBe('abc')
    expect(ids((await select([a, b], [], { ...open, wanted: 3 })).taken)).toBe('ab')
    expect((await select([], [], open)).taken).toEqual([])
  })

  test('b is a near-duplicate of a by cosine .995, by its hash, by its bytes; and is none under stricter limits', async () => {
    const near = (maxHamming: number, minCosine: number) => ({ ...open, near: { maxHamming, minCosine } })
    expect(ids((await select([a, b, c], [], near(0, 0.99))).taken)).toBe('ac')
    expect(ids((await select([a, b, c], [], near(0, 0.999))).taken)).toBe('abc')
    const hashed = [
      { ...a, phash: '00000000000000ff' },
      { ...b, phash: '80000000000000f0' },
    ]
    expect(ids((await select(hashed, [], near(5, 1))).taken)).toBe('a')
    expect(ids((await select(hashed, [], near(4, 1))).taken)).toBe('ab')
    const same = await select([a, { ...c, content: 'a' }], [], near(0, 1))
    expect(ids(same.taken)).toBe('a')
    expect(same.dropped.nearDuplicates).toBe(1)
  })

  test('a chain is no group: c is near b only, and b was not taken', async () => {
    const [first, second, third] = [0, 12, 24].map((degrees, i) => {
      const angle = (degrees * Math.PI) / 180
      return candidate('xyz'[i]!, 1 - i / 10, [Math.cos(angle), Math.sin(angle)])
    }) as [Candidate, Candidate, Candidate]
    // cos 12 = .978, cos 24 = .914
    expect(ids((await select([first, second, third], [], { ...open, near: { maxHamming: 0, minCosine: 0.96 } })).taken)).toBe('xz')
  })

  test('at most perGroup of a group; what belongs to none is not capped', async () => {
    const grouped = [a, b, c, d].map((one, i) => ({ ...one, ...(i < 3 && { group: 'camera 1' }) }))
    const { taken, dropped } = await select(grouped, [], { ...open, perGroup: 2 })
    expect(ids(taken)).toBe('abd')
    expect(dropped.groupFull).toBe(1)
  })

  test('each limit says how many it dropped', async () => {
    const poor = [{ ...a, margin: -0.1 }, { ...b, evidence: 0.1 }, c, { ...d, score: 0.1 }]
    const limits = { minMargin: 0, level: 0.5, minScore: 0.2, excluded: (id: string) => id === 'c' }
    const { taken, dropped } = await select(poor, [], { ...open, ...limits })
    expect(taken).toEqual([])
    expect(dropped).toMatchObject({ belowMargin: 1, belowLevel: 1, belowMinScore: 1, excluded: 1, rejected: 0 })
  })

  test('rejected images never come back, accepted ones stay whatever their scores say, and count', async () => {
    const accepted = { ...d, score: -1, evidence: -5 }
    const { taken, dropped } = await select([a, b, c, d], [accepted], { ...open, wanted: 2, level: 0, rejected: ({ id }) => id === 'a' })
    expect(ids(taken)).toBe('db')
    expect(dropped.rejected).toBe(1)
  })
})

describe('diversity', () => {
  test('mmr by hand: λ .5, scores scaled to 1, 2/3, 1/3, 0; after a: b .33 - .50, c .17 - 0, d 0 - .35', async () => {
    const take = async (lambda: number) =>
      ids((await select([a, b, c, d], [], { ...open, wanted: 2, diverse: { method: 'mmr', lambda } })).taken)
    expect(await take(0.5)).toBe('ac')
    expect(await take(1)).toBe('ab')
  })

  test('k-centre by hand: after the best score the farthest, c at 90°, then d at 45°, then b at 6°', async () => {
    expect(ids((await select([a, b, c, d], [], { ...open, wanted: 4, diverse: 'k-centre' })).taken)).toBe('acdb')
  })

  test('k-centre chooses among pool x wanted best scores only', async () => {
    const { taken } = await select([a, b, c, d], [], { ...open, wanted: 1, diverse: { method: 'k-centre', pool: 2 } })
    expect(ids(taken)).toBe('a')
    const two = await select([a, b, c, d], [], { ...open, wanted: 2, diverse: { method: 'k-centre', pool: 1 } })
    expect(ids(two.taken)).toBe('ab')
  })

  test('images accepted by hand count as taken: the next is far from them', async () => {
    const { taken } = await select([a, b, c], [c], { ...open, wanted: 2, diverse: 'k-centre' })
    expect(ids(taken)).toBe('ca')
  })

  test('k-centre of 200 random vectors (seed 3): its smallest distance is at least that of the best scores', async () => {
    const items = randomUnits(200, 8, 3).map((vector, i) => ({
      ...candidate('a', 1 - i / 200, vector),
      row: i,
      id: String(i),
      content: String(i),
    }))
    const spread = (list: Candidate[]) =>
      Math.min(
        ...list.flatMap((x, i) => list.slice(0, i).map((y) => 1 - x.vector.reduce((sum, value, j) => sum + value * y.vector[j]!, 0))),
      )
    const plain = await select(items, [], { ...open, wanted: 20 })
    const diverse = await select(items, [], { ...open, wanted: 20, diverse: { method: 'k-centre', pool: 10 } })
    expect(diverse.taken).toHaveLength(20)
    expect(spread(diverse.taken)).toBeGreaterThan(spread(plain.taken))
  })
})
