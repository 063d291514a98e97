// Full-size architectures with random weights: speed does not depend on what the weights are.
import { createRequire } from 'node:module'

export const { binding } = createRequire(import.meta.url)('../../dist/binding.js')

const text = { contextLength: 77, vocabSize: 49408, width: 512, layers: 12, heads: 8, mlpWidth: 2048, endOfText: 49407 }
const common = { embedDim: 512, activation: 'quick_gelu', layerNormEps: 1e-5, dense: 'value', text, keys: 'openai' }
const vision = { kind: 'vit', imageSize: 224, width: 768, layers: 12, heads: 12, mlpWidth: 3072 }
export const architectures = {
  'ViT-B/32': { ...common, vision: { ...vision, patchSize: 32 } },
  'ViT-B/16': { ...common, vision: { ...vision, patchSize: 16 } },
}
export const resize = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
  interpolation: 'bicubic',
}
export const random = (architecture, dtype) => binding().Clip.random(architectures[architecture], 1, { device: 'cpu', dtype }, {})

/** Smooth pixels: the same on every machine. */
export function picture(width, height, phase = 0) {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) data[i] = 128 + 100 * Math.sin(i / 997 + phase)
  return { data, width, height }
}

/** n prompts of seven tokens. */
export function prompts(n, length = 77) {
  const tokens = new Int32Array(n * length)
  for (let i = 0; i < n; i++) tokens.set([49406, 320, 1125, 539, 320, 1000 + (i % 40000), 49407], i * length)
  return tokens
}
