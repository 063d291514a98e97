import type { CuratedImage } from '../curate/curated-set'
import { cocoCategories, cocoFormat } from '../write/coco'
import { namedIn } from './folder'
import { distinct } from './lists'
import { placeFiles } from './place-files'
import type { Job } from './record'

/**
 * coco.json: an image once, with the ids of its classes in `category_ids` (COCO itself has no image labels); crops give
 * a box annotation in the parent image. Without files, file_name is the image's URI.
 */
export async function exportCoco(job: Job): Promise<number> {
  const { set, staging } = job
  const all = [...set.images()]
  const byFile = groupByFile(all)
  const firsts = distinct(all.map((image) => ({ ...image, id: fileId(image) })))
  const placed =
    job.files === 'none' ? firsts.map((image) => ({ image, file: image.uri })) : await placeFiles(job, namedIn('images', firsts))
  const categories = set.classes.map(({ entry }) => entry)
  const idOf = new Map(categories.map(({ name, id }) => [name, id]))
  const annotations: object[] = []
  const images = placed.map(({ image, file }, i) => {
    const same = byFile.get(image.id) as CuratedImage[]
    for (const { box, class: name, score } of same) {
      if (box === undefined) continue
      const [, , width, height] = box
      const annotation = { id: annotations.length + 1, image_id: i + 1, category_id: idOf.get(name), bbox: box }
      annotations.push({ ...annotation, area: width * height, iscrowd: 0, segmentation: [], score })
    }
    const { id, width, height, uri, key, sha256, caption } = image
    const category_ids = [...new Set(same.map((one) => idOf.get(one.class)))]
    const more = { wordmask_id: id, uri, ...(key && { key }), sha256, ...(caption && { caption }) }
    return { id: i + 1, file_name: file, width, height, category_ids, ...more }
  })
  const info = { description: 'wordmask', format: cocoFormat, set: set.key }
  const head = `{"info":${JSON.stringify(info)},"licenses":[],"categories":${JSON.stringify(cocoCategories(categories))}`
  const lines = (list: object[]) => list.map((one) => JSON.stringify(one)).join(',\n')
  await staging.write('coco.json', `${head},"images":[${lines(images)}],"annotations":[${lines(annotations)}]}\n`)
  return placed.length
}

/** Crops of one picture share its file. */
const fileId = ({ id, parent }: CuratedImage) => parent ?? id

function groupByFile(images: readonly CuratedImage[]): Map<string, CuratedImage[]> {
  const groups = new Map<string, CuratedImage[]>()
  for (const image of images) {
    const same = groups.get(fileId(image))
    if (same) same.push(image)
    else groups.set(fileId(image), [image])
  }
  return groups
}
