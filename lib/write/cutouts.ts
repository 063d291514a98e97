import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import sharp from 'sharp'
import { checkPath } from '../arguments'
import { invalidArgument } from '../errors'
import type { ImageInput } from '../image/input'
import { writeAtomic } from '../run/atomic'
import type { MaskOptions } from '../segmenter/options'
import { expandRuns } from '../segmenter/rle'
import type { Mask, Segmentation } from '../segmenter/segmentation'
import { checkMasks, checkSegmentation } from './check'
import { pixelsOf } from './overlay'

/** Pixels copied between two breaths of the event loop. */
const pixelsAtOnce = 250_000

/**
 * Writes every mask as a transparent PNG cropped to its bounding box: `<name>.png`, or `<name>-<n>.png` where a class has
 * several. -> the paths, in the order of the masks. @throws ERR_WORDMASK_INVALID_ARGUMENT, also for
 * masks of another image; ERR_WORDMASK_IO
 */
export async function writeCutouts(
  folder: string,
  image: ImageInput,
  segmentation: Segmentation,
  options: MaskOptions | readonly Mask[] = {},
): Promise<string[]> {
  checkPath('folder', folder)
  checkSegmentation(segmentation)
  const masks = Array.isArray(options) ? (options as readonly Mask[]) : await segmentation.masks(options as MaskOptions)
  checkMasks(masks)
  for (const [i, mask] of masks.entries()) checkFits(`masks[${i}]`, mask, segmentation)
  const { data, width, height } = await pixelsOf(image, segmentation)
  const total = new Map<number, number>()
  for (const { classIndex } of masks) total.set(classIndex, (total.get(classIndex) ?? 0) + 1)
  const seen = new Map<number, number>()
  const names = fileNames(segmentation.classes.map(({ name }) => name))
  const files: string[] = []
  for (const mask of masks) {
    const n = (seen.get(mask.classIndex) ?? 0) + 1
    seen.set(mask.classIndex, n)
    const suffix = (total.get(mask.classIndex) as number) > 1 ? `-${n}` : ''
    const file = join(folder, `${names[mask.classIndex]}${suffix}.png`)
    const [, , w, h] = mask.bbox
    const cut = await sharp(await cutOut(mask, data, width, height), { raw: { width: w, height: h, channels: 4 } })
      .png()
      .toBuffer()
    await writeAtomic(file, cut)
    files.push(file)
  }
  return files
}

function checkFits(name: string, { bbox: [left, top, w, h], classIndex, rle }: Mask, { width, height, classes }: Segmentation): void {
  if (classIndex >= classes.length) throw invalidArgument(`${name}.classIndex`, `less than ${classes.length}`, classIndex)
  if (w < 1 || h < 1 || left + w > width || top + h > height)
    throw invalidArgument(`${name}.bbox`, `a box inside ${width} x ${height} pixels`, `${left}, ${top}, ${w}, ${h}`)
  if (rle.size[0] !== height || rle.size[1] !== width) throw invalidArgument(`${name}.rle.size`, `${height}, ${width}`, rle.size.join(', '))
}

/** RGBA of the bounding box: opaque inside the mask, clear elsewhere. */
async function cutOut(mask: Mask, rgb: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const [left, top, w, h] = mask.bbox
  const rgba = new Uint8Array(w * h * 4)
  let at = 0
  let since = 0
  for (const [run, length] of expandRuns(mask.rle.counts, [height, width]).entries()) {
    // Runs go down the columns; every second one is inside.
    for (let i = at; run % 2 === 1 && i < at + length; i++) {
      const x = Math.floor(i / height)
      const y = i % height
      if (x < left || x >= left + w || y < top || y >= top + h)
        throw invalidArgument('mask.bbox', 'a box around all of the mask', mask.bbox)
      const to = ((y - top) * w + (x - left)) * 4
      const from = (y * width + x) * 3
      rgba[to] = rgb[from] as number
      rgba[to + 1] = rgb[from + 1] as number
      rgba[to + 2] = rgb[from + 2] as number
      rgba[to + 3] = 255
    }
    at += length
    since += run % 2 === 1 ? length : 0
    if (since < pixelsAtOnce) continue
    since = 0
    await setImmediate()
  }
  return rgba
}

/** Names that every file system takes, unique without regard to case. */
export function fileNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    const plain =
      name
        .normalize('NFC')
        .replace(/[^\p{L}\p{N}._ -]+/gu, '_')
        .replace(/^[. ]+|[. ]+$/g, '')
        .slice(0, 80) || 'class'
    let unique = plain
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${plain} (${n})`
    taken.add(unique.toLowerCase())
    return unique
  })
}
