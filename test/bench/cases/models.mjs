// Architectures at full size with random weights: speed does not depend on what the weights are.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, cacheFolder } from '../harness/folders.mjs'

const CARDS = {
  'ViT-B/32': 'clip-vit-b-32',
  'ViT-B/16': 'clip-vit-b-16',
  'ViT-L/14@336': 'clip-vit-l-14-336',
  'RN50x16@320': 'clip-rn50x16',
}

export function configOf(architecture) {
  const card = CARDS[architecture]
  if (!card) throw new Error(`unknown architecture ${architecture}; known: ${Object.keys(CARDS).join(', ')}`)
  const { config } = JSON.parse(readFileSync(join(benchFolder, '..', '..', 'models', 'cards', `${card}.json`), 'utf8'))
  const side = Number(architecture.split('@')[1] ?? config.vision.imageSize)
  return { ...config, vision: { ...config.vision, imageSize: side } }
}

export const sideOf = (architecture) => configOf(architecture).vision.imageSize

/** Name of the model's files: another config is another file. */
export function slugOf(architecture) {
  const config = configOf(architecture)
  const digest = createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 8)
  return `${architecture.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${digest}`
}

export const weightsFile = (architecture) => join(cacheFolder, 'models', `${slugOf(architecture)}.safetensors`)
export const onnxFolder = (architecture) => join(cacheFolder, 'models', slugOf(architecture))
