/** A part of a file, in bytes. */
export interface ByteRange {
  offset: number
  length: number
}

export interface StoredFile {
  uri: string
  bytes: number
  /** Changes when the content does (mtime in ms and size of a file; ETag of an object); absent where nothing tells. */
  version?: string
}

export interface ReadOptions {
  range?: ByteRange
  signal?: AbortSignal
}

/**
 * Files behind one URI scheme: local paths (also `file://`), `s3://bucket/key`, `https://` (read only). Every read is one
 * request. Errors: ERR_WORDMASK_FILE_NOT_FOUND for what is missing, ERR_WORDMASK_IO with the URI and the cause for the rest.
 */
export interface Store {
  readonly scheme: 'file' | 's3' | 'https'
  stat(uri: string, options?: { signal?: AbortSignal }): Promise<StoredFile>
  /** The whole file or the range; ERR_WORDMASK_IO where fewer bytes come than asked for. */
  read(uri: string, options?: ReadOptions): Promise<Buffer>
  /** The same in pieces, with back-pressure. */
  stream(uri: string, options?: ReadOptions): AsyncIterable<Uint8Array>
  /**
   * Every file below a folder, at any depth (`s3://b/a` is the folder `s3://b/a/`), in ascending order of the URI's UTF-8 bytes, as
   * object stores give it: that of code points, not of JavaScript's `<`. A missing folder is an empty one.
   */
  list(prefix: string, options?: { signal?: AbortSignal }): AsyncIterable<StoredFile>
  /**
   * Whole or not at all: written beside, fsynced and renamed, or one conditional PUT. With `ifAbsent` an existing file is left
   * as it is and the answer is false.
   */
  put(uri: string, data: Uint8Array | string, options?: { ifAbsent?: boolean; signal?: AbortSignal }): Promise<boolean>
  /** Of an object store. @throws ERR_WORDMASK_IO where two machines that write below `uri` could overwrite each other */
  checkConditionalPut?(uri: string, options?: { signal?: AbortSignal }): Promise<void>
  /** Missing files are no error. */
  remove(uri: string): Promise<void>
}
