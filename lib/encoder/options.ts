import { z } from 'zod'
import { type ImageSize, imageSize } from '../clip/options'
import type { RunOptions } from '../options'
import { pendingLimit, positiveInteger, runOptions } from '../options'
import { maxThreads } from '../threads'

/** Options of Encoder.load. */
export interface EncoderOptions extends RunOptions {
  /** 'cpu', 'cuda', 'cuda:1', or 'auto' (default): CUDA where there is one, else the CPU. */
  device?: string
  /** Arithmetic of the tower; 'auto' chooses bfloat16 where the device is fast at it. Default 'float32'. */
  dtype?: 'float32' | 'bfloat16' | 'float16' | 'auto'
  /** Threads of a tensor operation on the CPU, for every model of this process: the last one given counts. */
  threads?: number
  /**
   * What the features of a CLIP are: 'value' and 'residual' as those of Clip.denseFeatures, 'cells' what its last layer gives
   * before it is projected into the space of the texts. Default: 'value' for the built-in models, else what Clip.load would
   * take. Other towers have one form and refuse it.
   */
  read?: 'value' | 'residual' | 'cells'
  /**
   * The layer of a CLIP's ViT, counted from 1, at which it is read as if it were the last: 'value' and 'residual' are then its, 'cells'
   * what it gives. Those above are not loaded. Default: with `read` the last, else as the card of a built-in model says, or the last.
   */
  layer?: number
  /** For bare CLIP files that do not record it: OpenAI's weights and their descendants use 'quick_gelu'. */
  activation?: 'quick_gelu' | 'gelu'
  /** Calls of features that may wait beside two in work; more reject with ERR_WORDMASK_BUSY. Default 256. */
  maxPending?: number
}

export interface EncoderFeatureOptions extends RunOptions {
  /**
   * What the tower sees: the shorter side in pixels, both sides then rounded to whole cells; or both sides, taken as they are.
   * Default: `info.size`. At most 16,384 cells.
   */
  size?: ImageSize
  /** Apply the EXIF orientation. Default true; false is what Pillow, and so the reference, does. */
  orient?: boolean
  /** Images with more pixels are refused. Default 178,956,970. */
  maxPixels?: number
}

export const encoderOptions = z.strictObject({
  ...runOptions,
  device: z.string().optional(),
  dtype: z.enum(['float32', 'bfloat16', 'float16', 'auto']).optional(),
  threads: positiveInteger.max(maxThreads).optional(),
  read: z.enum(['value', 'residual', 'cells']).optional(),
  layer: positiveInteger.optional(),
  activation: z.enum(['quick_gelu', 'gelu']).optional(),
  maxPending: pendingLimit,
})
export const encoderFeatureOptions = z.strictObject({
  ...runOptions,
  size: imageSize.optional(),
  orient: z.boolean().optional(),
  maxPixels: positiveInteger.optional(),
})
