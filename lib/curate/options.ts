import { z } from 'zod'
import type { ArchiveRow } from '../archive/types'
import { isIterable } from '../arguments'
import { positiveInteger, type RunOptions, runOptions } from '../options'
import type { Templates } from '../text/prompts'
import type { CuratedSet } from './curated-set'
import type { Decision } from './decisions'
import type { Diverse } from './diverse'
import type { NearOptions } from './near'

export interface CurateOptions extends RunOptions {
  /** Images wanted of each class. Default 100. */
  perClass?: number
  /** Least cosine with the class. Default: none; the null level rules alone. */
  minScore?: number
  /**
   * How much larger an image's cosine with the class must be than with every other class and with the class's own negatives. 0: an image
   * goes to its best class alone. Default: none; an image that shows two of the names may serve both.
   */
  margin?: number
  /**
   * A user column, a field of the row such as 'parent', 'folder' (or tar) that the image lies in, or a function: images of one group (camera,
   * site, burst) are capped. A column that no image has is an error.
   */
  groupBy?: string | ((row: ArchiveRow) => string | number | null | undefined)
  /** Images of a group. Default 1, with groupBy only. */
  perGroup?: number
  /** Order in which images are taken instead of best first (diverse.ts has the formulas). */
  diverse?: Diverse
  /**
   * Near-duplicates within a class, and crops of one picture: maxHamming 4 and minCosine 0.96 unless told otherwise; false keeps
   * them.
   */
  duplicates?: Partial<NearOptions> | false
  /** Ids, or earlier sets, whose images are not taken again. */
  exclude?: Iterable<string> | CuratedSet | readonly CuratedSet[]
  /** Files that review.html saved, or decisions: what was rejected never comes back, nor another copy of it; what was accepted stays. */
  decisions?: string | readonly (string | Decision)[]
  /**
   * Nominal chance that a word that means nothing is called present. A name that the archive does not show is called so as rarely where
   * the class list and our list of things cover what it does show; less well otherwise. Default 0.05. false: no test; a name then gets its
   * best images whatever they show.
   */
  falseAlarms?: number | false
  /** How names become prompts. Default: the model card's. */
  templates?: Templates
}

const a = <T>(what: string, check: (value: unknown) => boolean) => z.custom<T>(check, what)

export const curateOptions = z.strictObject({
  ...runOptions,
  perClass: positiveInteger.max(1_000_000).optional(),
  minScore: z.number().min(-1).max(1).optional(),
  margin: z.number().min(-2).max(2).optional(),
  groupBy: a<NonNullable<CurateOptions['groupBy']>>(
    'the name of a column or a function',
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'function',
  ).optional(),
  perGroup: positiveInteger.optional(),
  diverse: z
    .union([
      z.enum(['mmr', 'k-centre']),
      z.strictObject({
        method: z.enum(['mmr', 'k-centre']),
        lambda: z.number().min(0).max(1).optional(),
        pool: z.number().min(1).optional(),
      }),
    ])
    .optional(),
  duplicates: z
    .union([
      z.literal(false),
      z.strictObject({ maxHamming: z.number().int().min(0).max(64).optional(), minCosine: z.number().min(0).max(1).optional() }),
    ])
    .optional(),
  exclude: a<NonNullable<CurateOptions['exclude']>>(
    'ids, a CuratedSet or a list of them',
    (value) => isIterable(value) || (typeof value === 'object' && value !== null && 'images' in value),
  ).optional(),
  decisions: a<NonNullable<CurateOptions['decisions']>>(
    'the path of a decisions.jsonl, or a list of paths and decisions',
    (value) => typeof value === 'string' || Array.isArray(value),
  ).optional(),
  falseAlarms: z.union([z.literal(false), z.number().gt(0).lt(1)]).optional(),
  templates: a<NonNullable<CurateOptions['templates']>>(
    "'none', 'vild', 'imagenet', 'reco' or a list of templates",
    (value) => typeof value === 'string' || Array.isArray(value),
  ).optional(),
})
