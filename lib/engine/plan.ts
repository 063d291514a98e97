import type { Shard } from '../archive/types'
import type { ShardEngine } from './engine'
import { type Job, jobOf } from './job'
import type { WorkFolder } from './work-folder'

/** A plan that is being made; it goes on beside whoever looks at it. */
export interface Plan {
  /** Jobs so far. */
  readonly ids: ReadonlySet<string>
  readonly complete: boolean
  /** What the source of shards threw. */
  throwIfFailed(): void
}

/** Shards told to the engine at once. */
const offeredAtOnce = 64

/** Writes shards down and offers them. Those that are known, from before or twice in the stream, cost no write. */
export function plan(
  folder: WorkFolder,
  shards: AsyncIterable<Shard>,
  engine: ShardEngine,
  { stop, signal }: { stop?: AbortSignal | undefined; signal?: AbortSignal | undefined },
): Plan {
  const ids = new Set<string>()
  let complete = false
  let failure: { error: unknown } | undefined
  const ended = () => stop?.aborted === true || signal?.aborted === true
  const make = async () => {
    const known = new Set(await folder.names('shards'))
    const done = new Set(await folder.names('done'))
    let fresh: Job[] = []
    const flush = async () => {
      await Promise.all(fresh.filter(({ id }) => !known.has(id)).map(({ shard }) => folder.plan(shard)))
      for (const { id } of fresh) ids.add(id)
      // What a queue that is away was not told it is told again, see `coordinate`.
      await engine.offer(fresh.filter(({ id }) => !done.has(id))).catch(() => {})
      fresh = []
    }
    const seen = new Set<string>()
    for await (const shard of shards) {
      if (ended()) return
      const job = jobOf(folder.spec, shard)
      if (seen.has(job.id)) continue
      seen.add(job.id)
      fresh.push(job)
      if (fresh.length >= offeredAtOnce) await flush()
    }
    await flush()
    complete = true
  }
  make().catch((error) => {
    failure = { error }
  })
  return {
    ids,
    get complete() {
      return complete
    },
    throwIfFailed() {
      if (failure && !ended()) throw failure.error
    },
  }
}
