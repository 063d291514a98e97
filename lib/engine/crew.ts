import { hasEnded } from '../run/process-mark'
import type { Heartbeat } from './pulse'
import type { WorkFolder } from './work-folder'

/** A worker as its last heartbeat tells it. */
export interface WorkerStatus {
  worker: string
  host: string
  device: string
  job?: string
  /** In hand, with images of it done. */
  shard?: string
  images: number
  imagesPerSecond: number
  /** Ms since it was last heard of, by the clocks of both machines. */
  silentMs: number
  /** Heard of lately; one of this machine whose process has ended is not. */
  alive: boolean
}

/** Beats that may be missed, as `Liveness` has it. */
const missedBeats = 6

/** All workers of a run that have not ended in good order. */
export async function readCrew(folder: WorkFolder, signal?: AbortSignal): Promise<WorkerStatus[]> {
  const crew: WorkerStatus[] = []
  for (const name of await folder.names('workers', { signal })) {
    const beat = await folder.read<Heartbeat>('workers', name)
    if (beat?.role === 'worker') crew.push(describe(beat))
  }
  return crew
}

function describe({ worker, host, device, job, shard, images, totalImages, busySeconds, at, beatMs, process }: Heartbeat): WorkerStatus {
  const silentMs = Math.max(0, Date.now() - Date.parse(at))
  const imagesPerSecond = busySeconds > 0 ? totalImages / busySeconds : 0
  const alive = silentMs < missedBeats * beatMs && hasEnded(process) !== true
  return { worker, host, device, job, shard, images, imagesPerSecond, silentMs, alive }
}

/**
 * Ms until `open` shards are done by those at it; undefined where nobody is, or nothing is known of the size of shards.
 * @param imagesPerShard mean of those that are done
 */
export function timeLeft(crew: readonly WorkerStatus[], open: number, imagesPerShard: number): number | undefined {
  if (open === 0) return 0
  const atIt = crew.filter(({ alive }) => alive)
  const rate = atIt.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0)
  if (rate === 0 || !(imagesPerShard > 0)) return undefined
  const inHand = atIt.reduce((sum, { images }) => sum + images, 0)
  return (1000 * Math.max(0, open * imagesPerShard - inHand)) / rate
}
