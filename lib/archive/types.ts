import type { StoredFile } from '../storage/store'

/** Where the bytes of one image lie: a file, or a range of a shard (`uri` is then the shard's). */
export interface ImagePlace {
  uri: string
  /** Name of the member within the shard (WebDataset key with ending); absent for a file of its own. */
  key?: string
  offset?: number
  length?: number
}

/** Pixels of the upright parent image: left, top, width, height. */
export type Box = [number, number, number, number]

/** The user's own columns: numbers, strings, booleans. */
export type Metadata = Record<string, string | number | boolean | null>

/** One image as a source names it; nothing of it is read yet. */
export interface SourceImage extends ImagePlace {
  /** Stable: made of shard and member or of the URI, never of a key alone; a crop adds its box. */
  id: string
  /**
   * Changes when the content does (StoredFile.version of the file or shard). Where it is that of the row, a later `add` does
   * not read the image again; where it is absent, the bytes are read and their hash decides.
   */
  version?: string
  caption?: string
  metadata?: Metadata
  /** The row of a crop: its parent's id and the box within it. */
  parent?: string
  box?: Box
  /** The bytes of the image file. Errors are the image's alone: it is rejected, the stream goes on. */
  bytes(signal?: AbortSignal): Promise<Uint8Array>
  /** Known already (a clip-retrieval dump): unit length not required. */
  vector?: Float32Array
}

/** What could not be read, by the code of the error. */
export interface Reject extends ImagePlace {
  id: string
  version?: string
  code: string
  reason: string
}

/** A piece of work that one process takes as a whole: a tar, a slice of a list or of a folder. */
export interface Shard {
  /** Stable hash of what is in it. */
  id: string
  /** For messages and `status`. */
  name: string
  /** JSON: what `openShard` needs to make the images again, on any machine; URIs only, no data. */
  source: unknown
  /** Where known. */
  images?: number
  files?: StoredFile[]
}

/** One row of the archive as it is given out; `vector` and user columns only where asked for. */
export interface ArchiveRow extends ImagePlace {
  id: string
  version?: string
  /** Of the upright image, in pixels; of a crop its parent's (the crop's own are in `box`). */
  width: number
  height: number
  /** Of the file; of a crop its parent's. */
  bytes: number
  /** Of the file's bytes, hex; of a crop its parent's. */
  sha256: string
  /** 64-bit perceptual hash of the upright image or crop, 16 hex digits. */
  phash: string
  caption?: string
  parent?: string
  box?: Box
  /** ISO 8601, UTC. */
  addedAt: string
  metadata?: Metadata
  /** Unit length, as stored (half precision). */
  vector?: Float32Array
}

/** A row with its vector, on its way into an archive: what a worker's fragment and the journal hold. */
export interface EmbeddedRow extends Omit<ArchiveRow, 'vector'> {
  /** IEEE half precision, unit length. */
  vector: Uint16Array
}

/** Best first; of equal scores the row that was added first. */
export interface SearchHit extends ArchiveRow {
  /** Cosine. */
  score: number
}
