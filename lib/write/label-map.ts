import { checkPath } from '../arguments'
import { encodePng } from '../image/png'
import { writeAtomic } from '../run/atomic'
import type { Segmentation } from '../segmenter/segmentation'
import { type Color, vocColor } from '../text/colors'
import { checkLabelled } from './check'

/** What is written of a segmentation. */
export type Labelled = Pick<Segmentation, 'labels' | 'width' | 'height' | 'classes' | 'firstLabel'>

const ignoreLabel = 255

/** Colour of every label value: black for background, the classes' own, the VOC map for what is beyond them. */
export function labelColors({ classes, firstLabel }: Pick<Labelled, 'classes' | 'firstLabel'>): Color[] {
  const colors = Array.from({ length: 256 }, (_, value) => vocColor(value))
  for (let i = 0; i < classes.length && i + firstLabel < ignoreLabel; i++) colors[i + firstLabel] = (classes[i] as { color: Color }).color
  return colors
}

/**
 * Labels as the bytes of a PNG: a palette file with the classes' colours while values fit a byte (255 is ignore), else
 * 16-bit grey (65,535 is ignore). readLabelMap reads both. @throws ERR_WORDMASK_INVALID_ARGUMENT
 */
export async function encodeLabelMap(segmentation: Labelled): Promise<Uint8Array> {
  checkLabelled(segmentation)
  const { labels, width, height } = segmentation
  const deep = labels instanceof Uint16Array
  const palette = deep ? {} : { palette: labelColors(segmentation).map((color) => [...color]) }
  return encodePng({ width, height, data: labels, channels: 1, depth: deep ? 16 : 8, ...palette })
}

/** Writes what encodeLabelMap makes, beside and then renamed. @throws ERR_WORDMASK_IO */
export async function writeLabelMap(file: string, segmentation: Labelled): Promise<void> {
  checkPath('file', file)
  await writeAtomic(file, await encodeLabelMap(segmentation))
}
