import { dot } from '../curate/near'
import type { DedupeSource } from './source'
import { bitmap, exactStars, hasBit, type RowTable, setBit } from './table'

export type Stage = 'exact' | 'hash' | 'cosine'
export const stages: readonly Stage[] = ['exact', 'hash', 'cosine']

export interface GroupOptions {
  exact: boolean
  maxHamming: number | undefined
  minCosine: number | undefined
  signal: AbortSignal | undefined
  onProgress: ((stage: Stage, done: number, total: number) => void) | undefined
}

/** For each row the one that is kept in its place, by row number. */
export interface Assignment {
  /** The row's own number where it is kept, -1 where it was hidden before. */
  keeper: Int32Array
  /** Index in `stages`. */
  stage: Uint8Array
  /** Hamming distance, or cosine; 0 for the same bytes. */
  closeness: Float32Array
}

/** Vectors held at once where a star's rows are looked at anew. */
const pairsAtOnce = 2048

/**
 * Bytes, then hashes, then vectors, each among what the stage before kept. A row whose keeper is itself taken by a better one goes
 * there where it is near to that one as well, and is otherwise looked at anew: so every group is a star.
 */
export async function groupRows(source: DedupeSource, table: RowTable, options: GroupOptions): Promise<Assignment> {
  const { size } = source
  const found: Assignment = { keeper: new Int32Array(size).fill(-1), stage: new Uint8Array(size), closeness: new Float32Array(size) }
  for (let row = 0; row < size; row++) if (hasBit(table.shown, row)) found.keeper[row] = row
  const twins: [row: number, twin: number][] = []
  let left: Uint8Array = table.shown.slice()
  if (options.exact)
    await exactStars(table, (row, twin) => {
      twins.push([row, twin])
      left[row >> 3]! &= ~(1 << (row & 7))
    })
  while (left.some((byte) => byte !== 0)) left = await nearRound(source, table, left, found, options)
  // The same bytes are as near to the keeper as the row whose bytes they are.
  for (const [row, twin] of twins) {
    const kept = found.keeper[twin] === twin
    found.keeper[row] = found.keeper[twin]!
    found.stage[row] = kept ? 0 : found.stage[twin]!
    found.closeness[row] = kept ? 0 : found.closeness[twin]!
  }
  return found
}

/** Hashes and vectors among some rows. -> rows that lost their keeper */
async function nearRound(
  source: DedupeSource,
  table: RowTable,
  rows: Uint8Array,
  found: Assignment,
  { maxHamming, minCosine, signal, onProgress }: GroupOptions,
): Promise<Uint8Array> {
  const priority = table.pixels
  let left = rows
  if (maxHamming !== undefined) {
    const allow = rows.map((byte, i) => byte & table.hashed[i]!)
    const run = { signal, onProgress: (done: number, total: number) => onProgress?.('hash', done, total) }
    const { centres, distances } = await source.hammingStars(table.phash, maxHamming, { priority, allow }, run)
    assign(found, 1, allow, centres, distances)
    left = keptOf(rows, found)
  }
  if (minCosine === undefined) return bitmap(0)
  const run = { signal, onProgress: (done: number, total: number) => onProgress?.('cosine', done, total) }
  const { centres, scores } = await source.cosineStars(minCosine, { priority, allow: left }, run)
  assign(found, 2, left, centres, scores)
  return moveOn(source, table, rows, found, maxHamming, minCosine, signal)
}

function assign(found: Assignment, stage: number, rows: Uint8Array, centres: Int32Array, closeness: ArrayLike<number>): void {
  for (let row = 0; row < centres.length; row++) {
    const to = centres[row]!
    if (!hasBit(rows, row) || to < 0 || to === row) continue
    found.keeper[row] = to
    found.stage[row] = stage
    found.closeness[row] = closeness[row]!
  }
}

function keptOf(rows: Uint8Array, { keeper }: Assignment): Uint8Array {
  const kept = bitmap(keeper.length)
  for (let row = 0; row < keeper.length; row++) if (hasBit(rows, row) && keeper[row] === row) setBit(kept, row)
  return kept
}

/** Rows of a hash star whose middle went into a cosine star. All are told before any is changed. */
async function moveOn(
  source: DedupeSource,
  table: RowTable,
  rows: Uint8Array,
  { keeper, stage, closeness }: Assignment,
  maxHamming: number | undefined,
  minCosine: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const moved: [row: number, to: number][] = []
  for (let row = 0; row < keeper.length; row++) {
    const to = keeper[keeper[row]!]
    if (hasBit(rows, row) && to !== undefined && to !== keeper[row]) moved.push([row, to])
  }
  const orphans = bitmap(keeper.length)
  for (let from = 0; from < moved.length; from += pairsAtOnce) {
    const block = moved.slice(from, from + pairsAtOnce)
    const vectors = await source.vectors(block.flat(), signal)
    const vector = (i: number) => vectors.subarray(i * source.dim, (i + 1) * source.dim)
    for (const [i, [row, to]] of block.entries()) {
      const bits = hasBit(table.hashed, to) ? bitsBetween(table.phash[row]!, table.phash[to]!) : 65
      const cosine = dot(vector(2 * i), vector(2 * i + 1))
      const near = bits <= (maxHamming ?? -1) ? 1 : cosine >= minCosine ? 2 : 0
      keeper[row] = near === 0 ? row : to
      stage[row] = near
      closeness[row] = near === 1 ? bits : near === 2 ? cosine : 0
      if (near === 0) setBit(orphans, row)
    }
  }
  return orphans
}

function bitsBetween(a: bigint, b: bigint): number {
  let bits = 0
  for (let x = a ^ b; x !== 0n; x &= x - 1n) bits++
  return bits
}
