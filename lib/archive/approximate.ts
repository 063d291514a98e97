import type { Effort } from './contract'
import { filtered, lance } from './lance'
import { addressWords } from './read-rows'
import { type FindOptions, type Found, gather } from './search'
import type { Snapshot } from './snapshot'
import type { SearchHit } from './types'

/**
 * Hits that recall is measured with. A search for fewer looks for as many: LanceDB compares `refine` times the hits asked for by their own
 * vectors, so that the first 10 of 100 are found more surely than 10 alone.
 */
export const measuredHits = 100

/** Nearest rows by LanceDB's index, scored by their own vectors; rows that are not indexed yet are compared one by one. */
export async function nearest(
  snapshot: Snapshot,
  query: Float32Array,
  k: number,
  where: string | undefined,
  { nprobes, refine }: Effort,
): Promise<Found[]> {
  const rows: number[] = []
  const looked = Math.max(k, measuredHits)
  await filtered(snapshot.place, where, async () => {
    let search = snapshot.table
      .query()
      .nearestTo(query)
      .column('vector')
      .distanceType('cosine')
      .nprobes(nprobes)
      .limit(snapshot.hides ? 2 * looked : looked)
    if (refine > 1) search = search.refineFactor(refine)
    if (where !== undefined) search = search.where(where)
    for await (const batch of search.select(['row_hash', '_distance']).withRowId()) {
      const words = addressWords(batch)
      for (let i = 0; i < words.length; i += 2) {
        const row = snapshot.rows.row(words[i + 1] as number, words[i] as number)
        if (row >= 0 && !snapshot.isHidden(row)) rows.push(row)
      }
    }
  })
  return (await scored(snapshot, query, rows)).slice(0, k)
}

/** The cosines that an exact search would give, in its order. */
async function scored(snapshot: Snapshot, query: Float32Array, rows: readonly number[]): Promise<Found[]> {
  const { vectors } = snapshot
  if (!vectors || rows.length === 0) return []
  const { data } = await lance(snapshot.place, () =>
    vectors.take(
      Float64Array.from(rows, (row) => snapshot.positionOf(row)),
      {},
    ),
  )
  const found = rows.map((row, i) => {
    let score = 0
    for (let j = 0; j < query.length; j++) score = Math.fround(score + (query[j] as number) * (data[i * query.length + j] as number))
    return { row, score }
  })
  return found.sort((a, b) => b.score - a.score || a.row - b.row)
}

/** As searchExact, through the index. */
export async function searchApproximate(
  snapshot: Snapshot,
  queries: Float32Array,
  dim: number,
  effort: Effort,
  options: FindOptions,
): Promise<SearchHit[][]> {
  const { where, minScore = Number.NEGATIVE_INFINITY } = options
  const find = (some: number[], k: number) =>
    Promise.all(
      some.map(async (query) => {
        const found = await nearest(snapshot, queries.subarray(query * dim, (query + 1) * dim), k, where, effort)
        return found.filter(({ score }) => score >= minScore)
      }),
    )
  return options.topK === 0 || !snapshot.vectors
    ? Array.from({ length: queries.length / dim }, () => [])
    : gather(snapshot, queries.length / dim, find, options)
}
