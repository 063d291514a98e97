import { WordmaskError } from '../errors'
import { type Refinement, refinementOf } from '../refine/options'
import { type ClassEntry, parseClasses } from '../text/classes'
import { type Templates, templateList } from '../text/prompts'
import type { SegmentMethod } from './method'
import type { Background, SegmentOptions } from './options'
import { textRows } from './text-cache'

/** What a segmenter does unless a call says otherwise. */
export interface Defaults {
  readonly classes: readonly ClassEntry[] | undefined
  readonly templates: Templates
  readonly background: Background | undefined
  readonly size: SegmentOptions['size']
  readonly slide: SegmentOptions['slide']
  readonly maxPixels: number | undefined
  readonly refine: Refinement | undefined
}

/** Everything about a call that does not depend on the image, checked once. */
export interface Plan extends Pick<Defaults, 'templates' | 'background' | 'size' | 'slide' | 'maxPixels' | 'refine'> {
  readonly classes: readonly ClassEntry[]
  /** Classes, then what competes with them. */
  readonly rows: readonly ClassEntry[]
  readonly orient: boolean
  readonly signal: AbortSignal | undefined
}

/** A segmenter's defaults, checked, with the rows they stand for. */
export interface Standing {
  readonly defaults: Defaults
  readonly rows: readonly ClassEntry[] | undefined
}

export function standing(defaults: Defaults): Standing {
  return { defaults, rows: defaults.classes && textRows(defaults.classes, defaults.background) }
}

/** @throws ERR_WORDMASK_CLASSES without classes, ERR_WORDMASK_TEMPLATE, ERR_WORDMASK_INVALID_ARGUMENT for a view the method cannot take */
export function planCall(method: SegmentMethod, { defaults, rows }: Standing, given: SegmentOptions): Plan {
  const classes = given.classes !== undefined ? parseClasses(given.classes) : defaults.classes
  if (!classes) throw new WordmaskError('ERR_WORDMASK_CLASSES', 'No classes: name them in the call or when making the segmenter')
  const background = given.background === undefined ? defaults.background : (given.background ?? undefined)
  if (given.templates !== undefined) templateList(given.templates)
  const size = given.size ?? defaults.size
  const slide = given.slide ?? defaults.slide
  method.checkView(size, slide)
  // A list of 60,000 names is not gone through again for every image.
  const same = classes === defaults.classes && background === defaults.background
  return {
    classes,
    background,
    templates: given.templates ?? defaults.templates,
    rows: same && rows ? rows : textRows(classes, background),
    size,
    slide,
    maxPixels: given.maxPixels ?? defaults.maxPixels,
    refine: given.refine === undefined ? defaults.refine : refinementOf(given.refine ?? undefined),
    orient: given.orient ?? true,
    signal: given.signal,
  }
}
