import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { invalidArgument, WordmaskError } from '../../errors'
import { labelFile } from '../../eval/folder'
import { isImage } from '../../sources/endings'
import { walk } from '../../storage/walk'
import type { LabelledFolder } from './options'

export interface Pair {
  image: string
  /** Path below the images, '/' as separator. */
  relative: string
  /** The image before it whose label map it would share: their names differ in the ending alone. */
  twin?: string
}

/** Every image of the folder, sorted. @throws ERR_WORDMASK_FILE_NOT_FOUND for a folder without any, and where there are no labels */
export async function listPairs({ images, labels }: LabelledFolder, signal: AbortSignal | undefined): Promise<Pair[]> {
  // Told once, and not of each image.
  if (!(await stat(labels).catch(() => undefined))?.isDirectory())
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The folder of label maps is missing: ${labels}`)
  const root = Buffer.from(path.resolve(images)).toString('latin1')
  const text = (bytes: string) => Buffer.from(bytes, 'latin1').toString()
  const owners = new Map<string, string>()
  const pairs: Pair[] = []
  for await (const { bytes, relative: found } of walk(root, {
    ...(signal && { signal }),
  })) {
    const relative = text(found)
    if (!isImage(relative)) continue
    const stem = relative.replace(/\.[^./]+$/, '')
    const twin = owners.get(stem)
    if (twin === undefined) owners.set(stem, relative)
    pairs.push({
      image: text(bytes),
      relative,
      ...(twin !== undefined && { twin }),
    })
  }
  if (pairs.length > 0) return pairs
  throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `There is no image in ${images}`)
}

/** Samples and weights would lie among the images, and be taken for them. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function refuseAmong(into: string, folders: readonly (LabelledFolder | undefined)[]): void {
  for (const folder of folders.flatMap((one) => (one === undefined ? [] : [one.images, one.labels]))) {
    const around = path.resolve(folder)
    if (`${path.resolve(into)}/`.startsWith(`${around.replace(/\/$/, '')}/`))
      throw invalidArgument('into', `a folder outside the images and label maps in ${around}`, into)
  }
}

/** The label map of an image. @throws ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_INVALID_ARGUMENT where it is that of a twin */
export async function labelsOf({ image, relative, twin }: Pair, { labels }: LabelledFolder): Promise<string> {
  if (twin === undefined) return labelFile(labels, relative)
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${image} would have the label map of ${twin}: their names differ in the ending alone. Rename one of them`,
  )
}

/** Changes when a picture or a label map comes, goes or is written anew. */
export async function fingerprint(pairs: readonly Pair[], { labels }: LabelledFolder, more: unknown): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(more))
  for (const { image, relative } of pairs) {
    const files = [image, await labelFile(labels, relative).catch(() => undefined)]
    for (const file of files) {
      const found = file === undefined ? undefined : await stat(file).catch(() => undefined)
      hash.update(JSON.stringify([relative, found?.size, found?.mtimeMs]))
    }
  }
  return hash.digest('hex')
}
