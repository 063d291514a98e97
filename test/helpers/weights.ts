import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { compute } from './native'

export interface Weight {
  key: string
  data: Float32Array
  shape: number[]
}
export type Weights = Map<string, Weight>

const folder = mkdtempSync(join(tmpdir(), 'wordmask-weights-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let files = 0

/** Random weights of an architecture, to be changed and loaded again. */
export async function randomWeights(config: ClipConfig, seed: number): Promise<Weights> {
  const { Clip, readCheckpoint, readTensor } = binding()
  const file = join(folder, `${files++}.safetensors`)
  const clip = await Clip.random(config, seed, compute, {})
  await clip.save(file, 'float32', {}, {})
  clip.dispose()
  const { tensors } = await readCheckpoint([file], {})
  return new Map(await Promise.all(tensors.map(async ({ key }) => [key, { key, ...(await readTensor([file], key, {})) }] as const)))
}

export async function writeWeights(weights: Iterable<Weight>, dtype: 'float32' | 'float16' | 'bfloat16' = 'float32'): Promise<string> {
  const file = join(folder, `${files++}.safetensors`)
  await binding().writeSafetensors(
    file,
    [...weights].map((weight) => ({ ...weight, dtype })),
    {},
    {},
  )
  return file
}

export async function load(config: ClipConfig, weights: Iterable<Weight>, dtype = 'float32') {
  return binding().Clip.load(config, [await writeWeights(weights)], { device: 'cpu', dtype }, {})
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`)
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!))
  return most
}
