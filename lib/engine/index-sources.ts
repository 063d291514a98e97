import { Archive } from '../archive/archive'
import { type ArchiveRecord, readRows } from '../archive/records'
import type { Reject, Shard } from '../archive/types'
import { invalidArgument } from '../errors'
import { checkOptions } from '../options'
import { type PlanOptions, planShards, type SourceInput } from '../sources'
import { BullEngine } from './bullmq'
import type { Finished } from './collect'
import { type CoordinateOptions, coordinate, type RunProgress, type RunSummary } from './coordinate'
import { embedSpec, rowsFile } from './embed'
import { LocalEngine } from './local'
import { indexOptions } from './options'
import { Processes } from './processes'
import type { QueueOptions } from './queue-options'
import { connectQueue } from './redis'
import { forgetRun } from './runs'
import { type Part, StaticEngine } from './static'
import { WorkFolder, workBase } from './work-folder'

/** Options of indexSources; those of the sources are as in Archive.add. */
export interface IndexOptions extends Omit<PlanOptions, 'signal' | 'onReject'> {
  /**
   * Hand the shards to the workers of a queue (`runWorker`, on any machine that reaches the archive and the sources), and embed none here.
   * Default: worker processes of this machine.
   */
  queue?: QueueOptions
  /** Embed only this part of the shards, here: for job arrays. The archive gets what is finished. */
  part?: Part
  /** Worker processes of this machine, one a device: ['cuda:0', 'cuda:1'], ['cpu', 'cpu']. Default ['auto']. */
  devices?: readonly string[]
  /** Images encoded together. Default 32. */
  batchSize?: number
  /** Apply the EXIF orientation. Default true. */
  orient?: boolean
  /** Images with more pixels are rejected. Default 178,956,970. */
  maxPixels?: number
  /** A shard is given up after so many attempts that came to nothing. Default 3. */
  attempts?: number
  /** Workers finish the shards in hand, what is done is committed, and the call returns. */
  stop?: AbortSignal
  /** Workers end at once and the call rejects; what was finished is found again by the next call. */
  signal?: AbortSignal
  /** Told at every look at the shards: every second, on an object store every five. */
  onProgress?: (progress: RunProgress) => void
  /** Told in a sentence what goes on in spite of a fault. */
  onWarning?: (message: string) => void
  /** @internal Times for tests. */
  timing?: Pick<CoordinateOptions, 'pollMs' | 'offerMs' | 'beatMs' | 'collector'>
}

/**
 * Indexes sources shard by shard, by several processes or machines: `Archive.add` for more than one device. A tar is a shard, folders and
 * lists are cut into slices of `shardSize` images. Everything that is done is kept below the archive; the same call again goes on
 * where it stopped, also after a crash of all of them, and gives shards that had failed another chance. A shard that is done is not
 * looked at again: where files change under their names, `Archive.add` finds them. Returns when every shard is done and committed,
 * or given up.
 * @param archive opened with its clip
 * @throws what a worker could not begin for; ERR_WORDMASK_QUEUE, ERR_WORDMASK_PEER; those of planShards and Archive.addRecords
 */
export async function indexSources(
  archive: Archive,
  sources: SourceInput | SourceInput[],
  options: IndexOptions = {},
): Promise<RunSummary> {
  checkOptions('indexSources', indexOptions, options)
  const { queue, part, devices, batchSize, orient, maxPixels, attempts, stop, signal, onProgress, onWarning, timing, ...shape } = options
  if (!(archive instanceof Archive)) throw invalidArgument('the archive', 'an Archive that is open', archive)
  const clip = archive.parts.options.clip
  if (!clip) throw invalidArgument('the archive', 'one that was opened with its clip', 'one without')
  if (queue && part) throw invalidArgument('part', 'none beside a queue, which divides the shards itself', part)
  const folder = await WorkFolder.create(workBase(archive.uri), await embedSpec(clip, { orient, maxPixels }))
  const rejects: Reject[] = []
  const shards: AsyncIterable<Shard> = planShards(sources, { ...shape, signal, onReject: (reject) => rejects.push(reject) })
  const collect = (outputs: Finished[]) => archive.addRecords(records(outputs, rejects.splice(0)), { signal })
  const shared = { shards, collect, stop, signal, onProgress, ...timing }
  const run = queue ? overQueue(folder, { ...queue, onWarning: queue.onWarning ?? onWarning }, shared) : here()
  const summary = await run
  if (rejects.length > 0) await collect([])
  return summary

  function here(): Promise<RunSummary> {
    const processes = new Processes(folder, { devices, batchSize, attempts, onWarning, pollMs: timing?.pollMs, beatMs: timing?.beatMs })
    return onThisMachine(folder, processes, { ...shared, engine: part ? new StaticEngine([]) : new LocalEngine(folder), part })
  }
}

async function onThisMachine(folder: WorkFolder, processes: Processes, options: CoordinateOptions): Promise<RunSummary> {
  const { part, stop, signal } = options
  const onAbort = () => void processes.abandon()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    // A part is known when the plan is complete; without one, workers begin with the first shard.
    if (!part && !stop?.aborted) processes.start()
    const onPlanned = part ? (ids: readonly string[]) => processes.start(ids) : undefined
    const summary = await coordinate(folder, { ...options, onPlanned, check: () => processes.check(), leave: () => processes.stop() })
    await processes.finish()
    return summary
  } catch (error) {
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

/** Rows of finished shards and what the plan itself could not read; rows get their time now. */
async function* records(outputs: readonly Finished[], rejects: readonly Reject[]): AsyncGenerator<ArchiveRecord> {
  const addedAt = new Date().toISOString()
  for (const reject of rejects) yield { reject }
  for (const { manifest, files } of outputs) {
    const rows = readRows(whole(files[rowsFile] as Buffer), manifest.shard.name)
    for await (const { record } of rows) {
      if ('row' in record) record.row.addedAt = addedAt
      yield record
    }
  }
}

async function* whole(data: Buffer): AsyncGenerator<Uint8Array> {
  yield data
}
