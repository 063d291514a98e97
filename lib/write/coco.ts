import { checkInteger, checkPath, isIterable } from '../arguments'
import { invalidArgument } from '../errors'
import { Spool, writeAtomicParts } from '../run/atomic'
import type { Mask } from '../segmenter/segmentation'
import { type ClassEntry, checkEntries } from '../text/classes'
import { checkCocoImage, checkMasks } from './check'

/** Version of the documents written here, in `info.format`. */
export const cocoFormat = 1

export interface CocoImage {
  /** 1 or more, unique; default: position + 1. */
  id?: number
  file_name: string
  width: number
  height: number
  masks: readonly Mask[]
}

/** The categories of a COCO document; the id is the class's own. */
export function cocoCategories(classes: readonly ClassEntry[]) {
  checkEntries(classes)
  return classes.map(({ id, name }) => ({ id, name, supercategory: '' }))
}

/** The annotations of one image; ids count up from `firstId`. */
export function cocoAnnotations(masks: readonly Mask[], imageId: number, firstId: number) {
  checkMasks(masks)
  checkInteger('imageId', imageId, 1)
  checkInteger('firstId', firstId, 1)
  return masks.map(({ id, area, bbox, rle, score }, i) => ({
    id: firstId + i,
    image_id: imageId,
    category_id: id,
    segmentation: rle,
    area,
    bbox,
    iscrowd: 0,
    score,
  }))
}

/**
 * Writes a COCO document with compressed run lengths, as pycocotools reads it; ids start at 1. Neither `images` nor what is
 * written is held in memory. What `images` throws is thrown as it is.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_IO
 */
export async function writeCoco(
  file: string,
  classes: readonly ClassEntry[],
  images: Iterable<CocoImage> | AsyncIterable<CocoImage>,
): Promise<void> {
  checkPath('file', file)
  const categories = JSON.stringify(cocoCategories(classes))
  if (!isIterable(images)) throw invalidArgument('images', 'a list or async iterable of { file_name, width, height, masks }', images)
  const info = JSON.stringify({ description: 'wordmask', format: cocoFormat })
  const annotations = await Spool.beside(file)
  try {
    await writeAtomicParts(file, document(`{"info":${info},"categories":${categories}`, images, annotations))
  } finally {
    await annotations.remove()
  }
}

/** Images come first; their annotations wait aside. */
async function* document(head: string, images: Iterable<CocoImage> | AsyncIterable<CocoImage>, aside: Spool): AsyncGenerator<string> {
  yield `${head},"images":[`
  const ids = new Set<number>()
  let annotations = 0
  for await (const image of images) {
    checkCocoImage(image, ids.size)
    const { id = ids.size + 1, file_name, width, height, masks } = image
    if (!Number.isSafeInteger(id) || id < 1 || ids.has(id)) throw invalidArgument('image.id', 'a unique integer of 1 or more', id)
    yield `${ids.size > 0 ? ',\n' : ''}${JSON.stringify({ id, file_name, width, height })}`
    ids.add(id)
    for (const annotation of cocoAnnotations(masks, id, annotations + 1))
      await aside.add(`${annotations++ > 0 ? ',\n' : ''}${JSON.stringify(annotation)}`)
  }
  yield '],"annotations":['
  yield* aside.read()
  yield ']}\n'
}
