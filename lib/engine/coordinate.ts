import { setTimeout as delay } from 'node:timers/promises'
import type { Shard } from '../archive/types'
import { throwIfAborted } from '../options'
import { type FailedRecord, forgive } from './attempts'
import { type Collect, Collector, type CollectorOptions } from './collect'
import { readCrew, timeLeft } from './crew'
import type { ShardEngine } from './engine'
import { Lease } from './lease'
import { plan } from './plan'
import { Pulse } from './pulse'
import { anySignal } from './signals'
import { idsOfPart, type Part } from './static'
import { sweep } from './sweep'
import type { WorkFolder } from './work-folder'

export interface CoordinateOptions {
  /** Shards to be done; those that are done already are told apart and left. */
  shards: AsyncIterable<Shard>
  engine: ShardEngine
  /** Takes finished outputs over; without it they stay where they are. */
  collect?: Collect
  collector?: CollectorOptions
  /** No new shards once it fires; what is done is committed, and the call returns. */
  stop?: AbortSignal
  /** Rejects the call at once. */
  signal?: AbortSignal
  onProgress?: (progress: RunProgress) => void
  /** Of the plan only these shards are waited for: what `--shard i/n` does. */
  part?: Part
  /** When the plan is complete, with the shards that are waited for, and again with those whose outputs turn out to be torn. */
  onPlanned?: (ids: readonly string[]) => void
  /** Asked at every look; throws where the workers of this process cannot go on. */
  check?: () => void
  /** After a stop: resolves when the workers of this process have put down what they had in hand. */
  leave?: () => Promise<void>
  /** How often storage is looked at, in ms. Default 1,000, on an object store 5,000. */
  pollMs?: number
  /** How often the queue is told again of what is open, in ms: it may have been lost. Default 15,000. */
  offerMs?: number
  beatMs?: number
}

/** Of the shards of this call. */
export interface RunProgress {
  /** False while shards are still being planned. */
  planned: boolean
  shards: number
  done: number
  failed: number
  committed: number
  /** In shards that were finished during this call, where outputs are collected; with the rejects among them. */
  images: number
  rejects: Record<string, number>
  /** Of all workers at it, and images of shards in hand. */
  imagesPerSecond: number
  inHand: number
  timeLeftMs: number | undefined
}

export interface RunSummary extends RunProgress {
  /** Of this call's shards. */
  failures: FailedRecord[]
  stopped: boolean
}

/**
 * Plans shards, offers them to workers, and commits what they finish until all are done or given up. Storage tells the state at any
 * moment: a coordinator that was killed is run again, and several may run at once, one of which commits. It does no shard itself.
 */
export async function coordinate(folder: WorkFolder, options: CoordinateOptions): Promise<RunSummary> {
  const { engine, collect, stop, signal, beatMs } = options
  const pollMs = options.pollMs ?? (folder.store.scheme === 'file' ? 1000 : 5000)
  throwIfAborted(signal)
  const pulse = await Pulse.start(folder, { device: '', role: 'coordinator', beatMs })
  const lease = new Lease(folder, pulse, 'commit')
  const collector = collect && new Collector(folder, collect, options.collector)
  const ended = new AbortController()
  const wake = anySignal(signal, stop)
  try {
    await forgive(folder)
    const planned = plan(folder, options.shards, engine, { stop, signal: anySignal(signal, ended.signal) })
    let mine: string[] | undefined
    let offered = performance.now()
    while (true) {
      throwIfAborted(signal)
      options.check?.()
      const stopped = stop?.aborted === true
      if (stopped) await options.leave?.()
      if (mine === undefined && planned.complete) {
        mine = options.part ? idsOfPart(planned.ids, options.part) : [...planned.ids]
        options.onPlanned?.(mine)
      }
      const state = await look(folder, mine ?? [...planned.ids], collector)
      const settled = mine !== undefined && state.open.length === 0
      const last = stopped || settled
      if (collector && (last || collector.due) && (await lease.take())) state.torn.push(...(await collector.commit()))
      const progress = { ...count(planned.complete, state, collector), ...(await rates(folder, state, collector)) }
      options.onProgress?.(progress)
      // Whoever aborts on what it says is told so, also where it was the last word.
      throwIfAborted(signal)
      planned.throwIfFailed()
      const finished = settled && state.torn.length === 0 && (!collector || progress.committed === progress.done)
      if (finished || stopped) {
        if (finished) await sweep(folder)
        return { ...progress, failures: await failures(folder, state.failed), stopped: !finished }
      }
      const again = state.torn.filter((id) => mine?.includes(id))
      if (again.length > 0) options.onPlanned?.(again)
      if (state.torn.length > 0 || performance.now() - offered > (options.offerMs ?? 15_000)) {
        offered = performance.now()
        // A queue that is away is told the next time.
        await engine.offer(state.open.map((id) => ({ id }))).catch(() => {})
      }
      await delay(pollMs, undefined, { signal: wake }).catch(() => {})
    }
  } finally {
    ended.abort()
    await lease.release().catch(() => {})
    await pulse.stop().catch(() => {})
  }
}

/** The shards that are waited for, by state. */
interface State {
  open: string[]
  done: string[]
  failed: string[]
  torn: string[]
}

async function look(folder: WorkFolder, ids: readonly string[], collector: Collector | undefined): Promise<State> {
  const [done, failed, committed] = await Promise.all([
    folder.names('done'),
    folder.names('failed'),
    collector ? folder.names('committed') : [],
  ])
  collector?.markCommitted(committed)
  const torn = (await collector?.look(done)) ?? []
  const isTorn = new Set(torn)
  const isDone = new Set(done.filter((id) => !isTorn.has(id)))
  const isFailed = new Set(failed)
  return {
    open: ids.filter((id) => !isDone.has(id) && !isFailed.has(id)),
    done: ids.filter((id) => isDone.has(id)),
    failed: ids.filter((id) => isFailed.has(id) && !isDone.has(id)),
    torn,
  }
}

function count(planned: boolean, { open, done, failed }: State, collector: Collector | undefined) {
  const committed = collector ? done.filter((id) => collector.isCommitted(id)).length : done.length
  return { planned, shards: open.length + done.length + failed.length, done: done.length, failed: failed.length, committed }
}

async function rates(folder: WorkFolder, { open }: State, collector: Collector | undefined) {
  const crew = (await readCrew(folder)).filter(({ alive }) => alive)
  const { images, rejects, seen } = collector?.sums ?? { images: 0, rejects: {}, seen: 0 }
  return {
    images,
    rejects: { ...rejects },
    imagesPerSecond: crew.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0),
    inHand: crew.reduce((sum, worker) => sum + worker.images, 0),
    timeLeftMs: timeLeft(crew, open.length, images / seen),
  }
}

async function failures(folder: WorkFolder, failed: readonly string[]): Promise<FailedRecord[]> {
  const records = await Promise.all(failed.map((id) => folder.read<FailedRecord>('failed', id)))
  return records.filter((record) => record !== undefined)
}
