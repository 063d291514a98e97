import type { ClipConfig, TrainClipOptions } from '../../binding'

/** The architecture of the built-in models: 4.6 million weights, patches of 8 pixels, captions of at most 32 tokens. */
export function scenesArchitecture(vocabulary: number[], endOfText: number): ClipConfig {
  return {
    embedDim: 192,
    activation: 'gelu',
    layerNormEps: 1e-5,
    vision: { kind: 'vit', imageSize: 96, patchSize: 8, width: 192, layers: 6, heads: 3, mlpWidth: 768 },
    text: { contextLength: 32, vocabSize: 49_408, width: 192, layers: 4, heads: 3, mlpWidth: 768, endOfText, vocabulary },
    keys: 'openai',
    dense: 'value',
  }
}

export type Recipe = Omit<TrainClipOptions, 'model' | 'initial' | 'data' | 'into'>

/** How `scenes` was trained; `scenes-clip` differs by `patchLoss: 0` (and so `claimLoss: 0`). Every field can be given instead. */
export const scenesRecipe: Recipe = {
  objective: 'captions',
  seed: 1,
  // The cheap small pictures bring most of what is learned; the second stage is the size the model is used at.
  stages: [
    { steps: 3600, batchSize: 128, size: 48 },
    { steps: 2000, batchSize: 64, size: 96 },
  ],
  learningRate: 1e-3,
  weightDecay: 0.1,
  beta1: 0.9,
  beta2: 0.98,
  warmupSteps: 200,
  clipNorm: 1,
  patchLoss: 1,
  claimLoss: 1,
  softTargets: true,
  freeze: { vision: false, text: false },
  dtype: 'bfloat16',
  workers: 2,
  checkpointEvery: 200,
  logEvery: 20,
}
