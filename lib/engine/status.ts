import { checkPath } from '../arguments'
import { mapOrdered } from '../image/stream'
import { checkOptions } from '../options'
import type { FailedRecord } from './attempts'
import { readCrew, timeLeft, type WorkerStatus } from './crew'
import { readManifest } from './manifest'
import { statusOptions } from './options'
import type { QueueOptions } from './queue-options'
import { WorkFolder, workBase } from './work-folder'

/** One operation over the shards of an archive. */
export interface RunStatus {
  operation: string
  work: string
  model: string | undefined
  /** `running` are in the hands of living workers; `waiting` the rest of those that are not done. */
  shards: { total: number; done: number; committed: number; running: number; waiting: number; failed: number }
  /** In the shards that are done. */
  images: number
  rejects: Record<string, number>
  failures: FailedRecord[]
  /** Those that work, and those that ended without a word (`alive` false). */
  workers: WorkerStatus[]
  /** Of all living workers together. */
  imagesPerSecond: number
  /** Ms, from that rate and the mean size of a shard; undefined where either is unknown. */
  timeLeftMs: number | undefined
  /** Jobs that the queue knows of, where one was asked for. */
  queued?: number
}

export interface StatusOptions {
  queue?: QueueOptions
  signal?: AbortSignal
}

/** Manifests read at once: on an object store one takes tens of milliseconds. */
const readsAtOnce = 16

/**
 * What goes on below an archive, told from its storage alone, on any machine; with `queue` also what Redis knows. Empty where no
 * engine has worked on it. @throws ERR_WORDMASK_QUEUE, ERR_WORDMASK_IO
 */
export async function indexStatus(archive: string, options: StatusOptions = {}): Promise<RunStatus[]> {
  checkPath('the archive', archive)
  checkOptions('indexStatus', statusOptions, options)
  const { queue, signal } = options
  const runs: RunStatus[] = []
  for await (const folder of WorkFolder.all(workBase(archive))) runs.push(await runStatus(folder, signal))
  if (queue === undefined) return runs
  const [{ connectQueue }, { BullEngine }] = await Promise.all([import('./redis.js'), import('./bullmq.js')])
  const server = await connectQueue(queue)
  try {
    return await Promise.all(runs.map(async (run) => ({ ...run, queued: await BullEngine.unfinished(server, run.work) })))
  } finally {
    await server.close()
  }
}

/** The same for one work folder. */
export async function runStatus(folder: WorkFolder, signal?: AbortSignal): Promise<RunStatus> {
  const names = (kind: 'shards' | 'done' | 'failed' | 'committed') => folder.names(kind, { signal })
  const [planned, done, failed, committed] = await Promise.all([names('shards'), names('done'), names('failed'), names('committed')])
  const workers = await readCrew(folder, signal)
  const { images, rejects } = await sumManifests(folder, done, signal)
  const isDone = new Set(done)
  const givenUp = failed.filter((id) => !isDone.has(id))
  const isSettled = new Set([...done, ...failed])
  const open = planned.filter((id) => !isSettled.has(id))
  const inHand = new Set(workers.flatMap(({ alive, job }) => (alive && job) || []))
  const running = open.filter((id) => inHand.has(id)).length
  return {
    operation: folder.spec.name,
    work: folder.uri,
    model: folder.spec.model,
    shards: {
      ...{ total: planned.length, done: done.length, committed: committed.length },
      ...{ running, waiting: open.length - running, failed: givenUp.length },
    },
    images,
    rejects,
    failures: (await Promise.all(givenUp.map((id) => folder.read<FailedRecord>('failed', id)))).filter((record) => record !== undefined),
    workers,
    imagesPerSecond: workers.reduce((sum, { alive, imagesPerSecond }) => sum + (alive ? imagesPerSecond : 0), 0),
    timeLeftMs: timeLeft(workers, open.length, images / done.length),
  }
}

async function sumManifests(folder: WorkFolder, done: string[], signal?: AbortSignal): Promise<Pick<RunStatus, 'images' | 'rejects'>> {
  const sums: Pick<RunStatus, 'images' | 'rejects'> = { images: 0, rejects: {} }
  const manifests = mapOrdered(done, (id) => readManifest(folder, id), { concurrency: readsAtOnce, signal })
  for await (const manifest of manifests) if (manifest) addCounts(sums, manifest)
  return sums
}

/** Adds what one shard gave. */
export function addCounts(sums: Pick<RunStatus, 'images' | 'rejects'>, { images, rejects }: Pick<RunStatus, 'images' | 'rejects'>): void {
  sums.images += images
  for (const [code, count] of Object.entries(rejects)) sums.rejects[code] = (sums.rejects[code] ?? 0) + count
}
