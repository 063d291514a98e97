import type { RunOptions } from '../options'
import type { ArchiveModel } from './identity'
import type { ArchiveRow } from './types'

// What callers see of the archive's parts. Nothing here names a type of LanceDB or Arrow: theirs need a browser's library.

export interface CommitOptions {
  /** Rows of a commit. Default 50,000. */
  commitRows?: number | undefined
  /** A commit is due this many seconds after its first row. Default 300. */
  commitSeconds?: number | undefined
  /** Seconds after which rows of the journal have reached the disk itself; a killed process loses none in any case. Default 5. */
  syncSeconds?: number | undefined
}

/** Options of Archive.optimize. */
export interface OptimizeOptions {
  /** Versions that are older than this many seconds are removed with their files. Searches that take longer than that fail. Default 3600. */
  keepSeconds?: number
}

/** How far a search through the index goes. */
export interface Effort {
  /** Partitions looked into. */
  nprobes: number
  /** So many times the rows asked for are compared by their own vectors; 1 where the index keeps these. */
  refine: number
}

export type IndexKind = 'ivf-flat' | 'ivf-pq' | 'ivf-rq' | 'hnsw-sq' | 'hnsw-pq'

/** Options of Archive.createIndex. */
export interface IndexOptions extends RunOptions {
  /** 'ivf-flat' (default) keeps the vectors as they are; the others shrink them, and compare the best by the vectors themselves. */
  type?: IndexKind
  /** Share of the exact answer that 10 and 100 hits must hold, for text and for image queries alike. Default 0.95. */
  targetRecall?: number
  /** Parts that the vectors are divided into. Default: the square root of the number of rows. */
  partitions?: number
  /** Texts to measure with. Default: captions of the archive, else names of common things. */
  queries?: readonly string[]
  /** Rows whose images are searched for. Default 100. */
  sample?: number
}

/** Mean share of the exact answer that was found. */
export interface Recall {
  at10: number
  at100: number
}

/** What Archive.createIndex reports, and a search with `exact: false` uses. */
export interface IndexReport extends Effort {
  type: IndexKind
  rows: number
  partitions: number
  /** Absent where no text could be encoded: the archive is open without its model. */
  text: Recall | undefined
  image: Recall
  targetRecall: number
  /** Whether every recall measured is at least the target. */
  reached: boolean
  /** Of building it. */
  seconds: number
  /** Mean of a query with this effort, one at a time. */
  millisecondsPerQuery: number
  /** The same of exact search: an index that is no faster brings nothing. */
  exactMillisecondsPerQuery: number
}

/** What Archive.stats gives. */
export interface ArchiveStats {
  uri: string
  model: ArchiveModel
  createdAt: string
  /** Images and crops. */
  rows: number
  /** Of the rows, those that are crops of a parent. */
  crops: number
  /** Of the rows, those that are hidden. */
  hidden: number
  /** Rejects by code. */
  rejects: Record<string, number>
  /** Bytes of the table. */
  bytes: number
  /** Bytes of journals whose rows are not committed yet. */
  journalBytes: number
  /** Columns of the user's own, with their types, as `where` reaches them. */
  columns: Record<string, 'number' | 'string' | 'boolean'>
}

/** What an archive or its journal already holds under an id. */
export interface Known {
  /** Absent for a reject. */
  sha256?: string
  version?: string | undefined
}

/** What of a row can be asked for. */
export type RowField = keyof ArchiveRow
