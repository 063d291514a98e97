import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { clipPreprocess } from '../../lib/cards'
import { Clip } from '../../lib/clip/clip'
import { savedKey } from '../../lib/clip/save'

/** A CLIP of two narrow layers with the full vocabulary; 1.6 million random weights, most of them token vectors. */
export const tinyConfig: ClipConfig = {
  embedDim: 24,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
  vision: { kind: 'vit', imageSize: 32, patchSize: 8, width: 32, layers: 2, heads: 2, mlpWidth: 64 },
  text: { contextLength: 20, vocabSize: 49_408, width: 32, layers: 2, heads: 2, mlpWidth: 64, endOfText: -1 },
  keys: 'openai',
  dense: 'value',
}

/** A folder that is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wordmask-api-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Random weights in the form Clip.save writes; the path of the file. */
export async function saveTinyClip(folder: string, changes: Partial<ClipConfig> = {}, seed = 1, name = 'tiny'): Promise<string> {
  const config = { ...tinyConfig, ...changes }
  const native = await binding().Clip.random(config, seed, { device: 'cpu', dtype: 'float32' }, {})
  const file = join(folder, `${name}.safetensors`)
  const saved = { version: 1, name, family: 'CLIP', config, preprocess: clipPreprocess, templates: 'none', licence: 'none', notes: [] }
  await native.save(file, 'float32', { [savedKey]: JSON.stringify(saved) }, {})
  native.dispose()
  return file
}

export async function loadTinyClip(folder: string, changes: Partial<ClipConfig> = {}, seed = 1): Promise<Clip> {
  return Clip.load(await saveTinyClip(folder, changes, seed), { device: 'cpu' })
}

/** Smooth coloured noise, decoded. */
export function noise(width: number, height: number, seed = 1) {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = 128 + 120 * Math.sin((x * (c + 1 + seed) + y * (3 - c)) / 9 + seed)
    }
  }
  return { data, width, height, channels: 3 as const }
}
