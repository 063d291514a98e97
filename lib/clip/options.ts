import { z } from 'zod'
import type { RunOptions } from '../options'
import { pendingLimit, positiveInteger, runOptions, slideOptions } from '../options'
import type { Templates } from '../text/prompts'
import { maxThreads } from '../threads'

/** Options of Clip.load. */
export interface ClipOptions extends RunOptions {
  /** 'cpu', 'cuda', 'cuda:1', or 'auto' (default): CUDA where there is one, else the CPU. */
  device?: string
  /** Arithmetic of the towers; 'auto' chooses bfloat16 where the device is fast at it. Default 'float32'. */
  dtype?: 'float32' | 'bfloat16' | 'float16' | 'auto'
  /**
   * Threads of a tensor operation on the CPU, for every model of this process: the last one given counts. Default:
   * WORDMASK_THREADS, else every core.
   */
  threads?: number
  /** For bare weight files that do not record it: OpenAI's weights and their descendants use 'quick_gelu'. */
  activation?: 'quick_gelu' | 'gelu'
  /**
   * What dense features of a ViT are made of: 'residual' (default for CLIP), as MaskCLIP's code does, or 'value' (default
   * of `scenes`), the projected values alone.
   */
  dense?: 'value' | 'residual'
  /**
   * Calls (encodeImage, encodeText, classify, denseFeatures, preprocess, classVectors) that may wait beside two in work; more
   * reject with ERR_WORDMASK_BUSY. Default 256.
   */
  maxPending?: number
}

interface ImageOptions extends RunOptions {
  /** Apply the EXIF orientation. Default true; false is what Pillow, and so the reference, does. */
  orient?: boolean
  /** Images with more pixels are refused. Default 178,956,970. */
  maxPixels?: number
}

export interface PreprocessOptions extends ImageOptions {}

export interface EncodeImageOptions extends ImageOptions {
  /** Images encoded together. Default 16. */
  batchSize?: number
  /** Rows of unit length. Default true. */
  normalize?: boolean
}

export interface EncodeTextOptions extends RunOptions {
  /**
   * 'none' (default) encodes every text as it is. Otherwise every text is a name that goes into each template; its row is
   * the normalised mean of the normalised prompts.
   */
  templates?: Templates
  /** Rows of unit length. Default true. */
  normalize?: boolean
  /** Texts encoded together. Default 256. */
  batchSize?: number
  /** Cut texts that are longer than the context, as open_clip does (default), or reject them with ERR_WORDMASK_TEXT_TOO_LONG. */
  truncate?: boolean
}

/**
 * Side of the image the tower sees, in pixels: the shorter one, or both. Both are rounded to whole patches. One look has at
 * most 16,384 patches, since its cost grows with their square; with `slide` the image has at most 65,536. For very long, thin
 * images give both sides, or slide.
 */
export type ImageSize = number | { width: number; height: number }

/** A window over the resized image, in its pixels; both are multiples of the patch size, stride <= crop. */
export interface Slide {
  crop: number
  stride: number
}

export interface DenseFeatureOptions extends ImageOptions {
  /** Default: what the model's card says, else one and a half times the size it was trained at. */
  size?: ImageSize
  /** Encode windows and average where they overlap. Default: the whole image at once. */
  slide?: Slide
}

export interface ClassifyOptions extends ImageOptions {
  /** Default: what the model's card says; 'imagenet' for models without one. */
  templates?: Templates
}

const templates = z.custom<Templates>(() => true).optional()
const image = { ...runOptions, orient: z.boolean().optional(), maxPixels: positiveInteger.optional() }
const batchSize = positiveInteger.max(65_536).optional()

export const imageSize = z.union([positiveInteger, z.strictObject({ width: positiveInteger, height: positiveInteger })], {
  error: 'a number of pixels (the shorter side) or { width, height }',
})

export const clipOptions = z.strictObject({
  ...runOptions,
  device: z.string().optional(),
  dtype: z.enum(['float32', 'bfloat16', 'float16', 'auto']).optional(),
  threads: positiveInteger.max(maxThreads).optional(),
  activation: z.enum(['quick_gelu', 'gelu']).optional(),
  dense: z.enum(['value', 'residual']).optional(),
  maxPending: pendingLimit,
})
export const runOnly = z.strictObject(runOptions)
export const preprocessOptions = z.strictObject(image)
export const encodeImageOptions = z.strictObject({ ...image, batchSize, normalize: z.boolean().optional() })
export const encodeTextOptions = z.strictObject({
  ...runOptions,
  templates,
  normalize: z.boolean().optional(),
  batchSize,
  truncate: z.boolean().optional(),
})
export const denseFeatureOptions = z.strictObject({ ...image, size: imageSize.optional(), slide: slideOptions })
export const saveOptions = z.strictObject({ ...runOptions, dtype: z.enum(['float32', 'float16']).optional() })
export const classifyOptions = z.strictObject({ ...image, templates })
