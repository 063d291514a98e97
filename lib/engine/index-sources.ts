import { Archive } from '../archive/archive'
import { checkHashes } from '../archive/identity'
import { type ArchiveRecord, readRows } from '../archive/records'
import type { Reject, Shard } from '../archive/types'
import { invalidArgument } from '../errors'
import { checkOptions } from '../options'
import { checkSources, type PlanOptions, planShards, type SourceInput } from '../sources'
import type { Finished } from './collect'
import type { CoordinateOptions, RunProgress, RunSummary } from './coordinate'
import { embedSpec, rowsFile } from './embed'
import { indexOptions } from './options'
import { checkWorkers, runShards, type WorkersOptions } from './run-shards'
import { WorkFolder, workBase } from './work-folder'

/** Options of indexSources; those of the sources are as in Archive.add. */
export interface IndexOptions extends Omit<PlanOptions, 'signal' | 'onReject'>, WorkersOptions {
  /** Apply the EXIF orientation. Default true. */
  orient?: boolean
  /** Images with more pixels are rejected. Default 178,956,970. */
  maxPixels?: number
  /** Workers finish the shards in hand, what is done is committed, and the call returns. */
  stop?: AbortSignal
  /** Workers end at once and the call rejects; what was finished is found again by the next call. */
  signal?: AbortSignal
  /** Told at every look at the shards: every second, on an object store every five. */
  onProgress?: (progress: RunProgress) => void
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
 * @throws ERR_WORDMASK_DEVICE for one that is not here; what a worker could not begin for; ERR_WORDMASK_QUEUE, ERR_WORDMASK_PEER; those
 *   of planShards and Archive.addRecords
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
  checkHashes(archive.parts.identity, archive.parts.place)
  checkWorkers({ queue, part, devices })
  // A source that is none leaves no run behind.
  await checkSources(sources, { ...shape, signal })
  const folder = await WorkFolder.create(workBase(archive.uri), await embedSpec(clip, { orient, maxPixels }))
  const rejects: Reject[] = []
  const shards: AsyncIterable<Shard> = planShards(sources, { ...shape, signal, onReject: (reject) => rejects.push(reject) })
  const collect = (outputs: Finished[]) => archive.addRecords(records(outputs, rejects.splice(0)), { signal })
  const workers = { queue, part, devices, batchSize, attempts, onWarning }
  const summary = await runShards(folder, workers, { shards, collect, stop, signal, onProgress, ...timing })
  if (rejects.length > 0) await collect([])
  return summary
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
