import { z } from 'zod'
import type { Archive } from '../archive/archive'
import type { Clip } from '../clip/clip'
import { type ClipOptions, clipOptions, type ImageSize, imageSize, type Slide } from '../clip/options'
import { pendingLimit, positiveInteger, type RunOptions, runOptions, slideOptions } from '../options'
import type { RecoOptions } from '../reco/options'
import { type Refine, refine } from '../refine/options'
import type { ClassSpec } from '../text/classes'
import type { Templates } from '../text/prompts'

/**
 * What is none of the classes. With a background, label 0 is background and class i has label i + 1; without it every pixel
 * gets a class and class i has label i.
 */
export type Background =
  /** Names that compete with the classes; where one of them wins is background. Negatives of classes join them. */
  | { names: readonly string[] }
  /** Pixels whose best class has a softmax share below this (0..1) are background. */
  | { threshold: number }

/** How a call looks at an image; what is left out is as the segmenter was made. */
export interface SegmentOptions extends RunOptions {
  /** Names or specifications; text vectors are cached, so changing them often is cheap. */
  classes?: readonly (string | ClassSpec)[]
  /** `null`: no background, though the segmenter has one. */
  background?: Background | null
  templates?: Templates
  /** Shorter side, or both sides, the model sees, in pixels. Labels always have the size of the image. */
  size?: ImageSize
  slide?: Slide
  /** Labels after a dense CRF or PAMR over the image's colours; `null`: none, though the segmenter has one. Default none. */
  refine?: Refine | null
  /** Apply the EXIF orientation, so that labels lie on what viewers show. Default true. */
  orient?: boolean
  /** Images with more pixels are refused. Default 178,956,970. */
  maxPixels?: number
}

export interface SegmentAllOptions extends SegmentOptions {
  /** Images in work at once: one is decoded while another is segmented; with 3 or more, some share a tower pass. Default 2. */
  concurrency?: number
}

/** Options of Segmenter.create that every method has. */
export interface CommonOptions extends Omit<SegmentOptions, 'orient'> {
  /** Calls that may wait beside the two in work; more reject with ERR_WORDMASK_BUSY. Default 64. */
  maxPending?: number
}

export interface MaskClipOptions extends CommonOptions {
  /** 'maskclip' (also called 'denseclip'): CLIP's dense features against text. Default 'maskclip'. */
  method?: 'maskclip' | 'denseclip'
  /** A loaded model, which stays the caller's to dispose of, or what Clip.load takes. Default 'scenes'. */
  clip?: Clip | string
}

/** Options of Segmenter.create, by method. */
export type SegmenterOptions = MaskClipOptions | RecoOptions

/** Options of Segmenter.load. */
export interface SegmenterLoadOptions extends RunOptions {
  device?: string
  dtype?: ClipOptions['dtype']
  /** 'reco': names without a reference get one out of this archive, which the model that the references were made with has embedded. */
  archive?: Archive | string
  /** As for Segmenter.create. Default 64. */
  maxPending?: number
}

export interface ScoreOptions {
  /** 'grid' (default): one value a patch; 'image': bilinear at the size of the image. */
  at?: 'grid' | 'image'
  /** Names (or indices) of the classes wanted, in this order. Default: all. */
  classes?: readonly (string | number)[]
}

export interface MaskOptions {
  /** Regions of fewer pixels are left out. Default 1. */
  minArea?: number
  /** One mask a 4-connected component instead of one a class. Default false. */
  instances?: boolean
}

export const background = z.union(
  [z.strictObject({ names: z.array(z.string()).min(1) }), z.strictObject({ threshold: z.number().gt(0).lt(1) })],
  {
    error: '{ names: [...] } with at least one name, or { threshold } between 0 and 1',
  },
)

const view = {
  ...runOptions,
  // Checked by parseClasses and templateList, which say more.
  classes: z.custom<readonly (string | ClassSpec)[]>(() => true).optional(),
  templates: z.custom<Templates>(() => true).optional(),
  background: background.nullable().optional(),
  size: imageSize.optional(),
  slide: slideOptions,
  refine: refine.nullable().optional(),
}
const decode = { orient: z.boolean().optional(), maxPixels: positiveInteger.optional() }

export const segmentOptions = z.strictObject({ ...view, ...decode })
export const segmentAllOptions = z.strictObject({ ...view, ...decode, concurrency: positiveInteger.max(64).optional() })
/** What every method takes. */
export const segmenterOptions = z.strictObject({
  ...view,
  maxPixels: decode.maxPixels,
  method: z.string().optional(),
  maxPending: pendingLimit,
})
export const maskClipOptions = segmenterOptions.extend({ clip: z.custom<Clip | string>(() => true).optional() })
const { device, dtype } = clipOptions.shape
export const segmenterLoadOptions = z.strictObject({
  ...runOptions,
  device,
  dtype,
  archive: z.custom<Archive | string>(() => true).optional(),
  maxPending: pendingLimit,
})
export const scoreOptions = z.strictObject({
  at: z.enum(['grid', 'image']).optional(),
  classes: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .optional(),
})
export const maskOptions = z.strictObject({ minArea: z.number().int().min(1).optional(), instances: z.boolean().optional() })

/** What lib/segmenter/methods.ts lists. */
export type Method = 'maskclip' | 'reco' | 'deeplabv3plus'
