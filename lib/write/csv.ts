import { stringify } from 'csv-stringify/sync'
import { checkPath } from '../arguments'
import { writeAtomicParts } from '../run/atomic'
import { type ClassEntry, checkEntries } from '../text/classes'
import { checkCocoImage } from './check'
import type { CocoImage } from './coco'
import { checkImages } from './dataset-image'

const columns = ['file', 'class', 'present', 'score', 'area', 'x', 'y', 'width', 'height']

/**
 * Writes a table of what is where: a row an image and class, or a mask where a class has several. Columns: file, class, present (1
 * or 0), score (0..1), area in pixels, and x, y, width, height of the bounding box; where a class is absent those after
 * `present` are empty, the area 0. Nothing is held in memory.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_IO
 */
export async function writeCsv(
  file: string,
  classes: readonly ClassEntry[],
  images: Iterable<CocoImage> | AsyncIterable<CocoImage>,
): Promise<void> {
  checkPath('file', file)
  checkEntries(classes)
  checkImages(images, '{ file_name, width, height, masks }')
  async function* parts() {
    yield stringify([columns])
    let i = 0
    for await (const image of images) {
      checkCocoImage(image, i++)
      yield stringify(rowsOf(image, classes))
    }
  }
  await writeAtomicParts(file, parts())
}

function rowsOf({ file_name, masks }: CocoImage, classes: readonly ClassEntry[]): (string | number)[][] {
  return classes.flatMap(({ name }, index) => {
    const own = masks.filter(({ classIndex }) => classIndex === index)
    if (own.length === 0) return [[file_name, name, 0, '', 0, '', '', '', '']]
    return own.map(({ score, area, bbox }) => [file_name, name, 1, Number(score.toFixed(6)), area, ...bbox])
  })
}
