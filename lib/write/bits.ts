import { invalidArgument } from '../errors'
import { expandRuns } from '../segmenter/rle'
import type { Mask } from '../segmenter/segmentation'

const mostPixels = 2 ** 31 - 1

/** 1 inside the mask, else 0: row-major over its bounding box. @throws ERR_WORDMASK_INVALID_ARGUMENT where the box is not round it */
export function bitsOf({ rle, bbox }: Pick<Mask, 'rle' | 'bbox'>): Uint8Array {
  const [left, top, w, h] = bbox
  const [height, width] = rle.size
  if (w < 1 || h < 1 || left + w > width || top + h > height || w * h > mostPixels)
    throw invalidArgument('mask.bbox', `a box inside ${width} x ${height} pixels`, bbox)
  const bits = new Uint8Array(w * h)
  let at = 0
  // Runs go down the columns; every second one is inside.
  for (const [run, length] of expandRuns(rle.counts, rle.size).entries()) {
    const end = at + length
    while (run % 2 === 1 && at < end) {
      const x = Math.floor(at / height) - left
      const y = (at % height) - top
      const down = Math.min(end - at, height - (at % height))
      if (x < 0 || x >= w || y < 0 || y + down > h) throw invalidArgument('mask.bbox', 'a box around all of the mask', bbox)
      for (let i = 0; i < down; i++) bits[(y + i) * w + x] = 1
      at += down
    }
    at = end
  }
  return bits
}
