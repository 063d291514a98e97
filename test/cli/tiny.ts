import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding.js'

/** A CLIP of two narrow layers with seeded random weights, in an open_clip folder: small, quick, and always the same. */
export async function tinyModel(folder: string): Promise<string> {
  const config: ClipConfig = {
    embedDim: 32,
    activation: 'gelu',
    layerNormEps: 1e-5,
    vision: { kind: 'vit', imageSize: 32, patchSize: 8, width: 64, layers: 2, heads: 1, mlpWidth: 256 },
    text: { contextLength: 77, vocabSize: 49408, width: 64, layers: 1, heads: 1, mlpWidth: 256, endOfText: -1 },
    keys: 'openai',
    dense: 'residual',
  }
  mkdirSync(folder, { recursive: true })
  const clip = await binding().Clip.random(config, 1, { device: 'cpu', dtype: 'float32' }, {})
  await clip.save(join(folder, 'open_clip_model.safetensors'), 'float16', {}, {})
  clip.dispose()
  const model_cfg = {
    embed_dim: 32,
    vision_cfg: { image_size: 32, layers: 2, width: 64, patch_size: 8 },
    text_cfg: { context_length: 77, vocab_size: 49408, width: 64, heads: 1, layers: 1 },
  }
  writeFileSync(join(folder, 'open_clip_config.json'), JSON.stringify({ model_cfg, preprocess_cfg: {} }))
  return folder
}

/** Smooth colours by a seeded generator, so that different pictures get different labels. */
export async function picture(file: string, width: number, height: number, seed: number): Promise<string> {
  let state = seed * 2654435761
  const cells = Buffer.from(
    Array.from({ length: 4 * 4 * 3 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    }),
  )
  mkdirSync(join(file, '..'), { recursive: true })
  await sharp(cells, { raw: { width: 4, height: 4, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .toFile(file)
  return file
}
