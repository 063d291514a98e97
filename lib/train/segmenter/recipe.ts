import type { DeepLabConfig, TrainSegmenterOptions as NativeOptions, SegmenterAugment } from '../../../binding'
import { divideCores } from '../../threads'
import type { TrainingSize } from './options'

type Optimisation = Omit<
  NativeOptions,
  'model' | 'initial' | 'backboneWeights' | 'data' | 'validation' | 'into' | 'metadata' | 'crop' | 'augment' | 'preprocess'
>

export interface SegmenterRecipe extends Optimisation, Omit<DeepLabConfig, 'classes'> {
  /** Pictures are resized so that they cover this and cut to their middle before training; the trained network sees images so large. */
  size: TrainingSize
  /** What a step sees of a scaled picture. Default: `size`. */
  crop: TrainingSize
  augment: Partial<SegmenterAugment>
}

export const recoAugment: SegmenterAugment = {
  scaleLow: 0.5,
  scaleHigh: 2,
  flip: 0.5,
  jitter: 0.8,
  brightness: 0.8,
  contrast: 0.8,
  saturation: 0.8,
  hue: 0.2,
  grey: 0,
  blur: 0.5,
}

/** ReCo+'s training (methods/reco.md 3), but for the backbone, which here is the small one. */
export function recoRecipe(): Omit<SegmenterRecipe, 'crop' | 'augment'> {
  return {
    backbone: 'mobilenet_v2',
    outputStride: 8,
    width: 1,
    size: 320,
    seed: 0,
    steps: 20_000,
    batchSize: 8,
    optimiser: 'adam',
    learningRate: 5e-4,
    backboneLearningRate: 5e-5,
    learningRateFloor: 1e-6,
    power: 0.9,
    weightDecay: 2e-4,
    beta1: 0.9,
    beta2: 0.999,
    momentum: 0.9,
    backboneNormMomentum: 0.01,
    dropout: 0.1,
    dtype: 'float32',
    workers: divideCores().tensor,
    checkpointEvery: 500,
    validateEvery: 1000,
    logEvery: 20,
    patience: 0,
    samples: 4,
  }
}

/** What differs where the backbone knows nothing yet: ReCo+'s rate and momentum are for one that ImageNet has taught. */
export const fromScratch = (learningRate = recoRecipe().learningRate) => ({
  backboneLearningRate: learningRate,
  backboneNormMomentum: 0.1,
})

/** ImageNet's, which torchvision's weights were trained with. */
export const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], interpolation: 'bilinear' } as const satisfies {
  mean: [number, number, number]
  std: [number, number, number]
  interpolation: string
}

export const bothSides = (size: TrainingSize) => (typeof size === 'number' ? { width: size, height: size } : size)
