import type { Archive } from '../archive/archive'
import type { CuratedClass, CuratedImage } from '../curate/curated-set'
import type { ClassEntry } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { Settings } from './making'
import { mostImages } from './options'

/** The images of a name, the most similar first, or why there is none. */
export interface Retrieved {
  images: CuratedImage[]
  none?: string
}

/**
 * Images for names out of an archive, by the archive's own model: the k most similar whatever they show, or with k: 'auto' those that
 * are better than images are for names that the archive does not show.
 */
export async function retrieve(
  archive: Archive,
  entries: readonly ClassEntry[],
  { k, retrieve: given }: Settings,
  templates: Templates,
  signal: AbortSignal | undefined,
): Promise<Retrieved[]> {
  // Their ids are those of lists that they come from, and may be the same.
  const specs = entries.map(({ name, synonyms, prompts, negatives }) => ({ name, synonyms, negatives, ...(prompts && { prompts }) }))
  const set = await archive.curate(specs, {
    ...{ duplicates: false, ...given, templates, signal },
    ...(k === 'auto' ? { perClass: mostImages } : { perClass: k, falseAlarms: false }),
  })
  return set.classes.map((found) => ({ images: found.images, ...(found.images.length === 0 && { none: why(found, archive.uri) }) }))
}

function why({ presence }: CuratedClass, uri: string): string {
  if (presence === undefined) return `${uri} has no image for it`
  if (presence.present) return `none of the ${presence.above} images that show it is left by the options of \`retrieve\``
  const odds = presence.pValue < 0.001 ? 'p < 0.001' : `p = ${presence.pValue.toFixed(3)}`
  return `no image of ${uri} shows it better than names without a meaning (${odds}); with k: a number the most similar are taken whatever they show`
}
