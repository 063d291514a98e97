import { setTimeout as delay } from 'node:timers/promises'
import type { Handle, ShardEngine, WorkOptions } from './engine'
import type { WorkFolder } from './work-folder'

export interface LocalOptions {
  /** How long to wait where every open shard is in other hands, in ms. Default 1,000. */
  pollMs?: number
}

/**
 * Workers that share a storage and nothing else: each looks for open shards and takes them by leases, which belong to a
 * heartbeat. For the processes of one machine; a shared folder or object store does as well.
 */
export class LocalEngine implements ShardEngine {
  readonly way = 'local'

  constructor(
    private readonly folder: WorkFolder,
    private readonly options: LocalOptions = {},
  ) {}

  /** Workers find planned shards in storage. */
  async offer(): Promise<void> {}

  async work(handle: Handle, { stop, signal, expectMore }: WorkOptions = {}): Promise<void> {
    const ended = () => stop?.aborted === true || signal?.aborted === true
    while (!ended()) {
      const more = expectMore?.() ?? false
      const open = await this.folder.open({ signal })
      if (open.length === 0 && !more) return
      // Workers that begin at different places seldom ask for the same shard.
      const first = Math.floor(Math.random() * open.length)
      let settled = 0
      for (let i = 0; i < open.length && !ended(); i++) {
        const { state } = await handle(open[(first + i) % open.length] as string)
        if (state === 'done' || state === 'failed') settled++
      }
      if (settled === 0 && !ended()) await delay(this.options.pollMs ?? 1000, undefined, { signal }).catch(() => {})
    }
  }

  async close(): Promise<void> {}
}
