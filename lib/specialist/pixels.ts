import sharp from 'sharp'
import type { Pixels } from '../../binding'
import type { ArchiveRow, ImagePlace } from '../archive/types'
import { placeOf, type ReadImage } from '../curate/images'
import { networkView } from '../deeplab/view'
import { WordmaskError } from '../errors'
import { mapOrdered } from '../image/stream'
import { decodeRow } from '../reco/features'
import { readPlaces } from '../sources'

/** Images decoded ahead of the one in work. */
const imagesAtOnce = 2

/** Does something with the pixels of each row, in the order of shards; an image that cannot be read is told and left out. */
export async function* eachImage<T>(
  rows: readonly ArchiveRow[],
  signal: AbortSignal | undefined,
  onReject: (image: ArchiveRow, error: WordmaskError) => void,
  work: (pixels: Pixels, index: number, stop: AbortSignal) => Promise<T>,
): AsyncGenerator<{ index: number; made: T | undefined }> {
  const places = rows.map((row, index): ImagePlace & { index: number } => placeOf(row, { index }))
  const one = async ({ place: { index }, bytes, error }: ReadImage<ImagePlace & { index: number }>, _: number, stop: AbortSignal) => {
    const row = rows[index] as ArchiveRow
    const reject = (cause: unknown, codes: ReadonlySet<string>) => {
      if (!(cause instanceof WordmaskError) || !codes.has(cause.code)) throw cause
      onReject(row, cause)
      return { index, made: undefined }
    }
    let pixels: Pixels
    try {
      if (error) throw error
      pixels = await decodeRow(row, bytes, stop)
    } catch (cause) {
      return reject(cause, ofReading)
    }
    // What the work writes may fail as well, and is no fault of the image.
    return work(pixels, index, stop).then(
      (made) => ({ index, made }),
      (cause) => reject(cause, ofSize),
    )
  }
  yield* mapOrdered(readPlaces(places, { ...(signal && { signal }) }), one, { concurrency: imagesAtOnce, signal })
}

const ofSize = new Set(['ERR_WORDMASK_IMAGE_TOO_LARGE'])
const ofReading = new Set(['ERR_WORDMASK_IMAGE', 'ERR_WORDMASK_IMAGE_TOO_LARGE', 'ERR_WORDMASK_FILE_NOT_FOUND', 'ERR_WORDMASK_IO'])

const rawOf = ({ width, height }: Size) => ({ width, height, channels: 3 as const })

interface Size {
  width: number
  height: number
}

/** So that it covers `size`, what the trainer then cuts from it. @throws ERR_WORDMASK_IMAGE_TOO_LARGE as the trained network does */
export const trainingView = (image: Size, size: Size): Size => networkView(image, undefined, size)

/** Colours at another size. Both sharp and the trainer filter over area; what the network sees later is resized by the trainer's own code. */
export async function resizePixels(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  if (pixels.width === width && pixels.height === height) return pixels
  const image = sharp(pixels.data, { raw: rawOf(pixels) }).resize(width, height, { fit: 'fill' })
  return { ...pixels, data: new Uint8Array(await image.raw().toBuffer()), width, height }
}

/** Labels at another size: each pixel takes that of the nearest. */
export function resizeLabels(labels: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.width === to.width && from.height === to.height) return labels
  const out = new Uint8Array(to.width * to.height)
  for (let y = 0; y < to.height; y++) {
    const row = Math.min(from.height - 1, Math.floor(((y + 0.5) * from.height) / to.height)) * from.width
    for (let x = 0; x < to.width; x++)
      out[y * to.width + x] = labels[row + Math.min(from.width - 1, Math.floor(((x + 0.5) * from.width) / to.width))] as number
  }
  return out
}

export const pngOf = (pixels: Pixels): Promise<Buffer> =>
  sharp(pixels.data, { raw: rawOf(pixels) })
    .png({ compressionLevel: 3 })
    .toBuffer()
