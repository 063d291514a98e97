import type { CuratedImage } from '../curate/curated-set'
import { fileNames } from '../write/cutouts'
import { endingOf, stems } from './names'
import { type Placed, placeFiles } from './place-files'
import type { Job } from './record'
import { rowOf } from './rows'

/** A sub-folder a class, and images.jsonl: a line an image with its file. */
export async function exportFolder(job: Job): Promise<number> {
  const { classes } = job.set
  const folders = fileNames(classes.map(({ entry }) => entry.name))
  const items = classes.flatMap(({ images }, i): Placed[] => namedIn(folders[i] as string, images))
  const placed = await placeFiles(job, items)
  await job.staging.write('images.jsonl', linesOf(job, placed))
  await job.staging.write('classes.txt', `${classes.map(({ entry }) => entry.name).join('\n')}\n`)
  return placed.length
}

/** Images of a list that one folder holds; an ending that the name does not tell is 'jpg', what most archives hold. */
export function namedIn(folder: string, images: readonly CuratedImage[]): Placed[] {
  const names = stems(images)
  return images.map((image, i) => ({ image, file: `${folder}/${names[i]}.${endingOf(image) ?? 'jpg'}` }))
}

/** A JSON line an image, in the order of the set. */
export function linesOf({ set }: Job, placed: readonly { image: CuratedImage; file?: string }[]): string {
  const index = new Map(set.classes.map(({ entry }, i) => [entry.name, i]))
  return placed.map(({ image, file }) => `${JSON.stringify(rowOf(image, index.get(image.class) as number, file))}\n`).join('')
}
