import type { ArchiveRow, Box } from '../archive/types'
import { BoxFile } from '../sources/crops/boxes'
import { inPixels } from '../sources/crops/crops'
import type { BuildSpecialistOptions } from './options'

/** The boxes of an image, in pixels of what is shown of it; undefined where the file does not name the image. */
export type BoxesOf = (row: ArchiveRow) => Box[] | undefined

/** Reads a file of detections. Images are found by their key, or by the end of their address, whole folders at a time. */
export async function readBoxes(given: BuildSpecialistOptions['boxes'], signal: AbortSignal | undefined): Promise<BoxesOf | undefined> {
  if (given === undefined) return undefined
  const { file, minConfidence = 0 } = typeof given === 'string' ? { file: given } : given
  const boxes = await BoxFile.read(file, minConfidence, signal)
  return (row) => {
    const found = endings(row.key ?? row.uri)
      .map((name) => boxes.of(name))
      .find((one) => one !== undefined)
    if (!found) return undefined
    const regions = inPixels(found, row.width, row.height, () => {}).map(({ box }) => box)
    return row.box ? regions.flatMap((region) => within(region, row.box as Box)) : regions
  }
}

/** 'a/b/c.jpg' -> itself, 'b/c.jpg', 'c.jpg': a file of boxes has names below some folder. */
function endings(name: string): string[] {
  const parts = name.split('/')
  return parts.map((_, i) => parts.slice(i).join('/'))
}

/** A region as a crop sees it, if it does. */
function within([x, y, width, height]: Box, [left, top, w, h]: Box): Box[] {
  const [x0, y0, x1, y1] = [Math.max(x, left), Math.max(y, top), Math.min(x + width, left + w), Math.min(y + height, top + h)]
  return x1 > x0 && y1 > y0 ? [[x0 - left, y0 - top, x1 - x0, y1 - y0]] : []
}

/** Nothing is left of a mask outside the boxes. Changes `labels`. */
export function restrict(labels: Uint8Array, width: number, boxes: readonly Box[]): void {
  for (let i = 0; i < labels.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    if (!boxes.some(([left, top, w, h]) => x >= left && y >= top && x < left + w && y < top + h)) labels[i] = 0
  }
}
