import sharp from 'sharp'
import { z } from 'zod'
import type { Pixels } from '../../binding'
import { invalidArgument, WordmaskError } from '../errors'
import { checkOptions, positiveInteger } from '../options'
import { divideCores } from '../threads'
import { convertCmyk, expandGrey, reduceGrey16 } from './convert'
import { checkRawImage, defaultMaxPixels, describeImage, type ImageInput, type RawImage } from './input'
import { readWhole } from './read'
import { isTruncated } from './truncated'

// Decoding shares the cores with the tensor thread: one thread an image, and several images at once where it pays.
sharp.concurrency(divideCores().decodePerImage)

export interface DecodeOptions {
  /** Apply the EXIF orientation, so that masks lie on what viewers show. Default true; false is what Pillow does. */
  orient?: boolean
  /** More pixels than this are ERR_WORDMASK_IMAGE_TOO_LARGE. Default 178,956,970. */
  maxPixels?: number
}

const decodeOptions = z.strictObject({ orient: z.boolean().optional(), maxPixels: positiveInteger.optional() })

const formats = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'jp2', 'jxl']

/**
 * Decodes an image to RGB as Pillow's convert('RGB') does: alpha is dropped, not blended; grey is repeated; colour profiles
 * are ignored; 16 bits keep their high byte, 16-bit grey is divided by 257; CMYK by Pillow's formula. Never resizes. Of an
 * animation the first frame. A file whose end is missing is refused, also where the pixels are there; what follows the end is
 * ignored. Decoded pixels are passed on without a copy: leave them alone until the call that has them settles.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IMAGE (not an image, truncated, empty), ERR_WORDMASK_IMAGE_TOO_LARGE
 */
export async function decodeImage(image: ImageInput, options: DecodeOptions = {}): Promise<Pixels> {
  const { maxPixels = defaultMaxPixels, orient = true } = checkOptions('decodeImage', decodeOptions, options)
  if (typeof image === 'object' && image !== null && !(image instanceof Uint8Array) && 'data' in image) return fromRaw(image, maxPixels)
  if (typeof image !== 'string' && !(image instanceof Uint8Array)) {
    throw invalidArgument('image', 'a path, an encoded Buffer or { data, width, height, channels: 3 }', image)
  }
  const name = describeImage(image)
  const bytes = typeof image === 'string' ? await readImageFile(image) : unshared(image)
  if (bytes.length === 0) throw new WordmaskError('ERR_WORDMASK_IMAGE', `${name} is empty: 0 bytes`)
  try {
    return await decode(bytes, name, orient, maxPixels)
  } catch (cause) {
    if (cause instanceof WordmaskError) throw cause
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${name} cannot be decoded: ${firstLine(cause)}`, { cause })
  }
}

/** Another thread may write to shared memory while the decoder reads it twice. */
function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes
}

function fromRaw(image: RawImage, maxPixels: number): Pixels {
  checkRawImage(image)
  checkPixelCount(image.width, image.height, 'the raw image', maxPixels)
  const { buffer, byteOffset, byteLength } = image.data
  return { data: new Uint8Array(buffer, byteOffset, byteLength), width: image.width, height: image.height }
}

async function decode(bytes: Uint8Array, name: string, orient: boolean, maxPixels: number): Promise<Pixels> {
  const open = () => sharp(bytes, { limitInputPixels: false, failOn: 'error', ignoreIcc: true, autoOrient: orient })
  const { width, height, space, format, channels } = await open().metadata()
  if (!formats.includes(format))
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${name} is ${format.toUpperCase()}, not a picture of pixels. Convert it to PNG first.`)
  checkPixelCount(width, height, name, maxPixels)
  if (isTruncated(bytes, format))
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${name} is truncated: its ${bytes.length} bytes stop before the end of the image`)
  if (space === 'cmyk') {
    const { data, info } = await open().pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer({ resolveWithObject: true })
    return { data: await convertCmyk(data, info.channels), width: info.width, height: info.height }
  }
  if (space === 'grey16') {
    const { data, info } = await open().toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true })
    return { data: await reduceGrey16(data, info.channels), width: info.width, height: info.height }
  }
  const colour = channels === 4 || channels === 2 ? open().removeAlpha() : open()
  const { data, info } = await colour.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  if (info.channels !== 3 && info.channels !== 1)
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${name} decodes to ${info.channels} channels; expected grey or RGB`)
  return { data: info.channels === 1 ? await expandGrey(data) : data, width: info.width, height: info.height }
}

function checkPixelCount(width: number, height: number, name: string, maxPixels: number): void {
  if (width * height <= maxPixels) return
  const size = `${width} x ${height} = ${width * height} pixels`
  throw new WordmaskError(
    'ERR_WORDMASK_IMAGE_TOO_LARGE',
    `${name} has ${size}; the limit is ${maxPixels}. Scale it down or raise maxPixels.`,
  )
}

async function readImageFile(file: string): Promise<Uint8Array> {
  try {
    return await readWhole(file)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(file) && code === 'ENOENT')
      throw new WordmaskError(
        'ERR_WORDMASK_FILE_NOT_FOUND',
        `Expected a path but received an address: ${file}. Fetch it and pass the bytes`,
        { cause },
      )
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The image is missing: ${file}`, { cause })
    if (code === 'EINVAL') throw new WordmaskError('ERR_WORDMASK_IMAGE', `${firstLine(cause)}: read it and pass the bytes`, { cause })
    if (code === 'EISDIR') throw new WordmaskError('ERR_WORDMASK_IMAGE', `${file} is a folder, not an image`, { cause })
    throw new WordmaskError('ERR_WORDMASK_IO', `${file} cannot be read (${code ?? firstLine(cause)})`, { cause })
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] as string
