import { z } from 'zod'
import { Clip } from '../clip/clip'
import { positiveInteger, type RunOptions, runOptions } from '../options'
import type { SourceOptions } from '../sources'
import type { Templates } from '../text/prompts'
import type { CommitOptions, RowField } from './contract'

/** Options of Archive.open. */
export interface ArchiveOptions extends CommitOptions {
  /**
   * The model of the vectors. Needed to make an archive, to add images, and to search by text or image; an archive of another
   * model is refused. The archive does not dispose of it.
   */
  clip?: Clip
  /** The tables are not written to, and another process's unfinished rows are left alone. Default false. */
  readOnly?: boolean
  /** Make the archive where there is none. Default: where a clip is given and `readOnly` is not. */
  create?: boolean
  /** Folder for the local part of archives on object stores. Default $XDG_CACHE_HOME/wordmask/archives. */
  cache?: string
  /** For object stores: storage options of LanceDB, beside those that the environment and the AWS files say. */
  storageOptions?: Record<string, string>
  /** Told in a sentence what takes time or room: how many bytes of vectors a search of an archive on an object store brings here. */
  onNotice?: (notice: string) => void
}

/** Options of Archive.add: what to take of the sources, and those of addImages. */
export interface AddOptions extends AddImagesOptions, Pick<SourceOptions, 'tiles' | 'boxes' | 'root' | 'onNotice'> {
  /** Take captions from the sources (`.txt` beside images, columns of lists, members of tars). Default true. */
  captions?: boolean
}

/** Options of Archive.addImages. */
export interface AddImagesOptions {
  /** Images of one pass of the tower. Default 32. */
  batchSize?: number
  /** Apply the EXIF orientation. Default true. */
  orient?: boolean
  /** Images with more pixels are rejected. Default 178,956,970. */
  maxPixels?: number
  /** Try once more what was rejected before. Default false. */
  retryRejects?: boolean
  /** Number of images, where it is known: progress has an `eta` then. */
  total?: number
  /** Aborting stops within a batch; what is embedded stays in the journal and is committed by the next call. */
  signal?: AbortSignal
}

/** Options of Archive.search. */
export interface SearchOptions extends RunOptions {
  /** Hits of a query. Default 10. */
  topK?: number
  /** SQL condition over the columns, user columns among them, such as "width > 256 AND site = 'north'". */
  where?: string
  /** Cosine that a hit has at least. Default: none. */
  minScore?: number
  /** Compare with every vector (default), or use the index of createIndex. */
  exact?: boolean
  /** What of a row to give; `id`, `uri`, `score`, and `box` and `parent` of crops always. Default: all but the vector. */
  return?: readonly RowField[]
  /** What texts are put into. Default 'none': they are taken as they are. */
  templates?: Templates
  /** Show crops as rows of their own instead of the parent with its best box. Default false. */
  crops?: boolean
}

/** Options of Archive.rows. */
export interface RowsOptions {
  /** SQL condition over the columns. Default: every row. */
  where?: string
  /** What of a row to give; `id` always. Default: all but the vector. */
  return?: readonly RowField[]
  /** Give hidden rows as well. Default false. */
  hidden?: boolean
  signal?: AbortSignal
}

const onNotice = z.custom<(notice: string) => void>((value) => typeof value === 'function', 'a function').optional()
const commit = {
  commitRows: positiveInteger.optional(),
  commitSeconds: z.number().positive().optional(),
  syncSeconds: z.number().nonnegative().optional(),
}
const where = z.string().min(1).optional()
const signal = runOptions.signal

export const archiveOptions = z.strictObject({
  ...commit,
  clip: z.custom<Clip>((value) => value instanceof Clip, 'a Clip').optional(),
  readOnly: z.boolean().optional(),
  create: z.boolean().optional(),
  cache: z.string().min(1).optional(),
  storageOptions: z.record(z.string(), z.string()).optional(),
  onNotice,
})

const addImages = {
  batchSize: positiveInteger.max(65_536).optional(),
  orient: z.boolean().optional(),
  maxPixels: positiveInteger.optional(),
  retryRejects: z.boolean().optional(),
  total: z.number().int().nonnegative().optional(),
  signal,
}
export const addImagesOptions = z.strictObject(addImages)
export const addOptions = z.strictObject({
  ...addImages,
  captions: z.boolean().optional(),
  tiles: z.string().optional(),
  boxes: z.custom<NonNullable<SourceOptions['boxes']>>(() => true).optional(),
  root: z.string().optional(),
  onNotice,
})
export const signalOnly = z.strictObject({ signal })

export const searchOptions = z.strictObject({
  ...runOptions,
  topK: z.number().int().nonnegative().optional(),
  where,
  minScore: z.number().optional(),
  exact: z.boolean().optional(),
  return: z.array(z.string()).optional(),
  templates: z.custom<Templates>(() => true).optional(),
  crops: z.boolean().optional(),
})

export const rowsOptions = z.strictObject({ where, return: z.array(z.string()).optional(), hidden: z.boolean().optional(), signal })
