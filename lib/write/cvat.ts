import path from 'node:path'
import { checkPath } from '../arguments'
import { writeAtomic } from '../run/atomic'
import type { ClassEntry } from '../text/classes'
import { type Color, vocColor } from '../text/colors'
import { checkImages, encodeClassMap, encodeObjectMap, type LabelledImage, writeEach } from './dataset-image'
import { checkVocClasses, vocFiles, writeVocLists } from './voc'

/** CVAT tells classes by colour: black for background, then the classes' own where they are free, else the next free one of VOC's. */
export function cvatColors(classes: readonly ClassEntry[]): Color[] {
  const key = (color: Color) => color.join()
  const colors: Color[] = [[0, 0, 0]]
  const taken = new Set([key([0, 0, 0]), ...classes.map(({ color }) => key(color))])
  const used = new Set([key([0, 0, 0])])
  let next = 1
  for (const { color } of classes) {
    let free = color
    if (used.has(key(free))) {
      do free = vocColor(next++)
      while (taken.has(key(free)))
      taken.add(key(free))
    }
    used.add(key(free))
    colors.push(free)
  }
  return colors
}

/** Writes one image's files. @param colors what cvatColors gives */
export async function writeCvatImage(folder: string, image: LabelledImage, colors: readonly Color[]): Promise<void> {
  const { name, segmentation, masks } = image
  const [classMap, objectMap] = vocFiles(name, true) as [string, string]
  await writeAtomic(path.join(folder, classMap), await encodeClassMap(segmentation, colors))
  if (masks === undefined) return
  await writeAtomic(path.join(folder, objectMap), await encodeObjectMap(masks, segmentation.width, segmentation.height))
}

/** Writes what stands beside the images' files. */
export function writeCvatLists(folder: string, classes: readonly ClassEntry[], names: AsyncIterable<string>): Promise<void> {
  return writeVocLists(folder, classes, names, cvatColors(classes))
}

/**
 * Writes what CVAT calls "Segmentation mask 1.1": VOC's layout, with the classes' own colours; one that is black or taken is
 * replaced. A zip of the folder is what CVAT's "Upload annotations" takes, for a task whose
 * images have these names. Nothing but names is held in memory.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, also for more than 254 classes or objects an image; ERR_WORDMASK_IO
 */
export async function writeCvat(
  folder: string,
  classes: readonly ClassEntry[],
  images: Iterable<LabelledImage> | AsyncIterable<LabelledImage>,
): Promise<void> {
  checkPath('folder', folder)
  checkVocClasses(classes)
  checkImages(images, '{ name, segmentation, masks }')
  const colors = cvatColors(classes)
  await writeCvatLists(
    folder,
    classes,
    writeEach(images, (image) => writeCvatImage(folder, image, colors)),
  )
}
