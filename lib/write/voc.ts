import path from 'node:path'
import { checkPath } from '../arguments'
import { invalidArgument } from '../errors'
import { writeAtomic, writeAtomicParts } from '../run/atomic'
import { type ClassEntry, checkEntries } from '../text/classes'
import type { Color } from '../text/colors'
import { checkImages, encodeClassMap, encodeObjectMap, type LabelledImage, mostObjects, vocPalette, writeEach } from './dataset-image'

/** The files of one image in a data set of PASCAL VOC's layout, relative to its folder. */
export function vocFiles(name: string, objects: boolean): string[] {
  return ['SegmentationClass', ...(objects ? ['SegmentationObject'] : [])].map((kind) => `${kind}/${name}.png`)
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for classes that files of this layout cannot hold, CVAT's no more than VOC's */
export function checkVocClasses(classes: readonly ClassEntry[]): void {
  checkEntries(classes)
  if (classes.length > mostObjects) throw invalidArgument('classes', `at most ${mostObjects} classes for VOC and CVAT`, classes.length)
  const odd = classes.find(({ name }) => /[:\p{Cc}]|^#/u.test(name))
  if (odd) throw invalidArgument('classes', "names without ':', control characters or '#' before them (labelmap.txt)", odd.name)
}

/** Writes one image's files. */
export async function writeVocImage(folder: string, { name, segmentation, masks }: LabelledImage): Promise<void> {
  const [classMap, objectMap] = vocFiles(name, true) as [string, string]
  await writeAtomic(path.join(folder, classMap), await encodeClassMap(segmentation, vocPalette()))
  if (masks === undefined) return
  await writeAtomic(path.join(folder, objectMap), await encodeObjectMap(masks, segmentation.width, segmentation.height))
}

/** Writes what stands beside the images' files: labelmap.txt and the list of the images. */
export async function writeVocLists(
  folder: string,
  classes: readonly ClassEntry[],
  names: AsyncIterable<string>,
  colors: readonly Color[] = vocPalette(),
): Promise<void> {
  const taken = classes.some(({ name }) => name === 'background')
  const rows = [taken ? 'unlabelled' : 'background', ...classes.map(({ name }) => name)].map(
    (name, i) => `${name}:${(colors[i] as Color).join(',')}::\n`,
  )
  await writeAtomic(path.join(folder, 'labelmap.txt'), `# label:color_rgb:parts:actions\n${rows.join('')}`)
  async function* lines() {
    for await (const name of names) yield `${name}\n`
  }
  await writeAtomicParts(path.join(folder, 'ImageSets/Segmentation/default.txt'), lines())
}

/**
 * Writes a data set of PASCAL VOC's segmentation layout: SegmentationClass/NAME.png (palette files in VOC's colours, 0 is
 * background, class i is i + 1), with masks also SegmentationObject/NAME.png (object n of the list is n + 1),
 * ImageSets/Segmentation/default.txt and labelmap.txt. Images themselves belong into JPEGImages. Nothing but names is held in memory.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, also for more than 254 classes or objects an image; ERR_WORDMASK_IO
 */
export async function writeVoc(
  folder: string,
  classes: readonly ClassEntry[],
  images: Iterable<LabelledImage> | AsyncIterable<LabelledImage>,
): Promise<void> {
  checkPath('folder', folder)
  checkVocClasses(classes)
  checkImages(images, '{ name, segmentation, masks }')
  await writeVocLists(
    folder,
    classes,
    writeEach(images, (image) => writeVocImage(folder, image)),
  )
}
