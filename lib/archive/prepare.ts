import type { Pixels } from '../../binding'
import { WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import type { RawImage } from '../image/input'
import { throwIfAborted } from '../options'
import { orAbort } from '../task'
import type { Known } from './contract'
import { sha256Bytes } from './hashes'
import { perceptualHash } from './phash'
import type { Box, EmbeddedRow, Reject, SourceImage } from './types'

export interface PrepareOptions {
  orient?: boolean | undefined
  maxPixels?: number | undefined
  /** Read what was rejected before once more. */
  retryRejects?: boolean | undefined
}

/** An image on its way to the tower. */
export type Prepared =
  | { skipped: string }
  | { reject: Reject }
  | { row: Omit<EmbeddedRow, 'vector'>; pixels: RawImage }
  | { given: EmbeddedRow }

interface Decoded {
  sha256: string
  bytes: number
  pixels: Pixels
}

/** Errors that are not the image's. */
const fatal = new Set(['ERR_WORDMASK_ABORTED', 'ERR_WORDMASK_DISPOSED', 'ERR_WORDMASK_MEMORY', 'ERR_WORDMASK_NATIVE_LOAD'])

/** Reads, hashes and decodes images; crops of one parent that follow each other share its decoding. */
export class Preparer {
  private recent: { place: string; decoded: Promise<Decoded> }[] = []
  constructor(private readonly options: PrepareOptions) {}

  /** Never rejects for what is wrong with the image. */
  async prepare(image: SourceImage, known: Known | undefined, signal: AbortSignal): Promise<Prepared> {
    throwIfAborted(signal)
    const { id, version } = image
    const rejected = known !== undefined && known.sha256 === undefined
    const same = known !== undefined && version !== undefined && known.version === version
    if (same && !(rejected && this.options.retryRejects)) return { skipped: id }
    if (rejected && !this.options.retryRejects && (version === undefined || known.version === undefined)) return { skipped: id }
    try {
      return await this.read(image, known, signal)
    } catch (error) {
      throwIfAborted(signal)
      const code = error instanceof WordmaskError ? error.code : 'ERR_WORDMASK_IO'
      if (fatal.has(code)) throw error
      return { reject: { ...placeOf(image), id, ...(version !== undefined && { version }), code, reason: messageOf(error) } }
    }
  }

  private async read(image: SourceImage, known: Known | undefined, signal: AbortSignal): Promise<Prepared> {
    if (image.box) return this.crop(image, known, signal)
    const bytes = await orAbort(image.bytes(signal), signal)
    const sha256 = await sha256Bytes(bytes)
    if (known?.sha256 === sha256) return { skipped: image.id }
    const pixels = await this.decode(bytes)
    return this.finish(image, { sha256, bytes: bytes.length, pixels }, pixels)
  }

  private async crop(image: SourceImage, known: Known | undefined, signal: AbortSignal): Promise<Prepared> {
    const place = `${image.uri}\n${image.key ?? ''}\n${image.offset ?? ''}`
    let found = this.recent.find((entry) => entry.place === place)
    if (!found) {
      found = { place, decoded: this.parent(image, signal) }
      found.decoded.catch(() => {})
      this.recent = [...this.recent.slice(-1), found]
    }
    const parent = await found.decoded
    if (known?.sha256 === parent.sha256) return { skipped: image.id }
    return this.finish(image, parent, cut(parent.pixels, image.box as Box))
  }

  private async parent(image: SourceImage, signal: AbortSignal): Promise<Decoded> {
    const bytes = await orAbort(image.bytes(signal), signal)
    const [sha256, pixels] = await Promise.all([sha256Bytes(bytes), this.decode(bytes)])
    return { sha256, bytes: bytes.length, pixels }
  }

  private decode(bytes: Uint8Array): Promise<Pixels> {
    const { orient, maxPixels } = this.options
    return decodeImage(bytes, { ...(orient !== undefined && { orient }), ...(maxPixels !== undefined && { maxPixels }) })
  }

  private async finish(image: SourceImage, { sha256, bytes, pixels: whole }: Decoded, pixels: Pixels): Promise<Prepared> {
    const { id, version, caption, metadata, parent, box } = image
    const row = {
      ...placeOf(image),
      id,
      ...(version !== undefined && { version }),
      width: whole.width,
      height: whole.height,
      bytes,
      sha256,
      phash: await perceptualHash(pixels),
      ...(caption !== undefined && { caption }),
      ...(parent !== undefined && { parent }),
      ...(box !== undefined && { box }),
      addedAt: new Date().toISOString(),
      ...(metadata !== undefined && { metadata }),
    }
    return { row, pixels: { ...pixels, channels: 3 } }
  }
}

export function placeOf({ uri, key, offset, length }: SourceImage) {
  return { uri, ...(key !== undefined && { key }), ...(offset !== undefined && { offset }), ...(length !== undefined && { length }) }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 1000)

/** The part of an upright image within a box, whose sides are rounded to whole pixels and cut off at the image's. */
export function cut({ data, width, height }: Pixels, box: Box): Pixels {
  const left = Math.max(0, Math.round(box[0]))
  const top = Math.max(0, Math.round(box[1]))
  const right = Math.min(width, Math.round(box[0] + box[2]))
  const bottom = Math.min(height, Math.round(box[1] + box[3]))
  if (!(right > left && bottom > top))
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `The box [${box.join(', ')}] lies outside the image of ${width} x ${height} pixels`)
  const cropped = new Uint8Array((right - left) * (bottom - top) * 3)
  for (let y = top; y < bottom; y++) {
    cropped.set(data.subarray((y * width + left) * 3, (y * width + right) * 3), (y - top) * (right - left) * 3)
  }
  return { data: cropped, width: right - left, height: bottom - top }
}
