import { afterAll, describe, expect, test } from 'vitest'
import type { Float32Tensor, SearchOptions } from '../../binding'
import { binding } from '../../lib/binding'
import { random, randomTensor, tensor, testing } from '../helpers/testing'
import { bitmap, plainRows, VectorFolder, vectorTypes, type Written } from '../helpers/vectors'

const folder = new VectorFolder()
afterAll(() => folder.remove())

async function search({ file, layout }: Written, query: Float32Tensor, options: SearchOptions) {
  const vectors = await binding().VectorFile.open(file, layout, {})
  try {
    const { k, scores, indices } = await vectors.search(query, options, {})
    expect(scores.length).toBe(query.shape[0]! * k)
    return { k, scores: [...scores], indices: [...indices] }
  } finally {
    vectors.dispose()
  }
}
const none = Number.NEGATIVE_INFINITY

describe.each(vectorTypes)('VectorFile.search by hand, %s', (dtype) => {
  const written = folder.write(tensor([4, 2], [1, 0, 0, 1, 2, 2, -1, 0]), dtype, 12)
  const query = tensor([2, 2], [1, 0, 0, -1])

  test('two queries, four rows behind twelve bytes of something else: the best three of each', async () => {
    expect(await search(written, query, { k: 3 })).toEqual({ k: 3, scores: [2, 1, 0, 0, 0, -1], indices: [2, 0, 1, 0, 3, 1] })
  })

  test('k beyond the rows gives all of them; no k, no queries give nothing', async () => {
    expect(await search(written, tensor([1, 2], [1, 1]), { k: 20_000 })).toEqual({ k: 4, scores: [4, 1, 1, -1], indices: [2, 0, 1, 3] })
    expect(await search(written, query, { k: 0 })).toEqual({ k: 0, scores: [], indices: [] })
    expect(await search(written, tensor([0, 2], []), { k: 2 })).toEqual({ k: 2, scores: [], indices: [] })
  })

  test('threshold and bitmap; an empty bitmap leaves nothing', async () => {
    const one = tensor([1, 2], [1, 1])
    expect(await search(written, one, { k: 3, threshold: 1 })).toEqual({ k: 3, scores: [4, 1, 1], indices: [2, 0, 1] })
    expect(await search(written, one, { k: 2, threshold: 0, allow: bitmap(4, (row) => row !== 2 && row !== 0) })).toEqual({
      k: 2,
      scores: [1, none],
      indices: [1, -1],
    })
    expect(await search(written, one, { k: 1, allow: new Uint8Array(1) })).toEqual({ k: 1, scores: [none], indices: [-1] })
  })

  test('one row; no row', async () => {
    expect(await search(folder.write(tensor([1, 2], [3, 1]), dtype), query, { k: 5 })).toEqual({ k: 1, scores: [3, -1], indices: [0, 0] })
    expect(await search(folder.write(tensor([0, 2], []), dtype), query, { k: 5 })).toEqual({ k: 0, scores: [], indices: [] })
  })

  test('rows with NaN are never chosen', async () => {
    const rows = folder.write(tensor([3, 2], [Number.NaN, 9, 1, 1, 0, Number.NaN]), dtype)
    expect(await search(rows, tensor([1, 2], [1, 1]), { k: 3 })).toEqual({ k: 3, scores: [2, none, none], indices: [1, -1, -1] })
  })

  test('take gives rows as numbers, in the order asked, also twice', async () => {
    const vectors = await binding().VectorFile.open(written.file, written.layout, {})
    const taken = await vectors.take(Float64Array.of(3, 0, 3), {})
    expect({ data: [...taken.data], shape: taken.shape }).toEqual({ data: [-1, 0, 1, 0, -1, 0], shape: [3, 2] })
    expect((await vectors.take(new Float64Array(0), {})).shape).toEqual([0, 2])
    for (const wrong of [-1, 4, 0.5, Number.NaN])
      await expect(vectors.take(Float64Array.of(0, wrong), {})).rejects.toHaveCode(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        /between 0 and 3.*indices\[1\]/,
      )
  })
})

const cases = [
  { q: 1, n: 500, dim: 16, k: 7 },
  { q: 1, n: 5003, dim: 24, k: 1000 },
  { q: 20, n: 1001, dim: 33, k: 40 },
  { q: 130, n: 300, dim: 8, k: 400 },
  { q: 5, n: 64, dim: 12, k: 1 },
].flatMap((item, i) => vectorTypes.map((dtype) => ({ ...item, dtype, seed: 900 + i })))

describe('pieces of a file put together', () => {
  test.each(cases)('ties and all, as the float64 reference: q=$q n=$n dim=$dim k=$k $dtype seed=$seed', ({ q, n, dim, k, dtype, seed }) => {
    const rows = plainRows(n, dim, seed)
    const query = plainRows(q, dim, seed + 50)
    const { file, layout } = folder.write(rows, dtype, 4)
    const plainly = { type: dtype, queryType: 'float32', layout: 'together' }
    const next = random(seed)
    const some = bitmap(n, () => next() > 0)
    for (const options of [{ k }, { k, threshold: 0.5 }, { k, allow: some }, { k, threshold: 0.25, allow: some }]) {
      const exact = testing().topkReference(query, rows, { ...plainly, ...options })
      for (const piece of q > 100 ? [64, 200] : [8, 64, 1000, 100_000]) {
        const found = testing().searchPieces(file, layout, query, options, piece)
        expect(found.indices, `pieces of ${piece}`).toEqual(exact.indices)
        expect(found.scores, `pieces of ${piece}`).toEqual(exact.scores)
      }
    }
  })

  test.each(cases)(
    'any numbers, the same bits as in one piece: q=$q n=$n dim=$dim k=$k $dtype seed=$seed',
    ({ q, n, dim, k, dtype, seed }) => {
      const { file, layout } = folder.write(randomTensor([n, dim], seed), dtype)
      const query = randomTensor([q, dim], seed + 50)
      const [whole, ...parts] = [100_000, q > 100 ? 72 : 8, 256].map((piece) => testing().searchPieces(file, layout, query, { k }, piece))
      for (const part of parts) expect(part).toEqual(whole)
    },
  )

  test('rows of minus infinity are chosen last, before nothing', () => {
    const rows = tensor([16, 1], Array(16).fill(Number.NEGATIVE_INFINITY))
    rows.data[9] = 1
    const { file, layout } = folder.write(rows, 'float32')
    const found = testing().searchPieces(file, layout, tensor([1, 1], [1]), { k: 5 }, 8)
    expect([...found.indices]).toEqual([9, 0, 1, 2, 3])
  })
})

describe('BAD CALL - VectorFile.search', () => {
  const written = folder.write(plainRows(9, 3, 1), 'float32')
  const invalid = 'ERR_WORDMASK_INVALID_ARGUMENT'
  test.each([
    ['queries of another width', randomTensor([1, 4], 1), { k: 1 }, /\[1, 4\].*\[9, 3\]/],
    ['queries of one dimension', randomTensor([3], 1), { k: 1 }, /two dimensions.*\[3\]/],
    ['a query that is not finite', tensor([1, 3], [1, Number.NaN, 1]), { k: 1 }, /finite queries/],
    ['a negative k', randomTensor([1, 3], 1), { k: -1 }, /options\.k.*-1/],
    ['a threshold that is NaN', randomTensor([1, 3], 1), { k: 1, threshold: Number.NaN }, /options\.threshold/],
    ['a bitmap of another length', randomTensor([1, 3], 1), { k: 1, allow: new Uint8Array(1) }, /2 bytes for 9 rows.*1/],
  ])('%s', async (_, query, options, message) => {
    await expect(search(written, query, options)).rejects.toHaveCode(invalid, message)
  })
})
