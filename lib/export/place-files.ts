import { stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CuratedImage } from '../curate/curated-set'
import { placeOf } from '../curate/images'
import { invalidArgument, WordmaskError } from '../errors'
import { abortedError, throwIfAborted } from '../options'
import { makeFolder } from '../setup/make-folder'
import type { Job } from './record'

/** An image and the file it becomes, below the export's folder. */
export interface Placed {
  image: CuratedImage
  file: string
}

/**
 * Copies or links images to their files; those that an interrupted export left are not read again. One place is read once, also for
 * several files. -> those that are in place; images that cannot be read are in `job.rejected`.
 */
export async function placeFiles(job: Job, items: Placed[]): Promise<Placed[]> {
  const { staging, signal, onProgress } = job
  if (job.files === 'link') return linkFiles(job, items)
  const todo = new Map<string, Placed[]>()
  for (const item of items) {
    if (staging.has(item.file)) continue
    const same = todo.get(placeKey(item.image))
    if (same) same.push(item)
    else todo.set(placeKey(item.image), [item])
  }
  const places = [...todo.values()].map((group) => placeOf((group[0] as Placed).image, { group }))
  const failed = new Set<Placed>()
  let done = items.length - places.reduce((n, { group }) => n + group.length, 0)
  for await (const { place, bytes, error } of job.read(places, { signal })) {
    throwIfAborted(signal)
    const { group } = place
    if (bytes !== undefined) for (const { file } of group) await staging.write(file, bytes)
    else {
      for (const item of group) failed.add(item)
      reject(job, (group[0] as Placed).image, error)
    }
    done += group.length
    onProgress?.(done, items.length)
  }
  return items.filter((item) => !failed.has(item))
}

export function reject(job: Job, { id, uri, key }: CuratedImage, error: WordmaskError): void {
  if (job.signal?.aborted) throw abortedError(job.signal)
  job.rejected.push({ id, uri, ...(key !== undefined && { key }), code: error.code, reason: error.message })
}

export const placeKey = ({ uri, key, offset }: CuratedImage) => JSON.stringify([uri, key, offset])

async function linkFiles(job: Job, items: Placed[]): Promise<Placed[]> {
  const targets = items.map(({ image }) => localFile(image))
  const linked: Placed[] = []
  for (const [i, item] of items.entries()) {
    throwIfAborted(job.signal)
    const target = targets[i] as string
    const file = job.staging.path(item.file)
    if (!job.staging.has(item.file)) {
      if (!(await stat(target).catch(() => undefined))) {
        reject(job, item.image, new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The image is gone: ${target}`))
        continue
      }
      await makeFolder(path.dirname(file))
      await symlink(target, file)
    }
    linked.push(item)
    job.onProgress?.(i + 1, items.length)
  }
  return linked
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for a member of a shard or a remote file, which nothing can link to */
function localFile({ id, uri, key, offset }: CuratedImage): string {
  const remote = /^[a-z0-9+.-]{2,}:\/\//i.test(uri) && !uri.startsWith('file://')
  if (remote || key !== undefined || offset !== undefined)
    throw invalidArgument('export: link', 'images that are local files of their own (use copy)', id)
  return path.resolve(uri.startsWith('file://') ? fileURLToPath(uri) : uri)
}
