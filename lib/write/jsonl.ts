import type { Mask, Segmentation } from '../segmenter/segmentation'

/** Version of a line, in its `format`. */
export const jsonLineFormat = 1

/** One image as one line of JSON (without the newline): size, shares above 0, masks with compressed run lengths. */
export function jsonLine(image: string, segmentation: Segmentation, masks: readonly Mask[]): string {
  const { width, height, classes, coverage } = segmentation
  const shares = Object.fromEntries(classes.map(({ name }, i) => [name, coverage[i] as number] as const).filter(([, share]) => share > 0))
  return JSON.stringify({ format: jsonLineFormat, image, width, height, coverage: shares, masks })
}
