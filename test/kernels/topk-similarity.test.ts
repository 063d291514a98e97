import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Float32Tensor } from '../../binding'
import { random, randomTensor, type TopkOptions, tensor, testing } from '../helpers/testing'

const plainly = { type: 'float32', queryType: 'float32', layout: 'together' }
const topk = (query: Float32Tensor, database: Float32Tensor, options: Partial<TopkOptions> & { k: number }) =>
  testing().topkSimilarity(query, database, { ...plainly, ...options })
const lists = ({ scores, indices }: { scores: Float64Array; indices: Int32Array }) => ({ scores: [...scores], indices: [...indices] })
const none = Number.NEGATIVE_INFINITY

/** Whole numbers from -4 to 4: every product is exact in every dtype, and many are equal. */
function wholeTensor(shape: number[], seed: number): Float32Tensor {
  const next = random(seed)
  return { data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.round(next() * 4)), shape }
}

function bitmap(n: number, allowed: (row: number) => boolean) {
  const bytes = new Uint8Array(Math.ceil(n / 8))
  for (let row = 0; row < n; row++) if (allowed(row)) bytes[row >> 3]! |= 1 << (row & 7)
  return bytes
}

describe('topk_similarity by hand', () => {
  const database = tensor([4, 2], [1, 0, 0, 1, 2, 2, -1, 0])

  test('two queries, four rows: the best three of each', () => {
    const found = topk(tensor([2, 2], [1, 0, 0, -1]), database, { k: 3 })
    expect(lists(found)).toEqual({ scores: [2, 1, 0, 0, 0, -1], indices: [2, 0, 1, 0, 3, 1] })
  })

  test('of equal scores the lower row comes first, also at the last place', () => {
    expect(lists(topk(tensor([1, 2], [0, 0]), database, { k: 2 }))).toEqual({ scores: [0, 0], indices: [0, 1] })
  })

  test('k above the number of rows gives all rows', () => {
    expect(lists(topk(tensor([1, 2], [1, 1]), database, { k: 9 }))).toEqual({ scores: [4, 1, 1, -1], indices: [2, 0, 1, 3] })
  })

  test('a row at the threshold stays, one below it goes; the rest is -inf and -1', () => {
    expect(lists(topk(tensor([1, 2], [1, 1]), database, { k: 3, threshold: 1 }))).toEqual({ scores: [4, 1, 1], indices: [2, 0, 1] })
    expect(lists(topk(tensor([1, 2], [1, 1]), database, { k: 3, threshold: 1.0000001 }))).toEqual({
      scores: [4, none, none],
      indices: [2, -1, -1],
    })
    expect(lists(topk(tensor([1, 2], [1, 1]), database, { k: 1, threshold: 1e300 }))).toEqual({ scores: [none], indices: [-1] })
  })

  test('only rows of the bitmap are chosen', () => {
    const allow = bitmap(4, (row) => row === 1 || row === 3)
    expect(lists(topk(tensor([1, 2], [1, 1]), database, { k: 3, allow }))).toEqual({ scores: [1, -1, none], indices: [1, 3, -1] })
    expect(lists(topk(tensor([1, 2], [1, 1]), database, { k: 1, allow: bitmap(4, () => false) }))).toEqual({
      scores: [none],
      indices: [-1],
    })
  })

  test('nothing asked, nothing to ask, nothing to search: empty', () => {
    for (const [q, n, k] of [
      [0, 4, 2],
      [2, 4, 0],
      [2, 0, 5],
    ] as const)
      expect(lists(topk(randomTensor([q, 2], 1), randomTensor([n, 2], 2), { k }))).toEqual({ scores: [], indices: [] })
  })

  test('vectors without values: every score is 0', () => {
    expect(lists(topk(tensor([1, 0], []), tensor([3, 0], []), { k: 2 }))).toEqual({ scores: [0, 0], indices: [0, 1] })
  })

  test.each([1, 20])('rows with NaN are never chosen, infinite scores are, of %i queries', (queries) => {
    const rows = tensor([4, 2], [Number.NaN, 9, Number.POSITIVE_INFINITY, 1, 1, 1, Number.NEGATIVE_INFINITY, 1])
    const found = topk(tensor([queries, 2], Array(2 * queries).fill(1)), rows, { k: 4 })
    expect([...found.indices.subarray(0, 4)]).toEqual([1, 2, 3, -1])
    expect([...found.scores.subarray(0, 4)]).toEqual([Number.POSITIVE_INFINITY, 2, none, none])
  })
})

const types = ['float32', 'float16', 'bfloat16']
const cases = [
  { q: 1, n: 1, d: 1, k: 1 },
  { q: 1, n: 100, d: 5, k: 7 },
  { q: 3, n: 1000, d: 16, k: 100 },
  { q: 12, n: 500, d: 17, k: 10 },
  { q: 13, n: 500, d: 17, k: 10 },
  { q: 33, n: 700, d: 64, k: 1 },
  { q: 130, n: 130, d: 31, k: 200 },
  { q: 1, n: 40_000, d: 20, k: 10_000 },
  { q: 20, n: 40_000, d: 20, k: 1500 },
  { q: 2, n: 6, d: 50_000, k: 3 },
  { q: 14, n: 7, d: 50_000, k: 3 },
].flatMap((item, i) =>
  types.flatMap((type) =>
    (type === 'bfloat16' ? ['float32', 'bfloat16'] : ['float32']).map((queryType) => ({
      ...item,
      type,
      queryType,
      layout: 'together',
      seed: 500 + i,
      name: '',
    })),
  ),
)
for (const item of cases)
  item.name = `q=${item.q} n=${item.n} d=${item.d} k=${item.k} ${item.type} queries ${item.queryType} seed=${item.seed}`
type Case = (typeof cases)[number]

const largestDifference = (a: Float64Array, b: Float64Array) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

function expectExact({ q, n, d, seed, ...options }: Case) {
  const query = wholeTensor([q, d], seed)
  const database = wholeTensor([n, d], seed + 1)
  const exact = testing().topkReference(query, database, options)
  const found = testing().topkSimilarity(query, database, options)
  expect(found.indices).toEqual(exact.indices)
  expect(found.scores).toEqual(exact.scores)
}

function expectClose({ q, n, d, seed, ...options }: Case) {
  const query = randomTensor([q, d], seed)
  const database = randomTensor([n, d], seed + 1)
  const exact = testing().topkReference(query, database, options)
  const found = testing().topkSimilarity(query, database, options)
  const width = Math.min(options.k, n)
  const rounding = 4 * 2 ** -24 * Math.max(...exact.scores.map(Math.abs))
  const tolerance = 2 * largestDifference(exact.plain, exact.products) + rounding
  const own = found.scores.map((_, i) => exact.products[Math.floor(i / width) * n + found.indices[i]!]!)
  expect(largestDifference(found.scores, own), 'scores').toBeLessThanOrEqual(tolerance)
  // Place by place the exact score of what was chosen: another row is right only where the two are that close.
  expect(largestDifference(own, exact.scores), 'choice').toBeLessThanOrEqual(2 * tolerance)
  for (let i = 0; i < q; i++) expect(new Set(found.indices.subarray(i * width, (i + 1) * width)).size).toBe(width)
}

const sets = ['base', 'avx2', 'avx512', 'avx512_bf16'].filter((name) => testing().limitTiles(name))
testing().limitTiles()

describe('topk_similarity against its float64 reference', () => {
  afterEach(() => void testing().limitTiles())

  test.each(cases)('whole numbers, many ties, the same to the last bit: $name', expectExact)
  test.each(cases)('any numbers, error at most twice that of mm in float32: $name', expectClose)

  describe.each(sets)('with %s instructions', (name) => {
    test.each(cases.filter((item) => item.n < 5000))('$name', (item) => {
      testing().limitTiles(name)
      expectExact(item)
      expectClose(item)
    })
  })

  test.skipIf(!sets.includes('avx512'))('AVX2 and AVX-512 give the same bits', () => {
    for (const { q, n, d, seed, ...options } of cases) {
      const [narrow, wide] = ['avx2', 'avx512'].map((name) => {
        testing().limitTiles(name)
        return testing().topkSimilarity(randomTensor([q, d], seed), randomTensor([n, d], seed + 1), options)
      })
      expect(wide).toEqual(narrow)
    }
  })

  test.each(cases.filter((item) => item.n < 5000))(
    'rows apart and values apart give the same bits: $name',
    ({ q, n, d, seed, ...options }) => {
      const [together, ...others] = ['together', 'rows', 'channels'].map((layout) =>
        testing().topkSimilarity(randomTensor([q, d], seed), randomTensor([n, d], seed + 1), { ...options, layout }),
      )
      for (const other of others) expect(other).toEqual(together)
    },
  )

  test.each([1, 30])('bitmap and threshold together, %i queries', (q) => {
    const query = wholeTensor([q, 12], 71)
    const database = wholeTensor([3001, 12], 72)
    for (const share of [0, 0.01, 0.5, 1]) {
      const next = random(73)
      const options = { ...plainly, k: 40, threshold: 30, allow: bitmap(3001, () => (next() + 1) / 2 < share) }
      const exact = testing().topkReference(query, database, options)
      const found = testing().topkSimilarity(query, database, options)
      expect(lists(found)).toEqual(lists(exact))
    }
  })
})

describe('topk_similarity does not depend on threads and chunks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'topk-'))
  afterAll(() => {
    testing().setThreads(1)
    rmSync(folder, { recursive: true })
  })

  test.each([
    [1, 'float16'],
    [1, 'float32'],
    [40, 'float32'],
    [40, 'bfloat16'],
  ] as const)('one, two and five threads: %i queries, %s', (q, type) => {
    const query = randomTensor([q, 24], 81)
    const database = wholeTensor([60_000, 24], 82)
    const [one, ...others] = [1, 2, 5].map((threads) => {
      testing().setThreads(threads)
      return topk(query, database, { k: 300, type })
    })
    for (const other of others) expect(other).toEqual(one)
  })

  test.each([1, 40])('a row has the same score wherever it lies, of %i queries', (q) => {
    const query = randomTensor([q, 50], 83)
    const rows = randomTensor([200, 50], 84)
    const all = topk(query, rows, { k: 200 })
    const score = new Map<string, number>()
    for (let i = 0; i < all.indices.length; i++) score.set(`${Math.floor(i / 200)}:${all.indices[i]}`, all.scores[i]!)
    for (const first of [1, 7, 12, 150]) {
      const count = 200 - first
      const part = topk(query, { data: rows.data.slice(first * 50), shape: [count, 50] }, { k: count })
      for (let i = 0; i < part.indices.length; i++)
        expect(part.scores[i]).toBe(score.get(`${Math.floor(i / count)}:${part.indices[i]! + first}`))
    }
  })

  test('rows of a mapped file from a byte on are searched in place', () => {
    const rows = wholeTensor([50, 6], 85)
    const path = join(folder, 'vectors.f32')
    writeFileSync(path, Buffer.concat([Buffer.alloc(68), Buffer.from(rows.data.buffer)]))
    const query = wholeTensor([2, 6], 86)
    const options = { ...plainly, k: 9 }
    expect(testing().topkMapped(query, { path, offset: 68, shape: [50, 6] }, options)).toEqual(
      testing().topkSimilarity(query, rows, options),
    )
  })
})

describe('BAD CALL - topk_similarity', () => {
  const invalid = 'ERR_WORDMASK_INVALID_ARGUMENT'
  const call = (query: number[], database: number[], options: Partial<TopkOptions> = {}, broken?: number) => {
    const given = randomTensor(query, 1)
    if (broken !== undefined) given.data[0] = broken
    try {
      topk(given, randomTensor(database, 2), { k: 1, ...options })
    } catch (error) {
      return error
    }
    return undefined
  }

  test('queries and rows of another width', () => {
    expect(call([2, 3], [4, 5])).toHaveCode(invalid, /\[2, 3\].*\[4, 5\]/)
  })

  test('one dimension, three dimensions', () => {
    expect(call([3], [4, 3])).toHaveCode(invalid, /query.*\[3\]/)
    expect(call([1, 3], [1, 4, 3])).toHaveCode(invalid, /database.*\[1, 4, 3\]/)
  })

  test('float64 storage and float64 queries', () => {
    expect(call([1, 3], [4, 3], { type: 'float64' })).toHaveCode(invalid, /database.*Double/)
    expect(call([1, 3], [4, 3], { queryType: 'float64' })).toHaveCode(invalid, /query.*Double/)
  })

  test('a negative k, a threshold that is NaN', () => {
    expect(call([1, 3], [4, 3], { k: -1 })).toHaveCode(invalid, /k >= 0.*-1/)
    expect(call([1, 3], [4, 3], { threshold: Number.NaN })).toHaveCode(invalid, /threshold.*nan/)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a query with %f', (value) => {
    expect(call([1, 3], [4, 3], {}, value)).toHaveCode(invalid, /finite queries/)
  })

  test('a bitmap of another length', () => {
    expect(call([1, 3], [9, 3], { allow: new Uint8Array(1) })).toHaveCode(invalid, /2 uint8 for 9 rows.*\[1\]/)
  })
})
