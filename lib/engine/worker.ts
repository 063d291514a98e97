import { setTimeout as delay } from 'node:timers/promises'
import { binding } from '../binding'
import { checkOptions, throwIfAborted } from '../options'
import type { FailedRecord } from './attempts'
import { BullEngine } from './bullmq'
import type { Manifest } from './manifest'
import type { OpenOperation, OperationOptions } from './operation'
import { openOperation } from './operations'
import { workerOptions } from './options'
import type { QueueOptions } from './queue-options'
import { connectQueue, type QueueServer } from './redis'
import { Runner } from './runner'
import { listRuns } from './runs'
import { anySignal } from './signals'
import { WorkFolder } from './work-folder'

/** Options of runWorker. */
export interface WorkerOptions extends OperationOptions {
  /** The Redis server that indexSources, or `wordmask index --queue`, was given. */
  queue: QueueOptions
  /** Finishes the shard in hand, then returns. */
  stop?: AbortSignal
  /** Returns once every queue is empty; default: waits for more. */
  untilEmpty?: boolean
  /** Told of what it does, and of what keeps it from a run. */
  onEvent?: (event: WorkerEvent) => void
  /** Attempts at a shard. Default 3. */
  attempts?: number
  /** @internal A worker that is silent for so long loses its shard, in ms. Default 60,000, and no less for real work. */
  lockMs?: number
  /** @internal */
  pollMs?: number
  /** @internal */
  beatMs?: number
  /** @internal Default: those of this package. */
  open?: OpenOperation
}

/** What a worker tells. */
export type WorkerEvent =
  /** It has the model and takes shards of this run. */
  | { type: 'run'; work: string; operation: string; device: string; worker: string }
  | { type: 'shard'; shard: string; images: number; seconds: number; rejects: Record<string, number> }
  | { type: 'failed'; record: FailedRecord }
  /** A run that this machine cannot serve now, and why: others will, and it looks again every minute. */
  | { type: 'cannot'; work: string; code: string; message: string }
  | { type: 'warning'; message: string }

/** The model may have been pulled, the disk emptied. */
const lookAgain = 60_000

/**
 * A worker of a queue: takes shards of every run that the Redis server knows, one at a time, the oldest run first, with the model
 * that the run names. What keeps this machine from serving a run (its model is not here, a full disk) is said once; the run is left
 * to others. A shard whose worker ends without a word is done again by another. Without `stop`, `signal` or `untilEmpty` it works
 * for ever.
 * @returns what this worker did
 * @throws ERR_WORDMASK_DEVICE for one that is not here; ERR_WORDMASK_ABORTED; ERR_WORDMASK_QUEUE, ERR_WORDMASK_PEER; with `untilEmpty` also what keeps this machine from serving all that is left
 */
export async function runWorker(options: WorkerOptions): Promise<{ shards: number; images: number }> {
  checkOptions('runWorker', workerOptions, options)
  const { device, stop, signal, onEvent, pollMs = 2000 } = options
  throwIfAborted(signal)
  if (device !== undefined) binding().checkDevice(device)
  const warn = (message: string) => onEvent?.({ type: 'warning', message })
  const server = await connectQueue({ ...options.queue, onWarning: warn })
  const cannot = new Map<string, { until: number; error: Failure }>()
  const counts = { shards: 0, images: 0 }
  const wake = anySignal(stop, signal)
  try {
    while (!stop?.aborted) {
      throwIfAborted(signal)
      const waiting = await waitingRuns(server).catch(() => undefined)
      const work = waiting?.find((each) => (cannot.get(each)?.until ?? 0) <= performance.now())
      if (work === undefined) {
        if (options.untilEmpty && waiting?.length === 0) break
        if (options.untilEmpty && waiting) throw cannot.get(waiting[0] as string)?.error
        await delay(pollMs, undefined, { signal: wake }).catch(() => {})
        continue
      }
      try {
        await serve(work, server, options, counts)
        cannot.delete(work)
      } catch (error) {
        throwIfAborted(signal)
        if (!isKnown(error)) throw error
        const { code, message } = error
        if (cannot.get(work)?.error.message !== message) onEvent?.({ type: 'cannot', work, code, message })
        cannot.set(work, { until: performance.now() + lookAgain, error })
      }
    }
  } finally {
    await server.close()
  }
  return counts
}

/** Runs with jobs that wait or are in hand (whose workers may die), the oldest first. */
async function waitingRuns(server: QueueServer): Promise<string[]> {
  const waiting: string[] = []
  for (const { work } of await listRuns(server)) if ((await BullEngine.unfinished(server, work)) > 0) waiting.push(work)
  return waiting
}

/** What may be otherwise in a minute, or on another machine: no model, no room, no storage. */
interface Failure {
  code: string
  message: string
}

const isKnown = (error: unknown): error is Failure => String((error as Partial<Failure> | undefined)?.code).startsWith('ERR_WORDMASK_')

async function serve(work: string, server: QueueServer, options: WorkerOptions, counts: { shards: number; images: number }): Promise<void> {
  const { device, batchSize, stop, signal, onEvent, open = openOperation, lockMs, pollMs, beatMs, attempts: most } = options
  const folder = await WorkFolder.open(work)
  const operation = await open(folder.spec, { device, batchSize, signal })
  const onManifest = ({ shard, images, seconds, rejects }: Manifest) => {
    counts.shards++
    counts.images += images
    onEvent?.({ type: 'shard', shard: shard.name, images, seconds, rejects })
  }
  try {
    const runner = await Runner.start(folder, operation, { beatMs, most, signal, stop, asksAtOnce: true, onManifest })
    onEvent?.({ type: 'run', work, operation: folder.spec.name, device: operation.device, worker: runner.worker })
    const engine = new BullEngine(folder, server, { lockMs, pollMs })
    try {
      await engine.work(
        async (id) => {
          const outcome = await runner.handle(id)
          if (outcome.state === 'failed') onEvent?.({ type: 'failed', record: outcome.record })
          return outcome
        },
        { stop, signal },
      )
    } finally {
      await engine.close()
      await runner.close().catch(() => {})
    }
  } finally {
    operation.dispose()
  }
}
