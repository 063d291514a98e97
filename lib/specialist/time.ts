import type { Pixels } from '../../binding'
import type { ArchiveRow } from '../archive/types'
import type { SegmentOptions } from '../segmenter/options'
import type { Segmenter } from '../segmenter/segmenter'
import { eachImage } from './pixels'

/** What is timed, and how it looks at an image. */
export interface TimedSide {
  segmenter: Pick<Segmenter, 'segment'>
  view?: SegmentOptions
}

/** Rounds that count, at most, and milliseconds after which no other begins. */
const [mostRounds, longEnough] = [5, 10_000]

/**
 * Middle of the times of one call, in ms, of each side: pixels in, labels out. Images are decoded before, and go to all sides in turn, one call at a
 * time, round after round, so that what else the machine does meets all sides alike. The first round, in which weights are packed
 * and memory is taken, does not count. An image that cannot be read, or is too large for one side, is left out for all.
 */
export async function timesOf(
  sides: readonly TimedSide[],
  rows: readonly ArchiveRow[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const images: Pixels[] = []
  const ignore = () => {}
  const first = eachImage(rows, signal, ignore, async (pixels, _, stop) => {
    for (const side of sides) await segmented(side, pixels, stop)
    return pixels
  })
  for await (const { made } of first) if (made) images.push(made)
  return countedRounds(sides, images, signal)
}

/** The rounds that count. @param now a clock, in ms */
export async function countedRounds(
  sides: readonly TimedSide[],
  images: readonly Pixels[],
  signal: AbortSignal | undefined,
  now: () => number = () => performance.now(),
): Promise<number[]> {
  const times = sides.map((): number[] => [])
  const started = now()
  for (let round = 0; round < mostRounds && (round === 0 || now() - started < longEnough); round++)
    for (const image of images)
      for (const [i, side] of sides.entries()) {
        const began = now()
        await segmented(side, image, signal)
        times[i]!.push(now() - began)
      }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN)
}

function segmented({ segmenter, view }: TimedSide, pixels: Pixels, signal: AbortSignal | undefined) {
  return segmenter.segment({ ...pixels, channels: 3 }, { ...view, ...(signal && { signal }) })
}
