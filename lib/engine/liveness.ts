import { setTimeout as delay } from 'node:timers/promises'
import { hasEnded } from '../run/process-mark'
import type { Heartbeat } from './pulse'
import type { WorkFolder } from './work-folder'

/** Missed beats after which a worker counts as dead; one of this machine whose process has ended does at once. */
const missedBeats = 6

/** Who is still alive, as seen from this process. Only changes count, not clocks. */
export class Liveness {
  private readonly seen = new Map<string, { beat: number; since: number }>()

  constructor(private readonly folder: WorkFolder) {}

  /** The last heartbeat, and whether its worker may be alive: true until it missed six beats while this process looked on. */
  async look(worker: string): Promise<{ last: Heartbeat | undefined; alive: boolean }> {
    const last = await this.folder.read<Heartbeat>('workers', worker)
    if (last === undefined || hasEnded(last.process) === true) return { last, alive: false }
    const before = this.seen.get(worker)
    if (before?.beat !== last.beat) this.seen.set(worker, { beat: last.beat, since: performance.now() })
    const silent = before?.beat === last.beat ? performance.now() - before.since : 0
    return { last, alive: silent < missedBeats * last.beatMs }
  }

  /** The same with an answer now: a worker elsewhere is watched for two and a half beats. */
  async watch(worker: string, signal?: AbortSignal): Promise<{ last: Heartbeat | undefined; alive: boolean }> {
    const first = await this.look(worker)
    if (!first.alive || first.last === undefined || hasEnded(first.last.process) === false) return first
    await delay(2.5 * first.last.beatMs, undefined, { signal }).catch(() => {})
    const { last } = await this.look(worker)
    return { last, alive: last !== undefined && last.beat !== first.last.beat }
  }
}
