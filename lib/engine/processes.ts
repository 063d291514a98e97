import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type ErrorCode, WordmaskError } from '../errors'
import type { ChildStart, FromChild, ToChild } from './child'
import type { WorkFolder } from './work-folder'

export interface ProcessesOptions {
  /** A process each; 'cuda:1' sees that GPU alone. Default one process on 'auto'. */
  devices?: readonly string[]
  batchSize?: number
  beatMs?: number
  pollMs?: number
  /** Attempts at a shard. Default 3. */
  attempts?: number
  /** Module that exports `openOperation`. Default: this package's. */
  operations?: string
  /** A worker that ended over a shard, and was started again. */
  onWarning?: (message: string) => void
}

/** Ms before a worker that ended without a word is started again. */
const restartAfter = 1000
/** A worker that ends while it loads its model may have met a moment without memory; so many do not. */
const mostEarlyEnds = 3
/** Ms that a worker has to put a shard down. */
const patience = 5000

interface Member {
  device: string
  ids: string[] | undefined
  child: ChildProcess
  ready: boolean
}

/**
 * The worker processes of one machine. One that crashes is started again: the shard it had is counted against, so that a
 * shard that kills its workers is given up in the end. One that cannot begin, or that storage refuses, is reported by `check`.
 */
export class Processes {
  private readonly members = new Set<Member>()
  private failure: WordmaskError | undefined
  /** Ends in a row of workers that had not begun. */
  private endedEarly = 0
  private ending = false
  private enough = false

  constructor(
    private readonly folder: WorkFolder,
    private readonly options: ProcessesOptions = {},
  ) {}

  /** @param ids the shards to do, divided among the processes; default: whatever is open */
  start(ids?: readonly string[]): void {
    const devices = this.options.devices ?? ['auto']
    for (const [i, device] of devices.entries())
      this.spawn(
        device,
        ids?.filter((_, position) => position % devices.length === i),
      )
  }

  /** @throws what a worker could not begin or go on for */
  check(): void {
    if (this.failure) throw this.failure
  }

  /** Process numbers of those that run. */
  get pids(): number[] {
    return [...this.members].flatMap(({ child }) => child.pid ?? [])
  }

  /** Nothing more will come: they end once nothing is open. Resolves when all have ended. */
  async finish(): Promise<void> {
    this.enough = true
    await this.tell({ type: 'enough' })
  }

  /** They finish what is in hand. Resolves when all have ended. */
  async stop(): Promise<void> {
    this.ending = true
    await this.tell({ type: 'stop' })
  }

  /** At once: what was in hand is left, and blamed on nobody. Resolves when all have ended. */
  async abandon(): Promise<void> {
    this.ending = true
    const all = [...this.members].map(async ({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      // 'close' does not come after a disconnect from this side.
      const exited = once(child, 'exit')
      if (child.connected) child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), patience)
      await exited
      clearTimeout(late)
    })
    await Promise.all(all)
    this.members.clear()
  }

  private async tell(message: ToChild): Promise<void> {
    const all = [...this.members].map(({ child }) => {
      if (child.connected) child.send(message, () => {})
      return new Promise<void>((resolve) => child.once('close', () => resolve()))
    })
    await Promise.all(all)
  }

  private spawn(device: string, ids: string[] | undefined): void {
    const { devices, batchSize, beatMs, pollMs, attempts, operations = join(__dirname, 'operations.js') } = this.options
    const gpu = visibleGpu(device, process.env.CUDA_VISIBLE_DEVICES)
    const threads = Math.max(1, Math.floor(availableParallelism() / (devices?.length ?? 1)))
    const child = fork(join(__dirname, 'child.js'), [], {
      env: { WORDMASK_THREADS: String(threads), ...process.env, ...(gpu !== undefined && { CUDA_VISIBLE_DEVICES: gpu }) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const member: Member = { device, ids, child, ready: false }
    this.members.add(member)
    child.on('message', (message: FromChild) => this.hear(member, message))
    child.on('error', (error) => this.fail('ERR_WORDMASK_INTERNAL', `A worker process cannot be started: ${error.message}`))
    child.on('close', (code, signal) => this.closed(member, code, signal))
    const start: ChildStart = {
      work: this.folder.uri,
      device: gpu === undefined ? device : 'cuda',
      batchSize,
      ids,
      beatMs,
      pollMs,
      attempts,
      operations,
    }
    child.send({ type: 'start', start } satisfies ToChild, () => {})
    if (this.enough) child.send({ type: 'enough' } satisfies ToChild, () => {})
  }

  private hear(member: Member, message: FromChild): void {
    if (message.type === 'ready') {
      member.ready = true
      this.endedEarly = 0
    } else if (message.type === 'ended') this.members.delete(member)
    else this.fail(message.code as ErrorCode, message.message)
  }

  private closed(member: Member, code: number | null, signal: NodeJS.Signals | null): void {
    const expected = !this.members.delete(member) || this.ending || this.failure !== undefined
    if (expected) return
    const how = signal ?? `exit code ${code}`
    if (!member.ready && ++this.endedEarly >= mostEarlyEnds) {
      this.fail('ERR_WORDMASK_INTERNAL', `A worker on ${member.device} ended while it began (${how}), ${this.endedEarly} times in a row`)
      return
    }
    this.options.onWarning?.(`a worker on ${member.device} ended (${how}); starting it again`)
    setTimeout(() => {
      if (!this.ending && !this.enough && !this.failure) this.spawn(member.device, member.ids)
    }, restartAfter)
  }

  private fail(code: ErrorCode, message: string): void {
    this.failure ??= new WordmaskError(code, message)
  }
}

/**
 * What a worker on 'cuda:N' sees of the GPUs: the Nth of those that this process sees. Undefined for other devices.
 * @param visible CUDA_VISIBLE_DEVICES of this process
 */
export function visibleGpu(device: string, visible: string | undefined): string | undefined {
  const [, index] = /^cuda:(\d+)$/.exec(device) ?? []
  return index === undefined ? undefined : (visible?.split(',')[Number(index)]?.trim() ?? index)
}
