import { checkArray, checkInteger, checkString, isObject } from '../arguments'
import { invalidArgument } from '../errors'
import type { Mask } from '../segmenter/segmentation'
import { checkEntries } from '../text/classes'
import type { Labelled } from './label-map'
import type { Overlaid } from './overlay'

/** What the writers take; a call from JavaScript may bring anything. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function checkLabelled(given: Labelled): void {
  const { labels, width, height, classes, firstLabel } = given ?? {}
  if (!(labels instanceof Uint8Array || labels instanceof Uint16Array) || !Array.isArray(classes))
    throw invalidArgument('segmentation', 'what Segmenter.segment returned', given)
  checkInteger('segmentation.width', width, 1)
  checkInteger('segmentation.height', height, 1)
  if (labels.length !== width * height) throw invalidArgument('segmentation.labels', `${width} x ${height} labels`, labels.length)
  if (firstLabel !== 0 && firstLabel !== 1) throw invalidArgument('segmentation.firstLabel', '0 or 1', firstLabel)
  checkEntries(classes)
}

export function checkSegmentation(given: Overlaid): void {
  checkLabelled(given)
  const { coverage, protocol, classes } = given
  if (!Array.isArray(coverage) || coverage.length !== classes.length || !isObject(protocol))
    throw invalidArgument('segmentation', 'what Segmenter.segment returned', given)
}

const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0

/** What Segmentation.masks returns. */
export function checkMasks(masks: unknown): asserts masks is readonly Mask[] {
  checkArray('masks', masks, 'what Segmentation.masks returned')
  for (let i = 0; i < masks.length; i++) {
    const mask = masks[i]
    const { class: name, classIndex, id, score, area, bbox, rle } = isObject(mask) ? mask : {}
    const sizes = isObject(rle) && Array.isArray(rle.size) && rle.size.length === 2 && rle.size.every(whole)
    const numbers = [classIndex, id, area].every(whole) && typeof score === 'number'
    if (typeof name !== 'string' || !numbers || !sizes || typeof rle.counts !== 'string')
      throw invalidArgument(`masks[${i}]`, 'a mask as Segmentation.masks returns it', mask)
    if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(whole))
      throw invalidArgument(`masks[${i}].bbox`, 'x, y, width, height', bbox)
  }
}

/** One image of a COCO document. */
export function checkCocoImage(image: unknown, i: number): void {
  if (!isObject(image)) throw invalidArgument(`images[${i}]`, '{ file_name, width, height, masks }', image)
  checkString(`images[${i}].file_name`, image.file_name)
  checkInteger(`images[${i}].width`, image.width, 1)
  checkInteger(`images[${i}].height`, image.height, 1)
  checkMasks(image.masks)
}
