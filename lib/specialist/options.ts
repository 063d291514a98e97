import { z } from 'zod'
import { Archive } from '../archive/archive'
import type { ArchiveRow } from '../archive/types'
import type { Clip } from '../clip/clip'
import { type CurateOptions, curateOptions } from '../curate/options'
import type { Encoder } from '../encoder/encoder'
import type { WordmaskError } from '../errors'
import { positiveInteger, type RunOptions, runOptions } from '../options'
import type { ClassSpec } from '../text/classes'
import type { LabelledFolder, TrainSegmenterOptions } from '../train/segmenter/options'
import { trainSegmenterOptions } from '../train/segmenter/options'
import type { SpecialistCard } from './card'

/** Parts of the work, in order. */
export type SpecialistStage = 'presence' | 'references' | 'masks' | 'data' | 'training' | 'measuring'

/**
 * What of the training may be set: trainSegmenter's options. Defaults: `size` the shorter side of the images, at most 320; `steps` 2000;
 * `learningRate` 0.002 from random weights, 0.0005 from `backboneWeights`; `augment` { jitter: 0.5, brightness: 0.2, contrast: 0.2, saturation: 0.2,
 * hue: 0.02, blur: 0.1 } and trainSegmenter's for the rest.
 */
export type SpecialistTraining = Partial<
  Pick<
    TrainSegmenterOptions,
    | ('size' | 'width' | 'steps' | 'batchSize' | 'optimiser' | 'learningRate' | 'backboneLearningRate' | 'weightDecay' | 'dropout')
    | ('augment' | 'dtype' | 'workers' | 'checkpointEvery' | 'validateEvery' | 'logEvery' | 'samples' | 'backboneWeights')
  >
>

export interface BuildSpecialistOptions extends RunOptions {
  /** What is to be segmented. */
  names: readonly (string | ClassSpec)[]
  /** Unlabelled images; what is given as a path is opened read-only, by the model that made it. */
  archive: Archive | string
  /** The archive's own model, where it is opened here; default: the one that the archive names. */
  clip?: Clip | string
  /** Things that the names are easily taken for: they are told apart in the images chosen, and masks are turned away from them. */
  compare?: readonly string[]
  /**
   * What images have in common that come from one place or moment (camera, site, burst): a user column, a field of the row, 'folder',
   * or a function. At most two reference images of a group; no group on both sides of the split.
   */
  groupBy?: CurateOptions['groupBy']
  /** Detections by anybody: COCO or MegaDetector JSON. Masks lie within them, and images without any are left out. */
  boxes?: string | { file: string; minConfidence?: number }
  /** As for archive.curate. Default: decisions.jsonl and audit.jsonl in `into`, where they are. */
  decisions?: CurateOptions['decisions']
  /** End when review.html is written, before anything is trained. Default false. */
  review?: boolean
  /** Write audit.html: so many of the held-out images in which the specialist finds a name, to be judged. */
  audit?: number
  /** Pictures with label maps: 0 is everything else, i + 1 the name i, 255 counts nowhere. Gives the card its IoU. */
  truth?: LabelledFolder
  /** Whose features are co-segmented, as for ReCo. */
  encoder?: Encoder | Clip | string
  /** As for ReCo. Default: its five. */
  contexts?: readonly string[]
  /** As for archive.curate. */
  falseAlarms?: number
  /** Images of a name, at most. Default 200. */
  images?: number
  /** Images without the names to train on; never fewer than those with one. Default 400. */
  without?: number
  /** Images made of masks of the names, put on images without them (Ghiasi et al. 2021). 0: none. Default 400. */
  composites?: number
  /** Images without the names that thresholds and figures rest on, at most. Default 2000. */
  heldOut?: number
  /** Of 1,000 held-out images without a name those that may be taken to show it, at most. Default 5. */
  falsePositives?: number
  training?: SpecialistTraining
  /** Of the weights that come out. Default: what the models that made them say. */
  licence?: string
  seed?: number
  /** Folder of the specialist. */
  into: string
  /** Before a part of the work begins; `onProgress` counts within it. */
  onStage?: (stage: SpecialistStage) => void
  /** What must not be overlooked. Default: a process warning. */
  onNote?: (note: string) => void
  /** An image that cannot be used, and why. Default: a process warning. */
  onReject?: (image: ArchiveRow, error: WordmaskError) => void
}

/** A name that the archive does not show. */
export interface AbsentName {
  name: string
  /** Chance that a name that means nothing looks at least as present. */
  pValue: number
  /** Contact sheet of the images most like it. */
  sheet: string
}

export interface Specialist {
  /** Segmenter.load takes it once it is trained. */
  folder: string
  /** Names that the archive shows. */
  names: string[]
  /** Names that it does not, which the specialist does not have. */
  absent: AbsentName[]
  /** The masks to look at. */
  review: string
  /** Undefined where `review` asked to stop before training. */
  card: SpecialistCard | undefined
  notes: string[]
}

const call = (what: string) => z.custom<(...given: never[]) => void>((value) => typeof value === 'function', what).optional()
const { groupBy, decisions } = curateOptions.shape
const train = trainSegmenterOptions.shape
const model = z.custom<Clip | Encoder | string>(() => true).optional()
const count = z.number().int().nonnegative().max(1_000_000)

export const specialistOptions = z.strictObject({
  ...runOptions,
  // Checked by parseClasses, which says more.
  names: z.custom<readonly (string | ClassSpec)[]>(() => true),
  archive: z.custom<Archive | string>((value) => typeof value === 'string' || value instanceof Archive, 'an Archive or its path'),
  ...{ clip: model, encoder: model, groupBy, decisions },
  compare: z.array(z.string()).optional(),
  contexts: z.array(z.string()).optional(),
  boxes: z
    .union([z.string().min(1), z.strictObject({ file: z.string().min(1), minConfidence: z.number().min(0).max(1).optional() })], {
      error: 'a file of boxes, or { file, minConfidence }',
    })
    .optional(),
  review: z.boolean().optional(),
  audit: positiveInteger.optional(),
  truth: z.strictObject({ images: z.string().min(1), labels: z.string().min(1) }).optional(),
  falseAlarms: z.number().gt(0).lt(1).optional(),
  images: positiveInteger.max(10_000).optional(),
  without: count.optional(),
  composites: count.optional(),
  heldOut: count.optional(),
  falsePositives: z.number().min(0).max(1000).optional(),
  training: z
    .strictObject({
      ...{ size: train.size, width: train.width, steps: train.steps, batchSize: train.batchSize, optimiser: train.optimiser },
      ...{ learningRate: train.learningRate, backboneLearningRate: train.backboneLearningRate, weightDecay: train.weightDecay },
      ...{ dropout: train.dropout, augment: train.augment, dtype: train.dtype, workers: train.workers, samples: train.samples },
      ...{ checkpointEvery: train.checkpointEvery, validateEvery: train.validateEvery, logEvery: train.logEvery },
      backboneWeights: train.backboneWeights,
    })
    .optional(),
  licence: z.string().min(1).optional(),
  seed: z.number().int().nonnegative().optional(),
  into: z.string().min(1),
  ...{ onStage: call('a function'), onNote: call('a function'), onReject: call('a function') },
})
