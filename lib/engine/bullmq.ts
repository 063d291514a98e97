import { setTimeout as delay } from 'node:timers/promises'
import type { Job as BullJob, Queue, Worker } from 'bullmq'
import type { Handle, ShardEngine, WorkOptions } from './engine'
import type { Job } from './job'
import type { QueueServer } from './redis'
import { queueName, registerRun } from './runs'
import type { WorkFolder } from './work-folder'

export interface BullOptions {
  /** A worker that is silent for so long loses its shard to others, in ms. Default 60,000. */
  lockMs?: number
  /** How often to ask whether the queue is empty, in ms. Default 2,000. */
  pollMs?: number
}

/** All a job carries: where its books are. Its id is the job's. */
interface JobData {
  work: string
}

/** Ms until a shard is offered again: one that another worker holds, and one that failed. */
const busyFor = 15_000
const againAfter = 2_000
/** Ms that a queue may take to say goodbye. */
const goodbye = 5_000

/**
 * Workers on any machine, found by BullMQ on Redis. Redis only hands jobs round: attempts are counted in storage, so that its loss
 * loses nothing. BullMQ itself neither retries nor gives up.
 */
export class BullEngine implements ShardEngine {
  readonly way = 'bullmq'
  private readonly queue: Queue<JobData>
  private readonly name: string

  constructor(
    private readonly folder: WorkFolder,
    private readonly server: QueueServer,
    private readonly options: BullOptions = {},
  ) {
    this.name = queueName(folder.uri)
    this.queue = new server.bullmq.Queue(this.name, { connection: server.client, prefix: server.prefix, skipMetasUpdate: true })
    this.queue.on('error', (error) => server.warn(`The queue ${server.shown}: ${error.message}`))
  }

  /** The run is announced every time: Redis may have been emptied in between. */
  async offer(jobs: readonly Pick<Job, 'id'>[]): Promise<void> {
    if (jobs.length === 0) return
    await registerRun(this.server, this.folder.uri)
    const data: JobData = { work: this.folder.uri }
    for (let from = 0; from < jobs.length; from += 500) {
      const some = jobs.slice(from, from + 500)
      await this.queue.addBulk(
        some.map(({ id }) => ({ name: this.folder.spec.name, data, opts: { jobId: id, removeOnComplete: true, removeOnFail: true } })),
      )
    }
  }

  /** Jobs of a run that wait or are in hand. */
  static async unfinished(server: QueueServer, work: string): Promise<number> {
    const key = (name: string) => `${server.prefix}:${queueName(work)}:${name}`
    const lists = await Promise.all(['wait', 'paused', 'active'].map((name) => server.client.llen(key(name))))
    const sets = await Promise.all(['delayed', 'prioritized'].map((name) => server.client.zcard(key(name))))
    return [...lists, ...sets].reduce((sum, count) => sum + count, 0)
  }

  async work(handle: Handle, { stop, signal, expectMore }: WorkOptions = {}): Promise<void> {
    const { bullmq, connection, prefix, shown, warn } = this.server
    const { lockMs = 60_000, pollMs = 2000 } = this.options
    let fatal: { error: unknown } | undefined
    let inHand = false
    const ended = () => fatal !== undefined || stop?.aborted === true || signal?.aborted === true
    const leave = new AbortController()
    const onEnd = () => leave.abort()
    stop?.addEventListener('abort', onEnd, { once: true })
    signal?.addEventListener('abort', onEnd, { once: true })
    const process = async (job: BullJob<JobData>, token?: string) => {
      inHand = true
      try {
        const { state } = await handle(job.id as string)
        if (state !== 'busy' && state !== 'again') return
        await job.moveToDelayed(Date.now() + (state === 'busy' ? busyFor : againAfter), token)
      } catch (error) {
        fatal ??= { error }
        onEnd()
        await job.moveToWait(token)
        throw new bullmq.WaitingError()
      } finally {
        inHand = false
      }
      throw new bullmq.DelayedError()
    }
    const worker = new bullmq.Worker<JobData>(this.name, process, {
      ...{ connection: { ...connection, skipVersionCheck: true }, prefix, concurrency: 1, drainDelay: 2, runRetryDelay: 2000 },
      // Attempts are counted in storage; here a job may be handed on as often as its workers die.
      ...{ lockDuration: lockMs, stalledInterval: lockMs / 2, maxStalledCount: Number.MAX_SAFE_INTEGER },
    })
    worker.on('error', (error) => warn(`The queue ${shown}: ${error.message}`))
    try {
      while (!ended()) {
        await delay(pollMs, undefined, { signal: leave.signal }).catch(() => {})
        if (ended() || inHand || (expectMore?.() ?? false)) continue
        // A server that does not answer is waited for: it may come back with jobs.
        if ((await BullEngine.unfinished(this.server, this.folder.uri).catch(() => 1)) === 0) break
      }
    } finally {
      stop?.removeEventListener('abort', onEnd)
      signal?.removeEventListener('abort', onEnd)
      await closeWorker(worker, () => inHand)
    }
    if (fatal) throw fatal.error
  }

  async close(): Promise<void> {
    // The connection is the server's.
    await this.queue.close()
  }
}

/** Waits for the shard in hand, but not for a server that is away. */
async function closeWorker(worker: Worker, inHand: () => boolean): Promise<void> {
  const closed = worker.close()
  closed.catch(() => {})
  for (let waited = 0; waited < goodbye; ) {
    if (await Promise.race([closed.then(() => true), delay(100, false, { ref: false })])) return
    waited = inHand() ? 0 : waited + 100
  }
  await worker.disconnect().catch(() => {})
}
