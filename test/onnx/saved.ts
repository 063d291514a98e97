import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Weights } from './reference'
import { saveWeights } from './weights'

/** A folder of a trained DeepLabv3+, as training writes it: 4 classes and background, covering 48 x 32. */
export async function saveNetwork(folder: string, weights: Weights, changes: object = {}, decided: object = {}): Promise<string> {
  await mkdir(folder, { recursive: true })
  const sha256 = createHash('sha256')
    .update(await readFile(await saveWeights(folder, 'model', weights)))
    .digest('hex')
  const network = {
    config: { backbone: 'mobilenet_v2', classes: 5, outputStride: 16, width: 1 },
    preprocess: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], interpolation: 'bilinear' },
    size: { width: 48, height: 32 },
    background: true,
    origin: { kind: 'random', sha256: [] },
    licence: 'CC0',
    notes: [],
    ...decided,
  }
  const classes = [{ name: 'fox', color: '#ff8000' }, 'grass', 'sky', 'sea'].map((entry) =>
    typeof entry === 'string' ? { name: entry } : entry,
  )
  const index = {
    ...{ version: 1, kind: 'segmenter', method: 'deeplabv3plus', weights: 'model.safetensors', sha256, network, classes },
    ...{ templates: 'none', background: { names: ['background'] }, size: null, slide: null, maxPixels: null },
    ...changes,
  }
  await writeFile(join(folder, 'wordmask.json'), JSON.stringify(index))
  return folder
}
