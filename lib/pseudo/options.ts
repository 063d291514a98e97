import { z } from 'zod'
import type { ClipOptions, ImageSize, Slide } from '../clip/options'
import { imageSize } from '../clip/options'
import type { CoordinateOptions, RunProgress, RunSummary } from '../engine/coordinate'
import { indexOptions } from '../engine/options'
import type { WorkersOptions } from '../engine/run-shards'
import { positiveInteger, slideOptions } from '../options'
import { type Refine, refine } from '../refine/options'
import { type Background, background } from '../segmenter/options'
import type { Segmenter } from '../segmenter/segmenter'
import type { ClassSpec } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { ImagesMode } from './folder'

/** Options of pseudoLabel; what is left out of the labelling is as the segmenter has it. */
export interface PseudoLabelOptions extends Omit<WorkersOptions, 'batchSize'> {
  /** A folder that Segmenter.save, `wordmask reco build` or a training wrote, or a segmenter, which is saved into `into`/segmenter for the workers. */
  segmenter: Segmenter | string
  /** Output folder; see pseudoLabel. */
  into: string
  classes?: readonly (string | ClassSpec)[]
  /** `null`: none, though the segmenter has one. With a background label 0 is background and class i is i + 1. */
  background?: Background | null
  templates?: Templates
  size?: ImageSize
  slide?: Slide
  /** Default: the segmenter's; `null`: none. */
  refine?: Refine | null
  /**
   * Pixels whose best name has less than this (0..1) become 255, which training ignores: of the softmax share, with 'reco' of the
   * probability, with `refine` of what comes out of it. Names of a background count as names. Default: every pixel keeps its label.
   */
  threshold?: number
  /** Apply the EXIF orientation. Default true. A training on the labels reads the images in the same way. */
  orient?: boolean
  /** Images with more pixels are rejected. Default 178,956,970. */
  maxPixels?: number
  /** Arithmetic of the model. Default 'float32'. */
  dtype?: ClipOptions['dtype']
  /**
   * How images come to lie in `into`/images: 'link' links to files and writes out what lies in tars and buckets, 'copy' writes out all,
   * 'none' leaves them where they are, which one local folder alone allows. Default 'link'.
   */
  images?: ImagesMode
  /** Images of a shard, what one worker takes at once; a tar is one shard. Default 100. */
  shardSize?: number
  /** Workers finish the shards in hand, and the call returns. */
  stop?: AbortSignal
  /** Workers end at once and the call rejects; what was finished is found again by the next call. */
  signal?: AbortSignal
  /** Told at every look at the shards, every second. */
  onProgress?: (progress: RunProgress) => void
  /** @internal Times for tests. */
  timing?: Pick<CoordinateOptions, 'pollMs' | 'offerMs' | 'beatMs' | 'collector'>
}

/** What pseudoLabel leaves; counts are of the whole folder, earlier sittings included. */
export interface PseudoLabelled {
  /** Folders and class file as trainSegmenter takes them. */
  images: string
  labels: string
  classes: string
  /** Label 0 is background. */
  background: boolean
  labelled: number
  rejected: number
  /** Share of the labelled pixels, by name, in the order of the classes. */
  coverage: Record<string, number>
  /** Share of pixels that are 255. */
  uncertain: number
  /** Of this call. */
  run: RunSummary
}

const { queue, part, devices, attempts, stop, signal, orient, maxPixels, onProgress, onWarning, timing } = indexOptions.shape

export const pseudoLabelOptions = z.strictObject({
  ...{ queue, part, devices, attempts, stop, signal, orient, maxPixels, onProgress, onWarning, timing },
  // Checked where they are used, which says more.
  segmenter: z.custom<Segmenter | string>(() => true),
  classes: z.custom<readonly (string | ClassSpec)[]>(() => true).optional(),
  templates: z.custom<Templates>(() => true).optional(),
  into: z.string().min(1),
  background: background.nullable().optional(),
  size: imageSize.optional(),
  slide: slideOptions,
  refine: refine.nullable().optional(),
  threshold: z.number().gt(0).lt(1).optional(),
  dtype: z.enum(['float32', 'bfloat16', 'float16', 'auto']).optional(),
  images: z.enum(['link', 'copy', 'none']).optional(),
  shardSize: positiveInteger.optional(),
})
