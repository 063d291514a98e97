import { checkString } from '../arguments'
import type { Mask, Segmentation } from '../segmenter/segmentation'
import { checkMasks, checkSegmentation } from './check'

/** Version of a line, in its `format`. */
export const jsonLineFormat = 1

/**
 * One image as one line of JSON (without the newline): size, shares above 0, masks with compressed run lengths.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT
 */
export function jsonLine(image: string, segmentation: Segmentation, masks: readonly Mask[]): string {
  checkString('image', image)
  checkSegmentation(segmentation)
  checkMasks(masks)
  const { width, height, classes, coverage } = segmentation
  const shares = Object.fromEntries(classes.map(({ name }, i) => [name, coverage[i] as number] as const).filter(([, share]) => share > 0))
  return JSON.stringify({ format: jsonLineFormat, image, width, height, coverage: shares, masks })
}
