import { setImmediate } from 'node:timers/promises'
import { checkString, isIterable, isObject } from '../arguments'
import { invalidArgument } from '../errors'
import { encodePng } from '../image/png'
import type { Mask } from '../segmenter/segmentation'
import { type Color, vocColor } from '../text/colors'
import { bitsOf } from './bits'
import { checkLabelled, checkMasks } from './check'
import type { Labelled } from './label-map'

/** One image of a data set that keeps a label map a file. */
export interface LabelledImage {
  /** Place in the data set without ending, '/' between folders: `deep/two` for deep/two.jpg. */
  name: string
  segmentation: Labelled
  /** Objects, of one image's segmentation.masks({ instances: true }). Without them none are written. */
  masks?: readonly Mask[]
}

/** Highest value of a file with a byte a pixel, where 0 is background and 255 is void. */
export const mostObjects = 254

/** @throws ERR_WORDMASK_INVALID_ARGUMENT */
function checkLabelledImage(image: unknown, i: number): asserts image is LabelledImage {
  if (!isObject(image)) throw invalidArgument(`images[${i}]`, '{ name, segmentation, masks }', image)
  checkPlace(`images[${i}].name`, image.name)
  checkLabelled(image.segmentation as Labelled)
  if (image.masks !== undefined) checkMasks(image.masks)
}

export function checkImages(images: unknown, what: string): void {
  if (!isIterable(images)) throw invalidArgument('images', `a list or async iterable of ${what}`, images)
}

/** Checks and writes one image after the other; yields the names of those that are written. */
export async function* writeEach(
  images: Iterable<LabelledImage> | AsyncIterable<LabelledImage>,
  write: (image: LabelledImage) => Promise<void>,
): AsyncGenerator<string> {
  let i = 0
  for await (const image of images) {
    checkLabelledImage(image, i++)
    await write(image)
    yield image.name
  }
}

/** A place below the data set's folder that can stand on a line of its own. */
export function checkPlace(name: string, place: unknown): asserts place is string {
  checkString(name, place)
  const parts = place.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || /[\p{Cc}\\]/u.test(place))
    throw invalidArgument(name, "a path below the data set's folder with '/' between folders", place)
}

/** Labels as a palette file in which 0 is background and class i is i + 1. */
export function encodeClassMap({ labels, width, height, firstLabel }: Labelled, colors: readonly Color[]): Promise<Uint8Array> {
  const shift = 1 - firstLabel
  const data = shift === 0 && labels instanceof Uint8Array ? labels : Uint8Array.from(labels, (label) => label + shift)
  return encodePng({ width, height, data, channels: 1, depth: 8, palette: colors.map((color) => [...color]) })
}

/** Object n of the list as value n + 1, in VOC's colours; 0 elsewhere. @throws ERR_WORDMASK_INVALID_ARGUMENT for more than 254 */
export async function encodeObjectMap(masks: readonly Mask[], width: number, height: number): Promise<Uint8Array> {
  if (masks.length > mostObjects)
    throw invalidArgument('masks', `at most ${mostObjects} objects an image: leave out small ones with minArea (--min-area)`, masks.length)
  const data = new Uint8Array(width * height)
  for (const [i, mask] of masks.entries()) {
    const [left, top, w, h] = mask.bbox
    if (mask.rle.size[0] !== height || mask.rle.size[1] !== width)
      throw invalidArgument(`masks[${i}].rle.size`, `${height}, ${width}`, mask.rle.size.join(', '))
    const bits = bitsOf(mask)
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) if (bits[y * w + x] === 1) data[(top + y) * width + left + x] = i + 1
    await setImmediate()
  }
  return encodePng({ width, height, data, channels: 1, depth: 8, palette: vocPalette().map((color) => [...color]) })
}

export const vocPalette = (): Color[] => Array.from({ length: 256 }, (_, value) => vocColor(value))
