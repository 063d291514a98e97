import type { Shard } from '../archive/types'
import type { Job } from './job'
import type { Liveness } from './liveness'
import type { WorkFolder } from './work-folder'

/** attempts/<job>.<n>.json: whoever makes the file has the shard; the next number is for whoever comes after. */
interface AttemptRecord {
  worker: string
  at: string
  state: 'running' | 'error' | 'interrupted'
  code?: string
  message?: string
  image?: string
}

/** failed/<job>.json */
export interface FailedRecord {
  job: string
  shard: { id: string; name: string }
  attempts: number
  code: string
  message: string
  /** In hand when it failed, where that is known. */
  image?: string
  worker: string
  at: string
}

/** How asking for a shard ended. */
export type Turn =
  | { kind: 'taken'; attempt: number; careful: boolean }
  /** Somebody who is alive has it, or came first. */
  | { kind: 'busy' }
  | { kind: 'done' }
  | { kind: 'failed'; record: FailedRecord }

export interface AttemptOptions {
  /** A shard is given up after this many attempts that ended in an error or with their process. Default 3. */
  most?: number
  /** Whether the last one to begin a shard is still at it. Default: one that is silent is waited for, see `Liveness.look`. */
  isAlive?: (worker: string) => Promise<boolean>
}

/** Leases on shards, and the count of those that came to nothing. A lease is a heartbeat's: a dead worker's is taken over. */
export class Attempts {
  constructor(
    private readonly folder: WorkFolder,
    private readonly worker: string,
    private readonly liveness: Liveness,
    private readonly options: AttemptOptions = {},
  ) {}

  /** Asks for a shard. */
  async take({ id, shard }: Job): Promise<Turn> {
    const records = await this.history(id)
    const last = records.at(-1)
    if (last?.state === 'running' && (await this.isAlive(last.worker))) return { kind: 'busy' }
    const { failures, record } = await this.judge(id, shard, records)
    if (record) return { kind: 'failed', record }
    const attempt = records.length + 1
    if (!(await this.write(id, attempt, { state: 'running' }, true))) return { kind: 'busy' }
    // Its last holder may have finished between the listing and now.
    if (await this.folder.has('done', id)) {
      await this.clear(id)
      return { kind: 'done' }
    }
    return { kind: 'taken', attempt, careful: failures > 0 }
  }

  /** The record of a shard that has failed too often, made here; undefined for one that may be tried again. */
  async giveUp({ id, shard }: Job): Promise<FailedRecord | undefined> {
    return (await this.judge(id, shard, await this.history(id))).record
  }

  /** Gives a shard back. An interruption is no fault of the shard and does not count. */
  async giveBack(id: string, attempt: number, end: Omit<AttemptRecord, 'worker' | 'at'>): Promise<void> {
    await this.write(id, attempt, end, false)
  }

  /** Forgets the attempts of a shard, the last one first, so that what is left has no gaps. */
  async clear(id: string): Promise<void> {
    for (let n = (await this.history(id)).length; n > 0; n--) await this.folder.remove('attempts', `${id}.${n}`)
  }

  private async judge(
    id: string,
    { id: shard, name }: Shard,
    records: AttemptRecord[],
  ): Promise<{ failures: number; record?: FailedRecord }> {
    const failures = (await Promise.all(records.map((record) => this.failure(id, record)))).filter((failure) => failure !== undefined)
    const last = failures.at(-1)
    if (last === undefined || failures.length < (this.options.most ?? 3)) return { failures: failures.length }
    const record = { job: id, shard: { id: shard, name }, attempts: records.length, ...last }
    await this.folder.write('failed', id, record, { ifAbsent: true })
    return { failures: failures.length, record }
  }

  private async history(id: string): Promise<AttemptRecord[]> {
    const records: AttemptRecord[] = []
    while (true) {
      const record = await this.folder.read<AttemptRecord>('attempts', `${id}.${records.length + 1}`)
      if (record === undefined) return records
      records.push(record)
    }
  }

  private async isAlive(worker: string): Promise<boolean> {
    return this.options.isAlive ? this.options.isAlive(worker) : (await this.liveness.look(worker)).alive
  }

  /** What a shard is to be blamed for: an error, or a process that ended over it unasked. */
  private async failure(
    id: string,
    record: AttemptRecord,
  ): Promise<Pick<FailedRecord, 'code' | 'message' | 'image' | 'worker' | 'at'> | undefined> {
    const { worker, at, state, code = 'ERR_WORDMASK_INTERNAL', message = '', image } = record
    if (state === 'error') return { code, message, image, worker, at }
    if (state === 'interrupted') return undefined
    const { last } = await this.liveness.look(worker)
    if (last?.job !== id || last.stopping) return undefined
    const over = last.image === undefined ? 'before its first image' : `over ${last.image}`
    return { code, message: `The worker ended without a word ${over} (a crash, or no memory)`, image: last.image, worker, at: last.at }
  }

  private write(id: string, attempt: number, rest: Omit<AttemptRecord, 'worker' | 'at'>, ifAbsent: boolean): Promise<boolean> {
    const record: AttemptRecord = { worker: this.worker, at: new Date().toISOString(), ...rest }
    return this.folder.write('attempts', `${id}.${attempt}`, record, { ifAbsent })
  }
}

/** Lets shards that were given up be tried again. -> how many */
export async function forgive(folder: WorkFolder): Promise<number> {
  const failed = await folder.names('failed')
  for (const id of failed) {
    for (let n = (await folder.read<FailedRecord>('failed', id))?.attempts ?? 0; n > 0; n--) await folder.remove('attempts', `${id}.${n}`)
    await folder.remove('failed', id)
  }
  return failed.length
}
