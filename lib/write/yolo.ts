import path from 'node:path'
import { z } from 'zod'
import { checkPath } from '../arguments'
import { checkOptions, positiveInteger } from '../options'
import { writeAtomic } from '../run/atomic'
import type { Mask } from '../segmenter/segmentation'
import { type ClassEntry, checkEntries } from '../text/classes'
import { checkCocoImage } from './check'
import type { CocoImage } from './coco'
import { checkImages, checkPlace } from './dataset-image'
import { maskPolygons } from './polygons'

export interface YoloOptions {
  /** Pieces of fewer pixels are left out. Default 1. */
  minArea?: number
}

const yoloOptions = z.strictObject({ minArea: positiveInteger.optional() })

/** Place of an image's labels: ultralytics looks for labels/a/b.txt beside images/a/b.jpg. `name` has no ending. */
export const yoloFile = (name: string) => `labels/${name}.txt`

/** "class x y x y ...", a line a 4-connected piece, coordinates as shares of width and height. */
export async function yoloRows(masks: readonly Mask[], width: number, height: number, minArea: number): Promise<string> {
  const rows: string[] = []
  const share = (value: number) => String(Number(value.toFixed(6)))
  for (const mask of masks) {
    for (const { points, area } of await maskPolygons(mask)) {
      if (area < minArea) continue
      rows.push(`${mask.classIndex} ${points.map((value, i) => share(value / (i % 2 === 0 ? width : height))).join(' ')}\n`)
    }
  }
  return rows.join('')
}

/** Writes one image's labels. @param name without ending */
export async function writeYoloImage(
  folder: string,
  name: string,
  { width, height, masks }: Pick<CocoImage, 'width' | 'height' | 'masks'>,
  minArea: number,
): Promise<void> {
  await writeAtomic(path.join(folder, yoloFile(name)), await yoloRows(masks, width, height, minArea))
}

/** data.yaml: names in the order of the classes; all images for training and validation until somebody divides them. */
export function writeYoloClasses(folder: string, classes: readonly ClassEntry[]): Promise<void> {
  const names = classes.map(({ name }, i) => `  ${i}: ${JSON.stringify(name)}\n`).join('')
  return writeAtomic(
    path.join(folder, 'data.yaml'),
    `# Images belong into images/, under the names of labels/.\ntrain: images\nval: images\nnames:\n${names}`,
  )
}

/**
 * Writes YOLO's segmentation labels: labels/NAME.txt, a line a 4-connected piece of a mask, class by position in `classes`,
 * exact polygons (see maskPolygons), an empty file where there is none; and data.yaml. Images themselves belong into
 * images/. Nothing is held in memory.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_IO
 */
export async function writeYolo(
  folder: string,
  classes: readonly ClassEntry[],
  images: Iterable<CocoImage> | AsyncIterable<CocoImage>,
  options: YoloOptions = {},
): Promise<void> {
  checkPath('folder', folder)
  checkEntries(classes)
  checkImages(images, '{ file_name, width, height, masks }')
  const { minArea = 1 } = checkOptions('writeYolo', yoloOptions, options)
  let i = 0
  for await (const image of images) {
    checkCocoImage(image, i)
    checkPlace(`images[${i++}].file_name`, image.file_name)
    await writeYoloImage(folder, image.file_name.replace(/(?<=[^/])\.[^./]+$/, ''), image, minArea)
  }
  await writeYoloClasses(folder, classes)
}
