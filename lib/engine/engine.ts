import type { FailedRecord } from './attempts'
import type { Job } from './job'

/** What became of a job that was handed to a worker. */
export type Outcome =
  /** Its manifest is there, by this worker or from before, or nobody plans it any more. */
  | { state: 'done' }
  /** Given up; its record is there. */
  | { state: 'failed'; record: FailedRecord }
  /** A living worker has it. */
  | { state: 'busy' }
  /** This attempt came to nothing; another one may follow. */
  | { state: 'again'; message: string }

/** Does one job. It throws where this worker can do no job at all: storage refuses what it writes, or an abort. */
export type Handle = (id: string) => Promise<Outcome>

export interface WorkOptions {
  /** No further shards once it fires; the one in hand is finished. */
  stop?: AbortSignal
  /** Leaves the shard in hand at once, too. */
  signal?: AbortSignal
  /** Asked when nothing is left to do; true waits for more (planning goes on). Default: never. */
  expectMore?: () => boolean
}

/** How shards find workers: the ways differ in nothing else. What is done is told by storage alone. */
export interface ShardEngine {
  readonly way: 'local' | 'static' | 'bullmq'
  /** Tells the workers of planned jobs. Telling twice, or of jobs that are done, changes nothing. */
  offer(jobs: readonly Pick<Job, 'id'>[]): Promise<void>
  /** Hands jobs to `handle`, one at a time, until none is left to do. */
  work(handle: Handle, options?: WorkOptions): Promise<void>
  close(): Promise<void>
}
