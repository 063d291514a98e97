import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../../errors'
import { labelFile } from '../../eval/folder'
import { isImage } from '../../sources/endings'
import { walk } from '../../storage/walk'
import type { LabelledFolder } from './options'

export interface Pair {
  image: string
  /** Path below the images, '/' as separator. */
  relative: string
}

/** Every image of the folder, sorted. @throws ERR_WORDMASK_FILE_NOT_FOUND for a folder without any */
export async function listPairs({ images }: LabelledFolder, signal: AbortSignal | undefined): Promise<Pair[]> {
  const root = Buffer.from(path.resolve(images)).toString('latin1')
  const text = (bytes: string) => Buffer.from(bytes, 'latin1').toString()
  const pairs: Pair[] = []
  for await (const { bytes, relative } of walk(root, { ...(signal && { signal }) }))
    if (isImage(text(relative))) pairs.push({ image: text(bytes), relative: text(relative) })
  if (pairs.length > 0) return pairs
  throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `There is no image in ${images}`)
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
