import { z } from 'zod'
import type { TrainMetrics } from '../../binding'
import { positiveInteger, type RunOptions, runOptions } from '../options'
import type { Recipe } from './recipe'

export interface TrainOptions extends Partial<Recipe>, RunOptions {
  /**
   * What to learn from: a scene pack (absent: the one that ships), or pictures and captions packed by yourself, two safetensors files
   * with `pixels` uint8 [n, s, s, 3] and `tokens` int32 [n, contextLength] (zero padded ids of Clip.tokenize).
   */
  data?: string | { pixels: string; tokens: string }
  /** A ViT CLIP to go on from: whatever Clip.load takes. Absent: the built-in architecture, random weights. */
  clip?: string
  /**
   * Folder of the run: checkpoint.safetensors (a stopped run goes on from it, bit for bit), metrics.jsonl, metrics.svg and
   * the model, clip.safetensors, which Clip.load takes.
   */
  into: string
  /** Called every `logEvery` steps. */
  onMetrics?: (metrics: TrainMetrics) => void
}

export interface TrainedClip {
  /** The model, fp32, with its architecture in the metadata: Clip.load(file) works. */
  file: string
  steps: number
  /** Wall clock over all sittings. */
  seconds: number
  metrics: string
  plot: string
}

const count = z.number().int().nonnegative()
const positive = z.number().positive()

export const trainOptions = z.strictObject({
  data: z.union([z.string().min(1), z.strictObject({ pixels: z.string().min(1), tokens: z.string().min(1) })]).optional(),
  clip: z.string().min(1).optional(),
  into: z.string().min(1),
  objective: z.enum(['captions', 'views']).optional(),
  onMetrics: z.custom<(metrics: TrainMetrics) => void>((value) => typeof value === 'function', 'a function').optional(),
  seed: count.optional(),
  stages: z
    .array(z.strictObject({ steps: positiveInteger, batchSize: positiveInteger, size: positiveInteger }))
    .min(1)
    .optional(),
  learningRate: positive.optional(),
  weightDecay: z.number().nonnegative().optional(),
  beta1: z.number().min(0).lt(1).optional(),
  beta2: z.number().min(0).lt(1).optional(),
  warmupSteps: count.optional(),
  clipNorm: positive.optional(),
  patchLoss: z.number().nonnegative().optional(),
  claimLoss: z.number().nonnegative().optional(),
  softTargets: z.boolean().optional(),
  freeze: z.strictObject({ vision: z.boolean(), text: z.boolean() }).optional(),
  dtype: z.enum(['float32', 'bfloat16']).optional(),
  workers: positiveInteger.optional(),
  checkpointEvery: positiveInteger.optional(),
  logEvery: positiveInteger.optional(),
  ...runOptions,
})
