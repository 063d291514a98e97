import type { CuratedImage } from '../../curate/curated-set'
import { CuratedSet } from '../../curate/curated-set'
import type { OutputFolder } from '../../run/output-folder'
import { readPlaces } from '../../sources'
import type { ClassEntry } from '../../text/classes'
import type { SegmentItem } from '../segment-outputs'

/** The images of a curated set as work for an output folder. */
export interface CuratedImages {
  classes: ClassEntry[]
  count: number
  /** Those that are not done yet, read by few requests; what cannot be read is rejected here. */
  images(folder: OutputFolder, expected: (name: string) => string[], stop: AbortSignal): AsyncGenerator<SegmentItem>
}

export async function openCurated(folder: string): Promise<CuratedImages> {
  const set = await CuratedSet.load(folder)
  const distinct = [...new Map([...set.images()].map((image) => [image.parent ?? image.id, image])).values()]
  return { classes: set.classes.map(({ entry }) => entry), count: distinct.length, images: (...where) => read(distinct, ...where) }
}

async function* read(
  images: CuratedImage[],
  folder: OutputFolder,
  expected: (name: string) => string[],
  stop: AbortSignal,
): AsyncGenerator<SegmentItem> {
  const todo: { uri: string; key?: string; offset?: number; length?: number; item: SegmentItem }[] = []
  for (const { uri, key, offset, length, bytes, sha256, class: name } of images) {
    const path = key === undefined ? uri : `${uri}: ${key}`
    const state = { bytes, modified: Number.parseInt(sha256.slice(0, 12), 16) }
    const relative = `${safe(name)}/${safe((key ?? uri).split(/[/\\]/).pop() as string)}`
    const item = await folder.pendingIn({ path, relative }, state, expected)
    if (item) todo.push({ uri, item, ...(key !== undefined && { key }), ...(offset !== undefined && { offset, length: length as number }) })
  }
  for await (const { place, bytes, error } of readPlaces(todo)) {
    if (stop.aborted) return
    if (bytes) yield { ...place.item, data: bytes }
    else await folder.rejected(place.item, error)
  }
}

const safe = (name: string) => name.replace(/[^\p{L}\p{N}._ -]+/gu, '-').replace(/^\.+/, '')
