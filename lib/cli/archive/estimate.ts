import { availableParallelism } from 'node:os'
import type { Clip } from '../../clip/clip'
import { type PlanOptions, planShards, type SourceInput } from '../../sources'

/** What an index run will take, told before it begins. */
export interface Estimate {
  images: number
  /** False where counting took too long, or a source does not say how many images it has. */
  complete: boolean
  /** Of embedding, from a few images that nobody has seen; decoding is not in it. */
  imagesPerSecond: number
  seconds: number
  bytes: number
}

/** Bytes of a row beside its vector: place, hashes, dates, half a kilobyte of caption and columns. */
const rowBytes = 600
/** Counting is for the reader of one line: it gives up when that would take him too long. */
const countMs = 5000
const probe = 8

/** Counts images for at most five seconds, and times two small batches. */
export async function estimate(clip: Clip, sources: SourceInput[], options: PlanOptions, stop: AbortSignal): Promise<Estimate> {
  const { images, complete } = await count(sources, { ...options, signal: AbortSignal.any([stop, AbortSignal.timeout(countMs)]) }, stop)
  const imagesPerSecond = await rate(clip, stop)
  const { embedDim } = clip.info
  return { images, complete, imagesPerSecond, seconds: images / imagesPerSecond, bytes: images * (rowBytes + 4 * embedDim) }
}

async function count(sources: SourceInput[], options: PlanOptions, stop: AbortSignal): Promise<{ images: number; complete: boolean }> {
  let images = 0
  let complete = true
  try {
    for await (const shard of planShards(sources, options)) {
      if (shard.images === undefined) complete = false
      images += shard.images ?? 0
    }
  } catch (error) {
    stop.throwIfAborted()
    if (!options.signal?.aborted) throw error
    complete = false
  }
  return { images, complete }
}

/** The first batch warms up. */
async function rate(clip: Clip, signal: AbortSignal): Promise<number> {
  const side = clip.info.imageSize
  const images = Array.from({ length: probe }, (_, i) => ({
    ...{ width: side, height: side, channels: 3 as const },
    data: Uint8Array.from({ length: side * side * 3 }, (_, k) => (k * (2 * i + 7)) % 251),
  }))
  await clip.encodeImage(images, { signal })
  const started = performance.now()
  await clip.encodeImage(images, { signal })
  return (1000 * probe) / (performance.now() - started)
}

export function describeEstimate({ images, complete, imagesPerSecond, seconds, bytes }: Estimate): string {
  const machine = `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s by the encoder alone on ${availableParallelism()} cores`
  if (images === 0) return `number of images not known before reading; ${machine}`
  const least = complete ? '' : 'at least '
  return `${least}${images} images: ${least}${duration(seconds)} (${machine}) and ${size(bytes)} of disk`
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = seconds / 60
  if (minutes < 90) return `${Math.round(minutes)} min`
  const hours = minutes / 60
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`
}

export function size(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
