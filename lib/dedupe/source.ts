import type { ArchiveRow } from '../archive/types'

/** In what order rows become the middles of stars, and which take part: as binding.d.ts says it. */
export interface StarOrder {
  /** Larger comes first, of equal ones the lower row. */
  priority: Float64Array
  /** A bitmap: row i is bit i % 8 of byte i / 8. */
  allow: Uint8Array
}

export interface StarRun {
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** What dedupe needs to know of a row. */
export type RowFacts = Pick<ArchiveRow, 'sha256' | 'phash' | 'width' | 'height' | 'box'> & { row: number }

/**
 * What deduplication asks of an archive, by row number. Stars are those of binding.d.ts: a row that is not taken yet is kept and takes every
 * later row near it that is not taken yet, so groups are never chains.
 */
export interface DedupeSource {
  readonly size: number
  readonly dim: number
  /** Every row that is not hidden, in the order of their numbers, in blocks. */
  facts(signal?: AbortSignal): AsyncIterable<RowFacts[]>
  hammingStars(
    hashes: BigUint64Array,
    maxHamming: number,
    order: StarOrder,
    run: StarRun,
  ): Promise<{ centres: Int32Array; distances: Uint8Array }>
  cosineStars(minCosine: number, order: StarOrder, run: StarRun): Promise<{ centres: Int32Array; scores: Float32Array }>
  /** What cosineStars takes at most: multiply-adds, and bytes of memory. */
  cosineCost(): { multiplyAdds: number; bytes: number }
  /** Unit vectors of the rows, [rows.length, dim]. */
  vectors(rows: readonly number[], signal?: AbortSignal): Promise<Float32Array>
  /** Ids of rows, in the order asked for. */
  ids(rows: readonly number[], signal?: AbortSignal): Promise<string[]>
  /** Keeps this version of the archive open until what it answers is called. @throws ERR_WORDMASK_BUSY where it is closed already */
  hold(): () => void
  /** Archive.hide: takes rows out of searches without removing them. -> how many were not hidden before */
  hide(ids: AsyncIterable<string>, reason: string): Promise<number>
}
