import type { ImageSize } from '../clip/options'
import { invalidArgument, WordmaskError } from '../errors'

interface Size {
  width: number
  height: number
}

/** Activations take some 2 KB a pixel. */
const mostPixels = 2 ** 22

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for a size of too many pixels even for a square */
export function checkNetworkSize(size: ImageSize | undefined): void {
  if (size === undefined) return
  const { width, height } = typeof size === 'number' ? { width: size, height: size } : size
  if (width * height > mostPixels) throw invalidArgument('size', `at most ${mostPixels} pixels`, `${width} x ${height}`)
}

/**
 * The size the network sees an image at: with a number the shorter side becomes `size`; without, the image just covers what it
 * was trained at. @throws ERR_WORDMASK_IMAGE_TOO_LARGE for an image that is too long for its width
 */
export function networkView(image: Size, size: ImageSize | undefined, trained: Size): Size {
  if (typeof size === 'object') return { width: size.width, height: size.height }
  const scale =
    size === undefined ? Math.max(trained.width / image.width, trained.height / image.height) : size / Math.min(image.width, image.height)
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale))
  const view = { width: side(image.width), height: side(image.height) }
  if (view.width * view.height <= mostPixels) return view
  throw new WordmaskError(
    'ERR_WORDMASK_IMAGE_TOO_LARGE',
    `An image of ${image.width} x ${image.height} pixels would be seen at ${view.width} x ${view.height}; the limit is ${mostPixels} pixels. Cut it into pieces, or give size: { width, height }.`,
  )
}
