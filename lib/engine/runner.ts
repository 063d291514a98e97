import { setTimeout as delay } from 'node:timers/promises'
import type { Shard } from '../archive/types'
import { type AttemptOptions, Attempts } from './attempts'
import type { Handle, Outcome } from './engine'
import type { Job } from './job'
import { Liveness } from './liveness'
import { finish, type Manifest } from './manifest'
import type { Operation, ShardOutput } from './operation'
import { Pulse } from './pulse'
import type { WorkFolder } from './work-folder'

export interface RunnerOptions extends Omit<AttemptOptions, 'isAlive'> {
  /** Seconds may pass unseen by others up to six times this. Default 10,000. */
  beatMs?: number
  signal?: AbortSignal
  /** Fires when the user asks to stop: an end after that is not blamed on the shard. */
  stop?: AbortSignal
  /** Whether to ask at once (a queue gave the shard away, so its last holder is likely gone) or to wait in patience. */
  asksAtOnce?: boolean
  onManifest?: (manifest: Manifest) => void
}

/** Waits between tries to write an output, in ms; then storage counts as broken. */
const writeAgainAfter = [1000, 5000]

/** A worker: does the jobs of one operation that an engine hands to it. */
export class Runner {
  private readonly attempts: Attempts
  private readonly off: () => void

  private constructor(
    private readonly folder: WorkFolder,
    private readonly operation: Operation,
    private readonly pulse: Pulse,
    private readonly options: RunnerOptions,
  ) {
    const liveness = new Liveness(folder)
    const { most, asksAtOnce, signal, stop } = options
    const isAlive = asksAtOnce ? async (worker: string) => (await liveness.watch(worker, signal)).alive : undefined
    this.attempts = new Attempts(folder, pulse.worker, liveness, { most, isAlive })
    const onStop = () => void pulse.stopping()
    stop?.addEventListener('abort', onStop, { once: true })
    this.off = () => stop?.removeEventListener('abort', onStop)
  }

  static async start(folder: WorkFolder, operation: Operation, options: RunnerOptions = {}): Promise<Runner> {
    return new Runner(folder, operation, await Pulse.start(folder, { device: operation.device, beatMs: options.beatMs }), options)
  }

  get worker(): string {
    return this.pulse.worker
  }

  readonly handle: Handle = async (id) => {
    if (await this.folder.has('done', id)) return { state: 'done' }
    const shard = await this.folder.read<Shard>('shards', id)
    // A queue may remember jobs of an archive that was removed.
    if (shard === undefined) return { state: 'done' }
    const job = { id, shard }
    const turn = await this.attempts.take(job)
    if (turn.kind === 'failed') return { state: 'failed', record: turn.record }
    if (turn.kind !== 'taken') return { state: turn.kind }
    try {
      await this.pulse.begin(id, shard.name)
      return await this.attempt(job, turn.attempt, turn.careful)
    } finally {
      this.pulse.end()
    }
  }

  /** Ends the heartbeat. */
  async close(): Promise<void> {
    this.off()
    await this.pulse.stop()
  }

  private async attempt(job: Job, attempt: number, careful: boolean): Promise<Outcome> {
    const { signal = never } = this.options
    const since = performance.now()
    let output: ShardOutput
    try {
      output = await this.operation.run(job.shard, {
        signal,
        attempt,
        careful,
        working: (image) => this.pulse.image(image, careful),
        onProgress: (images) => this.pulse.progress(images),
      })
    } catch (error) {
      if (signal.aborted) return this.leave(job, attempt, error)
      const { code, message } = error as { code?: string; message: string }
      await this.attempts.giveBack(job.id, attempt, { state: 'error', code, message, image: this.pulse.imageInHand })
      const record = await this.attempts.giveUp(job)
      return record === undefined ? { state: 'again', message } : { state: 'failed', record }
    }
    try {
      const seconds = Math.round(performance.now() - since) / 1000
      await this.write(job, output, { worker: this.pulse.worker, attempt, seconds })
    } catch (error) {
      return this.leave(job, attempt, error)
    }
    await this.attempts.clear(job.id)
    return { state: 'done' }
  }

  private async write(job: Job, output: ShardOutput, facts: Parameters<typeof finish>[3]): Promise<void> {
    for (const wait of [...writeAgainAfter, undefined]) {
      try {
        const { manifest } = await finish(this.folder, job, output, facts)
        return this.options.onManifest?.(manifest)
      } catch (error) {
        if (wait === undefined || this.options.signal?.aborted) throw error
        await delay(wait, undefined, { signal: this.options.signal }).catch(() => {})
      }
    }
  }

  /** Not the shard's fault: it is left to others, and this worker ends. */
  private async leave(job: Job, attempt: number, error: unknown): Promise<never> {
    await this.attempts.giveBack(job.id, attempt, { state: 'interrupted' }).catch(() => {})
    throw error
  }
}

const never = new AbortController().signal
