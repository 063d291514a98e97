import type { ArchiveRow } from '../archive/types'

/** Row numbers and cosines of the best rows of each of q queries, best first; of equal scores the lower row. */
export interface Ranked {
  /** [q, k]; -1 where fewer rows are left. */
  rows: Int32Array
  /** [q, k]; -Infinity where fewer rows are left. */
  scores: Float32Array
  k: number
}

/**
 * What curation asks of an archive. Rows have numbers from 0 to size - 1 in the order in which they were added; hidden rows
 * keep theirs and are never among the best.
 */
export interface CurateSource {
  readonly size: number
  readonly dim: number
  /** The k best rows of each query in one pass over the vectors. `queries` are unit rows [q, dim]. */
  top(queries: Float32Array, k: number, signal?: AbortSignal): Promise<Ranked>
  /** Unit vectors of the rows, [rows.length, dim]. */
  vectors(rows: readonly number[], signal?: AbortSignal): Promise<Float32Array>
  /** The rows with their user columns and without vectors, in the order asked for. */
  rows(rows: readonly number[], signal?: AbortSignal): Promise<ArchiveRow[]>
  /** Row numbers of ids; -1 where there is none. */
  find(ids: readonly string[], signal?: AbortSignal): Promise<number[]>
  /** What the rows of ids hold (contentOf), hidden ones too; of ids without a row there is nothing. */
  contents(ids: readonly string[], signal?: AbortSignal): Promise<string[]>
}

/** How class names become vectors: Clip.classVectors. */
export type Encode = (entries: readonly ClassText[], signal?: AbortSignal) => Promise<Float32Array>

export interface ClassText {
  readonly name: string
  readonly synonyms: readonly string[]
  readonly prompts: readonly string[] | undefined
}
