import { readFileSync } from 'node:fs'
import type { DeepLabConfig, Float32Tensor } from '../../binding'
import { goldenFile } from './golden'
import { testing } from './testing'

/** Norm of a tensor, and its product with a pattern of 1 and -1. */
export type Digests = Record<string, [number, number]>

export interface DeepLabGolden {
  config: DeepLabConfig
  /** Relative errors of PyTorch in float32 and, of the logits, under bfloat16 autocast. */
  float32: Record<'logits' | 'trained' | 'gradient' | 'moved' | 'statistics', number>
  bfloat16: { logits: number }
  /** Relative change of the logits under a wrong formula, and of three steps under a wrong rule. */
  mutations: Record<string, number>
  wrongSteps: Record<string, Record<'moved' | 'statistics', number>>
  gradients: { loss: number; gradient: Digests }
  steps: { losses: number[]; moved: Digests; statistics: Digests }
}

export interface BatchOptions {
  classes: number
  seed: number
  batchSize: number
  width: number
  height: number
  scaleLow: number
  scaleHigh: number
  flip: number
  jitter: number
  grey: number
  blur: number
}

/** Functions of wordmask_testing.node on the segmenter and its trainer (test/native/deeplab.cc, segmenter_training.cc). */
export interface DeepLabTesting {
  deepLabState(config: DeepLabConfig): { parameters: number; entries: { key: string; shape: number[] }[] }
  deepLabForward(
    config: DeepLabConfig,
    pixels: Float32Tensor,
  ): Record<'trained' | 'plain' | 'packed' | 'bfloat16', Float32Tensor> & { same: boolean }
  segmenterSteps(
    options: { model: DeepLabConfig; steps: number; dropout: number; bfloat16: boolean; optimiser: 'adam' | 'sgd' },
    pixels: Float32Tensor,
    labels: Float32Tensor,
  ): { losses: number[]; norms: number[]; moved: Digests; statistics: Digests }
  segmenterGradient(config: DeepLabConfig, pixels: Float32Tensor, labels: Float32Tensor): { loss: number; gradient: Digests }
  segmentationLoss(logits: Float32Tensor, labels: Float32Tensor): { loss: number; gradient: Float32Tensor }
  optimiserSteps(
    kind: 'adam' | 'sgd',
    options: Record<'learningRate' | 'beta1' | 'beta2' | 'momentum' | 'weightDecay', number>,
    values: Float32Tensor,
    gradients: Float32Tensor,
  ): Float32Tensor
  polyRate(step: number, steps: number, peak: number, power: number, floor: number): number
  changeColours(
    picture: Float32Tensor,
    change: 'brighten' | 'contrast' | 'saturate' | 'turnHue' | 'toGrey' | 'blur',
    amount: number,
    size?: number,
  ): Float32Tensor
  trainingBatch(file: string, options: BatchOptions, first: number): { pixels: Float32Tensor; labels: Float32Tensor }
}

export const deepLabTesting = () => testing() as unknown as DeepLabTesting

export const deepLabGolden = (name: string): DeepLabGolden => JSON.parse(readFileSync(goldenFile(`${name}.json`), 'utf8'))

/** ||value - exact|| / ||exact|| over all digests. */
export function digestError(value: Digests, exact: Digests): number {
  let difference = 0
  let norm = 0
  for (const [key, pair] of Object.entries(exact)) {
    if (!value[key]) throw new Error(`no ${key}`)
    pair.forEach((x, i) => {
      difference += (value[key]![i as 0 | 1] - x) ** 2
      norm += x ** 2
    })
  }
  return Math.sqrt(difference / norm)
}
