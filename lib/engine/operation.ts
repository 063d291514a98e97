import type { Shard } from '../archive/types'

/**
 * What decides an output, the shard aside. JSON: it is kept in storage, and workers on other machines make the operation again
 * from it.
 */
export interface OperationSpec {
  /** Which code: 'embed'. */
  name: string
  /** Every option that changes the output, and none other: two configs are two runs. */
  config: Record<string, unknown>
  /** sha256 over the model's weight files, as archive.json has it; '' for an operation without a model. */
  weights: string
  /** What the model is called where the run was planned: a built-in name, a pulled ID, a path. No part of the identity. */
  model?: string
}

/** What an operation is given beside its shard. */
export interface ShardContext {
  /** Aborts the shard; nothing of it is written then. */
  signal: AbortSignal
  /** 1 for the first time. */
  attempt: number
  /**
   * True where an earlier attempt ended without an answer: go image by image, so that the one that ends the process is named.
   */
  careful: boolean
  /** Before work on an image: should the process end now, this image is named. With `careful` it is on disk when this resolves. */
  working(image: string): Promise<void>
  /** Images done so far. */
  onProgress(images: number): void
}

/** A file of an output; its name is the operation's own, such as 'rows.arrow'. */
export interface OutputFile {
  name: string
  data: Uint8Array
}

/** What became of a shard. Bounded by the size of a shard: it is held in memory until it is written. */
export interface ShardOutput {
  files: OutputFile[]
  /** Images looked at, and those of them without a result. */
  images: number
  /** How many images of `images` were left out, by the code of their error. */
  rejects: Record<string, number>
}

/** A batch operation: the same output for the same shard, on any machine, as often as it is asked for. */
export interface Operation {
  readonly spec: OperationSpec
  /** 'cpu', 'cuda:0': for `status`. */
  readonly device: string
  /**
   * Images that cannot be read are counted, never thrown. What is thrown fails the attempt: a shard that cannot be opened, a full
   * disk.
   */
  run(shard: Shard, context: ShardContext): Promise<ShardOutput>
  dispose(): void
}

/** How a process takes part; nothing of it changes an output. */
export interface OperationOptions {
  /** As in Clip.load. Default 'auto'. */
  device?: string
  /** Images encoded together. Default 16. */
  batchSize?: number
  signal?: AbortSignal
}

/**
 * Makes an operation on this machine. @throws ERR_WORDMASK_MODEL_NOT_FOUND with the line to type where its model is not here
 */
export type OpenOperation = (spec: OperationSpec, options: OperationOptions) => Promise<Operation>
