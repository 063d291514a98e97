import sharp from 'sharp'
import type { Box, SourceImage } from '../../archive/types'
import { WordmaskError } from '../../errors'
import { HeldBytes, heldBytes } from '../held'
import { cropId } from '../ids'
import { inOrder } from '../ordered'
import { rejectOf } from '../reject'
import type { Context, Found, Metadata } from '../types'
import type { BoxFile, ImageBoxes } from './boxes'

/** A region and what is known of it. */
export interface Region {
  box: Box
  metadata?: Metadata
}

/** Images whose size is read at once. */
const concurrency = 8

/**
 * A row a crop in place of each image. `bytes()` of a crop are those of the whole image file, read once for all of its crops (again where more than
 * 64 MiB of them wait).
 */
export interface Cropper {
  /** How many images the regions of were found, so far. */
  matched: number
  crops(images: AsyncIterable<Found>, context: Context): AsyncIterable<SourceImage>
}

export function tileCropper([columns, rows]: [number, number]): Cropper {
  return cropper(() => (width, height) => tiles(width, height, columns, rows))
}

export function boxCropper(file: BoxFile): Cropper {
  return cropper((name) => {
    const found = file.of(name)
    if (found?.boxes.length === 0) return null
    return found && ((width, height, bad) => inPixels(found, width, height, bad))
  })
}

type Regions = (width: number, height: number, bad: (reason: string) => void) => Region[]

/** @param regionsOf undefined for an image that is not known, null for one that has no regions and need not be read */
function cropper(regionsOf: (name: string) => Regions | undefined | null): Cropper {
  return {
    matched: 0,
    async *crops(images, context) {
      const held = new HeldBytes(heldBytes)
      const cut = async ({ image, name }: Found, within: Context): Promise<SourceImage[]> => {
        const regions = regionsOf(name)
        if (regions === undefined) return []
        this.matched++
        if (regions === null) return []
        try {
          return await cropsOf(image, regions, held, within)
        } catch (error) {
          within.onReject(rejectOf(image.id, image, error))
          return []
        }
      }
      for await (const crops of inOrder(images, cut, context, concurrency)) yield* crops
    },
  }
}

async function cropsOf(image: SourceImage, regions: Regions, held: HeldBytes, { signal, onReject }: Context): Promise<SourceImage[]> {
  const bytes = await image.bytes(signal)
  const [width, height] = await uprightSize(bytes, image.key ?? image.uri)
  const bad = (reason: string) => onReject(rejectOf(image.id, image, new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', reason)))
  const whole = held.hold(bytes, (signal) => image.bytes(signal), false)
  const counts = new Map<string, number>()
  return regions(width, height, bad).map(({ box, metadata }) => {
    const again = (counts.get(box.join()) ?? 0) + 1
    counts.set(box.join(), again)
    // The vector of a dump is the whole image's.
    const { vector: _, ...rest } = image
    const all = { ...image.metadata, ...metadata }
    return {
      ...rest,
      id: cropId(image.id, box, again),
      parent: image.id,
      box,
      ...(Object.keys(all).length > 0 && { metadata: all }),
      bytes: whole,
    }
  })
}

/** Width and height as a viewer shows it, from the header. */
async function uprightSize(bytes: Uint8Array, name: string): Promise<[number, number]> {
  try {
    const { width, height, autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata()
    return [autoOrient?.width ?? width, autoOrient?.height ?? height]
  } catch (cause) {
    const reason = (cause as Error).message.split('\n', 1)[0]
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${name} cannot be decoded: ${bytes.length === 0 ? '0 bytes' : reason}`, { cause })
  }
}

/** Columns x rows that cover the image without overlap, row by row; an image with fewer pixels has fewer tiles. */
export function tiles(width: number, height: number, columns: number, rows: number): Region[] {
  const edge = (i: number, n: number, size: number) => Math.floor((i * size) / n)
  const regions: Region[] = []
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [left, top] = [edge(column, columns, width), edge(row, rows, height)]
      const box: Box = [left, top, edge(column + 1, columns, width) - left, edge(row + 1, rows, height) - top]
      if (box[2] > 0 && box[3] > 0) regions.push({ box })
    }
  return regions
}

/** Whole pixels that the box touches, within the image. */
export function inPixels({ relative, size, boxes }: ImageBoxes, width: number, height: number, bad: (reason: string) => void): Region[] {
  if (size && (size[0] !== width || size[1] !== height)) {
    bad(`The boxes are for an image of ${size[0]} x ${size[1]} pixels, and it has ${width} x ${height}`)
    return []
  }
  const regions: Region[] = []
  for (const { box, category, confidence } of boxes) {
    const [sx, sy] = relative ? [width, height] : [1, 1]
    const left = Math.max(0, Math.floor(tidy(box[0] * sx)))
    const top = Math.max(0, Math.floor(tidy(box[1] * sy)))
    const right = Math.min(width, Math.ceil(tidy((box[0] + box[2]) * sx)))
    const bottom = Math.min(height, Math.ceil(tidy((box[1] + box[3]) * sy)))
    if (box[2] <= 0 || box[3] <= 0 || right <= left || bottom <= top)
      bad(`The box [${box.join(', ')}] has no pixel of the image (${width} x ${height})`)
    else
      regions.push({
        box: [left, top, right - left, bottom - top],
        metadata: { ...(category !== undefined && { category }), ...(confidence !== undefined && { confidence }) },
      })
  }
  return regions
}

/** 0.3 * 10 is no whole number in binary; a thousandth of a pixel is no pixel. */
const tidy = (pixels: number) => Math.round(pixels * 1000) / 1000
