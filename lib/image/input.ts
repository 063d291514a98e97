import { isIterable } from '../arguments'
import { invalidArgument, WordmaskError } from '../errors'
import { refuseByteStream } from './byte-stream'

/**
 * Decoded pixels: RGB, 8 bits, row-major, 3 bytes a pixel, `data.length === width * height * 3`. They are read when the call
 * gets to them: leave them alone until it settles.
 */
export interface RawImage {
  data: Uint8Array | Uint8ClampedArray
  width: number
  height: number
  channels: 3
}

/** Pixels above which Pillow refuses an image, too. */
export const defaultMaxPixels = 178_956_970

/** A path, the bytes of an image file, or decoded pixels. */
export type ImageInput = string | Uint8Array | RawImage

/** One image, a list, or a stream of images; streams are read with back-pressure. */
export type ImageInputs = ImageInput | Iterable<ImageInput> | AsyncIterable<ImageInput>

/** Strings and buffers are iterable too, so they are asked about first. */
export function isSingleImage(images: ImageInputs): images is ImageInput {
  return typeof images === 'string' || images instanceof Uint8Array || (typeof images === 'object' && images !== null && 'data' in images)
}

/** The stream behind any form of input. Throws ERR_WORDMASK_INVALID_ARGUMENT for what is none, a stream of bytes among it. */
export function imageStream(images: ImageInputs): Iterable<ImageInput> | AsyncIterable<ImageInput> {
  if (isSingleImage(images)) return [images]
  refuseByteStream('images', images)
  if (isIterable(images)) return images as Iterable<ImageInput> | AsyncIterable<ImageInput>
  throw invalidArgument(
    'images',
    'a path, an encoded Buffer, { data, width, height, channels: 3 }, or a list or async iterable of these',
    images,
  )
}

/** How many images there are, where that is known before reading them. */
export function imageCount(images: ImageInputs): number | undefined {
  if (isSingleImage(images)) return 1
  return Array.isArray(images) ? images.length : undefined
}

/** Names an image in messages. */
export function describeImage(image: unknown): string {
  if (typeof image === 'string') return image
  return image instanceof Uint8Array ? `the encoded image of ${image.length} bytes` : 'the raw image'
}

/** Checks decoded pixels given by a caller. */
export function checkRawImage(image: RawImage): void {
  const { data, width, height, channels } = image
  if (!(data instanceof Uint8Array) && !(data instanceof Uint8ClampedArray)) throw invalidArgument('image.data', 'a Uint8Array', data)
  for (const [name, size] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isInteger(size) || size < 0) throw invalidArgument(`image.${name}`, 'a positive integer', size)
  }
  if (channels !== 3) throw invalidArgument('image.channels', '3 (RGB, 8 bits)', channels)
  if (width === 0 || height === 0) throw new WordmaskError('ERR_WORDMASK_IMAGE', `The image is empty: ${width} x ${height} pixels`)
  if (data.length !== width * height * 3)
    throw invalidArgument('image.data', `${width * height * 3} bytes (${width} x ${height} x 3)`, `${data.length} bytes`)
}
