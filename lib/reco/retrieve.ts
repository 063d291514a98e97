import type { Archive } from '../archive/archive'
import type { CuratedClass, CuratedImage } from '../curate/curated-set'
import type { CurateOptions } from '../curate/options'
import type { ClassEntry } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { Settings } from './making'
import { mostImages, type RetrieveOptions } from './options'

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
  { k, retrieve: { images: chosen, ...given } }: Settings,
  templates: Templates,
  signal: AbortSignal | undefined,
): Promise<Retrieved[]> {
  // Their ids are those of lists that they come from, and may be the same.
  const own = entries.map(({ name }) => givenImages(chosen, name))
  const open = entries.filter((_, i) => !own[i])
  const specs = open.map(({ name, synonyms, prompts, negatives }) => ({ name, synonyms, negatives, ...(prompts && { prompts }) }))
  const options: CurateOptions = {
    ...{ duplicates: false as const, ...given, templates, signal },
    ...(k === 'auto' ? { perClass: mostImages } : { perClass: k, falseAlarms: false }),
  }
  const found = open.length === 0 ? [] : (await archive.curate(specs, options)).classes
  return entries.map((entry, i) => {
    const images = own[i]
    if (images) return { images: [...images], ...(images.length === 0 && { none: 'no image was given for it' }) }
    const one = found[open.indexOf(entry)] as CuratedClass
    return { images: one.images, ...(one.images.length === 0 && { none: why(one, archive.uri) }) }
  })
}

/** The images that the caller chose for a name. */
export const givenImages = (images: RetrieveOptions['images'], name: string): readonly CuratedImage[] | undefined =>
  images && Object.hasOwn(images, name) ? images[name] : undefined

function why({ presence }: CuratedClass, uri: string): string {
  if (presence === undefined) return `${uri} has no image for it`
  if (presence.present) return `none of the ${presence.above} images that show it is left by the options of \`retrieve\``
  const odds = presence.pValue < 0.001 ? 'p < 0.001' : `p = ${presence.pValue.toFixed(3)}`
  return `no image of ${uri} shows it better than names without a meaning (${odds}); with k: a number the most similar are taken whatever they show`
}
