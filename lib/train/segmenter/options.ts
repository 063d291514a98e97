import { z } from 'zod'
import type { SegmenterAugment, SegmenterMetrics } from '../../../binding'
import type { WordmaskError } from '../../errors'
import { positiveInteger, type RunOptions, runOptions } from '../../options'
import type { ClassSpec } from '../../text/classes'
import type { SegmenterRecipe } from './recipe'

/**
 * Pictures and their label maps: the label map of `images/a/b.jpg` is `labels/a/b.png`, palette or grey PNG. It lies on the picture as shown,
 * with its EXIF orientation, unless the labels/wordmask.json of pseudoLabel says that it lies on the picture as stored.
 */
export interface LabelledFolder {
  images: string
  labels: string
}

/** One side of a square, or both sides, in pixels. */
export type TrainingSize = number | { width: number; height: number }

export interface TrainSegmenterOptions extends LabelledFolder, Partial<SegmenterRecipe>, RunOptions {
  /** Label value i is class i; with `background`, 0 is background and class i is i + 1. At most 254 values. */
  classes: readonly (string | ClassSpec)[]
  /** Label value 0 is background. Default false. */
  background?: boolean
  /** Label values that count nowhere. Default [255]. */
  ignore?: readonly number[]
  /** Measured every `validateEvery` steps; the model with the best mIoU is kept, with `validateRefine` of that after the CRF. */
  validation?: LabelledFolder
  /**
   * For the backbone: torchvision's weights of a classification network (safetensors or .pth), or a DeepLabv3+ of any classes whose backbone
   * is taken, its file or its folder. Default: random weights.
   */
  backboneWeights?: string
  /** A whole network to go on from, ReCo+'s keys: a file, or the folder of a segmenter. */
  initial?: string
  /** Of the weights that come out: what data and first weights ask for. Default: that it follows from them, and what the first weights record. */
  licence?: string
  /** Folder of the run; see trainSegmenter. */
  into: string
  /** Called every `logEvery` steps, and with mIoU every `validateEvery` steps. */
  onMetrics?: (metrics: SegmenterMetrics) => void
  /** An image that is left out, and why. */
  onReject?: (image: string, error: WordmaskError) => void
}

export interface TrainedSegmenter {
  /** Segmenter.load takes it. */
  folder: string
  /** The model in it: of the best mIoU, without a validation set of the last step. */
  file: string
  /** Of the last step. */
  last: string
  /** Steps done, and after which of them `file` was written. */
  steps: number
  bestStep: number
  /** Of `file` on the validation set; with `validateRefine` after the CRF. */
  miou?: number
  stoppedEarly: boolean
  /** Pictures trained on. */
  images: number
  rejected: number
  /** Wall clock and CPU time of the training, over all sittings. */
  seconds: number
  cpuSeconds: number
  metrics: string
  plot: string
  /** What must not be overlooked, such as a start from random weights. */
  notes: string[]
}

const side = positiveInteger.min(16).max(4096)
const trainingSize = z.union([side, z.strictObject({ width: side, height: side })], {
  error: 'a number of pixels from 16 to 4096, or { width, height }',
})
const folders = { images: z.string().min(1), labels: z.string().min(1) }
const positive = z.number().positive()
const natural = z.number().nonnegative()
const chance = z.number().min(0).max(1)
const call = (what: string) => z.custom<(...given: never[]) => void>((value) => typeof value === 'function', what)

export const augmentOptions: Record<keyof SegmenterAugment, z.ZodNumber> = {
  scaleLow: positive.max(16),
  scaleHigh: positive.max(16),
  flip: chance,
  jitter: chance,
  brightness: chance,
  contrast: chance,
  saturation: chance,
  hue: z.number().min(0).max(0.5),
  grey: chance,
  blur: chance,
}

export const trainSegmenterOptions = z.strictObject({
  ...folders,
  ...runOptions,
  // Checked by parseClasses, which says more.
  classes: z.custom<readonly (string | ClassSpec)[]>(() => true),
  background: z.boolean().optional(),
  ignore: z.array(z.number().int().min(0).max(65_535)).optional(),
  validation: z.strictObject(folders).optional(),
  backboneWeights: z.string().min(1).optional(),
  initial: z.string().min(1).optional(),
  licence: z.string().min(1).optional(),
  into: z.string().min(1),
  onMetrics: call('a function').optional(),
  onReject: call('a function').optional(),
  backbone: z.enum(['mobilenet_v2', 'resnet50', 'resnet101']).optional(),
  outputStride: z.union([z.literal(8), z.literal(16)], { error: '8 or 16' }).optional(),
  width: positive.max(4).optional(),
  layers: z.array(positiveInteger).length(4).optional(),
  size: trainingSize.optional(),
  crop: trainingSize.optional(),
  steps: positiveInteger.optional(),
  batchSize: positiveInteger.min(2).max(4096).optional(),
  optimiser: z.enum(['adam', 'sgd']).optional(),
  learningRate: positive.optional(),
  backboneLearningRate: natural.optional(),
  learningRateFloor: natural.optional(),
  power: natural.optional(),
  weightDecay: natural.optional(),
  beta1: z.number().min(0).lt(1).optional(),
  beta2: z.number().min(0).lt(1).optional(),
  momentum: z.number().min(0).lt(1).optional(),
  backboneNormMomentum: positive.max(1).optional(),
  dropout: z.number().min(0).lt(1).optional(),
  augment: z.strictObject(augmentOptions).partial().optional(),
  dtype: z.enum(['float32', 'bfloat16']).optional(),
  workers: positiveInteger.max(256).optional(),
  checkpointEvery: positiveInteger.optional(),
  validateEvery: positiveInteger.optional(),
  logEvery: positiveInteger.optional(),
  patience: z.number().int().nonnegative().optional(),
  validateRefine: z.enum(['crf']).optional(),
  samples: z.number().int().nonnegative().max(1024).optional(),
  seed: z.number().int().nonnegative().optional(),
})
