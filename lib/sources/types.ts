import type { Reject, SourceImage } from '../archive/types'
import type { ImageInput } from '../image/input'

/** The user's own columns. */
export type Metadata = Record<string, string | number | boolean | null>

/** An image that a program makes or finds itself. */
export interface ImageItem {
  /** Unique in the archive: the same id is the same image, also in a later run. */
  id: string
  image: ImageInput
  caption?: string
  metadata?: Metadata
}

/** Columns of a list or of a dump's metadata, by name. */
export interface ListColumns {
  /** Path or URI. Default: the first of path, uri, file, file_path, filepath, file_name, filename, image, image_path. */
  uri?: string
  /** Default: the first of caption, text, TEXT. */
  caption?: string
  /** Default: none; ids are made of the URI. */
  id?: string
  /** Columns of a CSV file that stay strings though their first 100 rows look like numbers (postcodes). */
  text?: readonly string[]
}

export type SourceKind = 'folder' | 'glob' | 'list' | 'tar' | 'image' | 'clip-retrieval'

/** A source with what its name alone does not say. */
export interface SourceSpec {
  uri: string
  /** Default: by what it is (a folder) and by its ending. */
  as?: SourceKind
  columns?: ListColumns
  /** Relative paths of a list or a dump are below this. Default: the folder of the list, the dump itself. */
  base?: string
  /** Of a tar only the members that match this glob. Default: every image. */
  members?: string
}

/**
 * A path or URI (folder, glob, list, tar with or without braces, clip-retrieval dump, one image), the same with more said, or images as they
 * come. Rows keep web addresses without login and signature: what lies behind them can be looked at later where the server gives it
 * without.
 */
export type SourceInput = string | SourceSpec | Iterable<ImageItem> | AsyncIterable<ImageItem>

/** Regions found by a detector: COCO instances or MegaDetector JSON. */
export interface BoxesSpec {
  uri: string
  /** Boxes below it are left out. Default 0: all. */
  minConfidence?: number
}

export interface ShardOptions {
  signal?: AbortSignal
  /** Told of everything that could not be read, an image at a time. */
  onReject?: (reject: Reject) => void
  /** Told in a sentence what works but costs, and which folders are left out since they hold results of ours. */
  onNotice?: (notice: string) => void
}

export interface SourceOptions extends ShardOptions {
  /** Captions: text files beside images, members of tars, columns of lists. Default false. */
  captions?: boolean
  /** '2x2': every image becomes that many rows, columns x rows, each a crop. The image as a whole is a row only if it is added without. */
  tiles?: string
  /** Every image becomes a row a box; images that the file does not name become none. */
  boxes?: string | BoxesSpec
  /**
   * Ids are made of what follows this folder or prefix, where it is one of the URI's. Give it where machines have the same files at different
   * places. Default: ids are made of the whole URI.
   */
  root?: string
}

export interface PlanOptions extends SourceOptions {
  /** Images a shard of a folder, list or dump has, the last of each aside. Default 2,000. A tar is one shard. */
  shardSize?: number
}

/** An image with the name by which a file of boxes knows it: the path below the source, the member of a tar. */
export interface Found {
  image: SourceImage
  name: string
}

/** What all sources are told. */
export interface Context {
  captions: boolean
  root: string | undefined
  signal: AbortSignal | undefined
  onReject: (reject: Reject) => void
  onNotice: (notice: string) => void
  /** Folders that were not walked into, since they hold results of ours. */
  leftOut: Set<string>
  /** Whether an earlier source gave what lies there. */
  isRepeated: (uri: string) => boolean
}

/** A shard before it has an id; `source` is what `openShard` reads again. */
export interface Piece {
  name: string
  source: PieceSource
  images?: number
  files?: import('../storage/store').StoredFile[]
}

/** One of the things that were named as sources. */
export interface Source {
  /** For messages. */
  readonly name: string
  /** What was looked for, where nothing was found. */
  readonly looked: string
  images(context: Context): AsyncIterable<Found>
  pieces(context: Context, size: number): AsyncIterable<Piece>
  /** Says what it gave, when it has given all. */
  claim?(taken: import('./taken').Taken): void
}

export type PieceSource = import('./piece').PieceSource
