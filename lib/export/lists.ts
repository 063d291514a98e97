import type { CuratedImage } from '../curate/curated-set'
import { linesOf, namedIn } from './folder'
import { writeParquet } from './parquet'
import { placeFiles } from './place-files'
import type { Job } from './record'
import { rowOf } from './rows'

export async function exportJsonl(job: Job): Promise<number> {
  const listed = await withFiles(job)
  await job.staging.write('images.jsonl', linesOf(job, listed))
  return listed.length
}

export async function exportParquet(job: Job): Promise<number> {
  const listed = await withFiles(job)
  const index = new Map(job.set.classes.map(({ entry }, i) => [entry.name, i]))
  const rows = listed.map(({ image, file }) => rowOf(image, index.get(image.class) as number, file))
  await writeParquet(job.staging.path('images.parquet'), rows)
  return listed.length
}

/** Every image of the set; with files asked for, those that are in place under images/, an image of two classes once. */
async function withFiles(job: Job): Promise<{ image: CuratedImage; file?: string }[]> {
  const all = [...job.set.images()]
  if (job.files === 'none') return all.map((image) => ({ image }))
  const placed = await placeFiles(job, namedIn('images', distinct(all)))
  const files = new Map(placed.map(({ image, file }) => [image.id, file]))
  return all.flatMap((image) => {
    const file = files.get(image.id)
    return file === undefined ? [] : [{ image, file }]
  })
}

/** The first of each id. */
export function distinct(images: readonly CuratedImage[]): CuratedImage[] {
  const seen = new Set<string>()
  return images.filter(({ id }) => !seen.has(id) && seen.add(id))
}
