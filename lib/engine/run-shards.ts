import { binding } from '../binding'
import { invalidArgument } from '../errors'
import { BullEngine } from './bullmq'
import { type CoordinateOptions, coordinate, type RunSummary } from './coordinate'
import { LocalEngine } from './local'
import { Processes } from './processes'
import type { QueueOptions } from './queue-options'
import { connectQueue } from './redis'
import { forgetRun } from './runs'
import { type Part, StaticEngine } from './static'
import type { WorkFolder } from './work-folder'

/** Who does the shards of a run. */
export interface WorkersOptions {
  /**
   * Hand the shards to the workers of a queue (`runWorker`, on any machine that reaches the results and the sources), and do none here.
   * Default: worker processes of this machine.
   */
  queue?: QueueOptions
  /** Do only this part of the shards, here: for job arrays. What is finished is taken over. */
  part?: Part
  /** Worker processes of this machine, one a device: ['cuda:0', 'cuda:1'], ['cpu', 'cpu']. Default ['auto']. */
  devices?: readonly string[]
  /** Images encoded together, where the operation encodes several. Default 32. */
  batchSize?: number
  /** A shard is given up after so many attempts that came to nothing. Default 3. */
  attempts?: number
  /** Told in a sentence what goes on in spite of a fault. */
  onWarning?: (message: string) => void
}

type Asked = { [Name in keyof WorkersOptions]: WorkersOptions[Name] | undefined }

/**
 * Devices too, since where nothing is left to do no worker would ask for them.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for a part beside a queue, and for what names no device; ERR_WORDMASK_DEVICE for one that is not here
 */
export function checkWorkers({ queue, part, devices = [] }: Partial<Asked>): void {
  if (queue && part) throw invalidArgument('part', 'none beside a queue, which divides the shards itself', part)
  for (const device of devices) binding().checkDevice(device)
}

/**
 * Plans the shards of an operation and has them done: by worker processes of this machine, or by the workers of a queue.
 * @throws what a worker could not begin for; ERR_WORDMASK_QUEUE, ERR_WORDMASK_PEER
 */
export async function runShards(folder: WorkFolder, workers: Asked, run: Omit<CoordinateOptions, 'engine' | 'part'>): Promise<RunSummary> {
  const { queue, part, devices, batchSize, attempts, onWarning } = workers
  if (queue) return overQueue(folder, { ...queue, onWarning: queue.onWarning ?? onWarning }, run)
  const { pollMs, beatMs } = run
  const processes = new Processes(folder, { devices, batchSize, attempts, onWarning, pollMs, beatMs })
  return onThisMachine(folder, processes, { ...run, engine: part ? new StaticEngine([]) : new LocalEngine(folder), part })
}

async function onThisMachine(folder: WorkFolder, processes: Processes, options: CoordinateOptions): Promise<RunSummary> {
  const { part, stop, signal } = options
  const onAbort = () => void processes.abandon()
  signal?.addEventListener('abort', onAbort, { once: true })
  let over = false
  // A part is known when the plan is complete; without one, workers begin with the first shard: what is no source starts none.
  async function* begun() {
    let started = part !== undefined
    for await (const shard of options.shards) {
      if (!started && !over && !stop?.aborted && !signal?.aborted) processes.start()
      started = true
      yield shard
    }
  }
  try {
    const onPlanned = part ? (ids: readonly string[]) => processes.start(ids) : undefined
    const own = { shards: begun(), onPlanned, check: () => processes.check(), leave: () => processes.stop() }
    const summary = await coordinate(folder, { ...options, ...own })
    await processes.finish()
    return summary
  } catch (error) {
    over = true
    await processes.abandon()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

async function overQueue(folder: WorkFolder, queue: QueueOptions, options: Omit<CoordinateOptions, 'engine'>): Promise<RunSummary> {
  const server = await connectQueue(queue)
  const engine = new BullEngine(folder, server)
  try {
    const summary = await coordinate(folder, { ...options, engine })
    if (!summary.stopped) await forgetRun(server, folder.uri).catch(() => {})
    return summary
  } finally {
    await engine.close().catch(() => {})
    await server.close()
  }
}
