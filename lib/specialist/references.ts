import type { Archive } from '../archive/archive'
import type { ArchiveRow } from '../archive/types'
import type { Clip } from '../clip/clip'
import type { CuratedImage, CuratedSet } from '../curate/curated-set'
import { groupFunction } from '../curate/group'
import type { WordmaskError } from '../errors'
import { officialContexts } from '../reco/contexts'
import { Segmenter } from '../segmenter/segmenter'
import { type ClassSpec, sameName } from '../text/classes'
import type { GroupOf } from './groups'
import type { Scanned } from './kept'
import type { BuildSpecialistOptions } from './options'

/** Reference images of a name, at most, and of a group. */
const mostReferences = 50
const ofGroup = 2
/** Fewer pictures of a place say nothing of what stands still in it. */
const leastOfPlace = 3

export interface ReferenceRequest {
  archive: Archive
  clip: Clip
  set: CuratedSet
  specs: readonly ClassSpec[]
  groupOf: GroupOf
  /** Of each of the referenceGroups the images least like any name. */
  lowest: ReadonlyMap<string, readonly Scanned[]>
  folder: string
  options: BuildSpecialistOptions
  onReject: (image: ArchiveRow, error: WordmaskError) => void
}

/** The best images of a name, at most two of a group. */
export function referenceImages(images: readonly CuratedImage[], groupOf: GroupOf): CuratedImage[] {
  const taken = new Map<string, number>()
  const chosen = images.filter((image) => {
    const group = groupOf(image)
    const count = taken.get(group) ?? 0
    taken.set(group, count + 1)
    return count < ofGroup
  })
  return chosen.slice(0, mostReferences)
}

/** Groups that reference images come from. */
export const referenceGroups = ({ classes }: CuratedSet, groupOf: GroupOf): Set<string> =>
  new Set(classes.flatMap(({ images }) => referenceImages(images, groupOf)).map(groupOf))

export interface References {
  segmenter: Segmenter
  /** Contexts that have a reference and a meaning: they compete with the names. */
  competing: string[]
}

/** ReCo of the names: references that are there already and follow from the same are not made again. */
export async function makeReferences(request: ReferenceRequest): Promise<References> {
  const { archive, clip, set, specs, groupOf, lowest, folder, options, onReject } = request
  const { encoder, groupBy, compare = [], signal, onProgress } = options
  const names = new Set(set.classes.map(({ entry }) => sameName(entry.name)))
  const named = contextNames(clip, options.contexts, compare).filter((name) => !names.has(sameName(name)))
  const images: Record<string, CuratedImage[]> = {}
  for (const { entry, images: found } of set.classes) images[entry.name] = referenceImages(found, groupOf)
  const places = placeImages(lowest)
  Object.assign(images, places)
  const classes = specs.filter(({ name }) => names.has(sameName(name)))
  const group = groupFunction(groupBy)
  const segmenter = await Segmenter.create({
    ...{ method: 'reco' as const, archive, classes, k: 'auto' as const, contexts: [...named, ...Object.keys(places)] },
    retrieve: { images, ...(group && { groupBy: group, perGroup: ofGroup }) },
    ...{ references: folder, window: 'perImage' as const, onReject },
    ...(encoder !== undefined && { encoder }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  const made = new Set(segmenter.references.map(({ name }) => name))
  return { segmenter, competing: named.filter((name) => made.has(name)) }
}

/** The contexts, then the names that the names are compared with; of the usual ones those that the model can read. */
function contextNames(clip: Clip, contexts: readonly string[] | undefined, compare: readonly string[]): string[] {
  const usual = officialContexts.filter((name) => clip.model.vocabulary.unknownWords(name).length === 0)
  const all = [...(contexts ?? usual), ...compare]
  return all.filter((name, i) => all.findIndex((other) => sameName(other) === sameName(name)) === i)
}

/** What stands still in each group, as a context of given images. */
function placeImages(lowest: ReferenceRequest['lowest']): Record<string, CuratedImage[]> {
  const groups = [...lowest].filter(([, images]) => images.length >= leastOfPlace)
  return Object.fromEntries(
    groups.map(([group, images]) => {
      const name = `place of ${group}`
      return [name, images.map(({ row, score }, rank) => ({ ...row, class: name, rank, score }))]
    }),
  )
}
