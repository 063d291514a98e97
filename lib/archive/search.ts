import { withSignal } from '../task'
import type { RowField } from './contract'
import { lance } from './lance'
import { columnsOf, readBatch } from './read-rows'
import type { Snapshot } from './snapshot'
import type { ArchiveRow, SearchHit } from './types'

export interface FindOptions {
  topK: number
  where?: string | undefined
  minScore?: number | undefined
  fields: readonly RowField[]
  /** Crops as they are, instead of their parents. */
  crops: boolean
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number | undefined) => void) | undefined
}

export interface Found {
  row: number
  score: number
}

/** Exact: every vector of the snapshot is compared with every query, in one pass. -> hits of each query, best first */
export async function searchExact(snapshot: Snapshot, queries: Float32Array, dim: number, options: FindOptions): Promise<SearchHit[][]> {
  const { vectors } = snapshot
  const count = queries.length / dim
  if (!vectors || options.topK === 0) return Array.from({ length: count }, () => [])
  const allow = await snapshot.allowed(options.where)
  const find = async (some: number[], k: number): Promise<Found[][]> => {
    const data = new Float32Array(some.length * dim)
    for (const [i, query] of some.entries()) data.set(queries.subarray(query * dim, (query + 1) * dim), i * dim)
    const search = { k, ...(allow && { allow }), ...(options.minScore !== undefined && { threshold: options.minScore }) }
    const {
      k: width,
      scores,
      indices,
    } = await withSignal(options.signal, (task) =>
      vectors.search({ data, shape: [some.length, dim] }, search, {
        ...task,
        ...(options.onProgress && { onProgress: options.onProgress }),
      }),
    )
    return some.map((_, i) => {
      const found: Found[] = []
      for (let j = i * width; j < (i + 1) * width && (indices[j] as number) >= 0; j++)
        found.push({ row: snapshot.rowAt(indices[j] as number), score: scores[j] as number })
      return found
    })
  }
  return gather(snapshot, count, find, options)
}

/** Rows alone, in the order of searchExact. */
export async function exactRows(snapshot: Snapshot, queries: Float32Array, dim: number, k: number): Promise<number[][]> {
  const { vectors } = snapshot
  const count = queries.length / dim
  if (!vectors || count === 0) return []
  const allow = await snapshot.allowed(undefined)
  const { k: width, indices } = await vectors.search({ data: queries, shape: [count, dim] }, { k, ...(allow && { allow }) }, {})
  return Array.from({ length: count }, (_, i) =>
    Array.from(indices.subarray(i * width, (i + 1) * width))
      .filter((position) => position >= 0)
      .map((position) => snapshot.rowAt(position)),
  )
}

/**
 * Turns rows into hits. Crops stand for their parents unless asked for: where several of one parent are among the best, more rows
 * are asked for until there are `topK` images.
 */
export async function gather(
  snapshot: Snapshot,
  count: number,
  find: (queries: number[], k: number) => Promise<Found[][]>,
  { topK, fields, crops }: FindOptions,
): Promise<SearchHit[][]> {
  const hits: SearchHit[][] = Array.from({ length: count }, () => [])
  let open = Array.from({ length: count }, (_, i) => i)
  for (let k = topK; open.length > 0; k *= 4) {
    const found = await find(open, k)
    const rows = await takeRows(snapshot, [...new Set(found.flat().map(({ row }) => row))], fields)
    const again: number[] = []
    for (const [i, query] of open.entries()) {
      const list = found[i] as Found[]
      const all = list.map(({ row, score }) => ({ ...(rows.get(row) as ArchiveRow), score }))
      const best = (crops ? all : parents(all)).slice(0, topK)
      hits[query] = best
      if (best.length < topK && list.length >= k && k < snapshot.rows.length) again.push(query)
    }
    open = again
  }
  return hits.map((list) => list.map((hit) => onlyAsked(hit, fields)))
}

/** A crop's place, size and hash are its parent's already; only the first of a parent stays, with its box. */
function parents(hits: SearchHit[]): SearchHit[] {
  const seen = new Set<string>()
  return hits.flatMap(({ parent, ...hit }) => {
    const id = parent ?? hit.id
    if (seen.has(id)) return []
    seen.add(id)
    return [{ ...hit, id }]
  })
}

function onlyAsked(hit: SearchHit, fields: readonly RowField[]): SearchHit {
  const kept = new Set<string>([...fields, 'id', 'uri', 'score', 'box', 'parent'])
  return Object.fromEntries(Object.entries(hit).filter(([name]) => kept.has(name))) as unknown as SearchHit
}

const takenAtOnce = 4096

/** Rows by number. */
export async function takeRows(snapshot: Snapshot, rows: readonly number[], fields: readonly RowField[]): Promise<Map<number, ArchiveRow>> {
  const taken = new Map<number, ArchiveRow>()
  const wanted = [...new Set([...fields, 'id', 'uri', 'parent', 'box'] as const)]
  for (let from = 0; from < rows.length; from += takenAtOnce) {
    const part = rows.slice(from, from + takenAtOnce)
    await lance(snapshot.place, () => takePart(snapshot, part, wanted, taken))
  }
  return taken
}

async function takePart(
  snapshot: Snapshot,
  rows: readonly number[],
  fields: readonly RowField[],
  taken: Map<number, ArchiveRow>,
): Promise<void> {
  const byAddress = new Map(rows.map((row) => [snapshot.rows.address(row), row]))
  for await (const batch of snapshot.table
    .takeRowIds([...byAddress.keys()])
    .select(columnsOf(fields))
    .withRowId()) {
    const addresses = batch.getChild('_rowid')
    let i = 0
    for (const row of readBatch(batch, fields)) taken.set(byAddress.get(addresses?.get(i++) as bigint) as number, row)
  }
}
