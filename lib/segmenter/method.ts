import type { z } from 'zod'
import type { Pixels } from '../../binding'
import type { Clip } from '../clip/clip'
import type { ClipInfo } from '../clip/info'
import type { RunOptions } from '../options'
import type { ReferenceAbout } from '../reco/reference'
import type { Templates } from '../text/prompts'
import type { Models } from './models'
import type { Method, SegmenterLoadOptions, SegmenterOptions, SegmentOptions } from './options'
import type { Defaults, Plan } from './plan'
import type { SaveOptions } from './save'
import type { Scores } from './scores'
import type { Protocol } from './segmentation'

/** Names to be told apart, and the sentences they are put into. */
export type Names = Pick<Plan, 'rows' | 'templates'>

/** What a method makes of one image. */
export interface Scored {
  scores: Scores
  /** How it came about, for the protocol of the answer. */
  seen: Omit<Protocol, 'method' | 'templates' | 'slide' | 'orient' | 'background' | 'temperature'>
}

/** What run records keep of a model. */
export type ModelAbout = Pick<ClipInfo, 'name' | 'family' | 'licence' | 'device' | 'dtype' | 'files' | 'notes'>

/**
 * One way of segmenting: from pixels to the scores of names on a grid. Methods are siblings: the segmenter around them decodes,
 * waits in line, turns scores into labels and saves, and knows none of them; methods.ts lists them.
 */
export interface SegmentMethod {
  readonly name: Method
  /** The CLIP that reads the names; undefined where names are fixed and none is read. */
  readonly clip: Clip | undefined
  /** Its model, for run records; undefined: the CLIP's own. */
  readonly about?: ModelAbout
  /** Everything that calls keep alive. */
  readonly models: Models
  /** Where nobody says any. */
  readonly templates: Templates
  /** What names rest on, where a method makes something of images for them. */
  readonly references?: readonly ReferenceAbout[]
  /** What can be said of a way of looking before there is an image. @throws ERR_WORDMASK_INVALID_ARGUMENT */
  checkView(size: SegmentOptions['size'], slide: SegmentOptions['slide']): void
  /** What names need before images can be scored; nothing is done twice, however many calls ask. */
  prepare(names: Names, run: RunOptions): Promise<void>
  /** Scores of all rows of the plan, which has been prepared. */
  score(pixels: Pixels, plan: Plan): Promise<Scored>
  /** Writes the method's own files. -> its own keys of wordmask.json */
  save(folder: string, defaults: Defaults, options: SaveOptions): Promise<Record<string, unknown>>
}

/** How segmenters of a method are made and read back. */
export interface MethodKind {
  /** Of Segmenter.create, for this method. */
  readonly options: z.ZodObject
  /** Its own keys of wordmask.json, beside those that every segmenter has. */
  readonly saved: z.ZodObject
  create(options: SegmenterOptions): Promise<SegmentMethod>
  load(folder: string, saved: Record<string, unknown>, defaults: Defaults, options: SegmenterLoadOptions): Promise<SegmentMethod>
}
