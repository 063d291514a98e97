import { z } from 'zod'
import { Archive } from '../archive/archive'
import type { ArchiveRow } from '../archive/types'
import { isObject } from '../arguments'
import type { Clip } from '../clip/clip'
import type { CuratedImage } from '../curate/curated-set'
import { type CurateOptions, curateOptions } from '../curate/options'
import type { Encoder } from '../encoder/encoder'
import type { WordmaskError } from '../errors'
import { positiveInteger } from '../options'
import { type CommonOptions, segmenterOptions } from '../segmenter/options'

/** Images of a name with k: 'auto', at most. */
export const mostImages = 50

/**
 * How reference images are chosen, beside their number: as for archive.curate, whose defaults are without effect here; `falseAlarms`
 * is for k: 'auto' alone.
 */
export interface RetrieveOptions
  extends Pick<
    CurateOptions,
    'minScore' | 'margin' | 'falseAlarms' | 'groupBy' | 'perGroup' | 'diverse' | 'duplicates' | 'exclude' | 'decisions'
  > {
  /**
   * Images of the archive for some of the names and contexts, by name: these are taken, and nothing else above is asked of them. A
   * context of given images need not mean anything (`'place 3'`): it is what the images have in common, found without guidance.
   */
  images?: Readonly<Record<string, readonly CuratedImage[]>>
}

/** Options of Segmenter.create for the method 'reco'. */
export interface RecoOptions extends CommonOptions {
  method: 'reco'
  /** The pool that images of a name are taken from; what is given as a path is opened read-only, by the model that made it. */
  archive: Archive | string
  /** The archive's own model, where it is opened here; default: the one that the archive names. */
  clip?: Clip | string
  /** The CLIP whose dense features language guidance and segmentation use. Default: that of the archive. */
  denseClip?: Clip | string
  /** Whose features are co-segmented: an Encoder, a Clip, or what Encoder.load takes. Default: the dense CLIP's image tower. */
  encoder?: Encoder | Clip | string
  /**
   * Reference images of a name: so many of the most similar, whatever they show; or 'auto': those that pass the presence test of
   * archive.curate, 50 at most. Default 50.
   */
  k?: number | 'auto'
  /** Things that come with others and are no part of them, in the order in which they are built. Default: ReCo's five. */
  contexts?: readonly string[]
  /**
   * Which images a place is matched with: 'official' (default), as ReCo's published code and figures have it, so that the order of the
   * images counts; 'perImage', each image once.
   */
  window?: 'official' | 'perImage'
  /** Weigh places by their likeness to the name (default true). */
  guidance?: boolean
  /** Weigh places less that look like a context (default true). */
  elimination?: boolean
  /** How images are chosen. Default: the k most similar. */
  retrieve?: RetrieveOptions
  /** Side of the square that reference images are seen as, in pixels. Default: the size that each model was trained at. */
  referenceSize?: number
  /** Where references are kept as they are made: a later call with the same folder makes only what is missing or stale. */
  references?: string
  /** Where features of images are kept. Default: beside the archive. */
  cache?: string
  /** An image of the archive that cannot be used; the others are. Default: a process warning. */
  onReject?: (image: ArchiveRow, error: WordmaskError) => void
}

const model = z.custom<Clip | string>(() => true).optional()
const images = z.record(z.string(), z.array(z.custom<CuratedImage>((image) => isObject(image), 'images of a CuratedSet'))).optional()
const { minScore, margin, falseAlarms, groupBy, perGroup, diverse, duplicates, exclude, decisions } = curateOptions.shape

/** What makes references, beside models and images; saved with them. */
export const settingsShape = {
  k: z.union([positiveInteger.max(1000), z.literal('auto')], { error: "a whole number from 1 to 1000, or 'auto'" }),
  contexts: z.array(z.string()),
  window: z.enum(['official', 'perImage']),
  guidance: z.boolean(),
  elimination: z.boolean(),
}

export const recoOptions = segmenterOptions.extend({
  archive: z.custom<Archive | string>((value) => typeof value === 'string' || value instanceof Archive, 'an Archive or its path'),
  clip: model,
  denseClip: model,
  encoder: z.custom<Encoder | Clip | string>(() => true).optional(),
  ...z.strictObject(settingsShape).partial().shape,
  retrieve: z
    .strictObject({ minScore, margin, falseAlarms, groupBy, perGroup, diverse, duplicates, exclude, decisions, images })
    .optional(),
  referenceSize: positiveInteger.max(4096).optional(),
  references: z.string().min(1).optional(),
  cache: z.string().min(1).optional(),
  onReject: z.custom<NonNullable<RecoOptions['onReject']>>((value) => typeof value === 'function', 'a function').optional(),
})
