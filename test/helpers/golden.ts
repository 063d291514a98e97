import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ClipConfig, Float32Tensor } from '../../binding'
import { binding } from '../../lib/binding'

const folder = fileURLToPath(new URL('../fixtures/golden/', import.meta.url))
const REMAKE = 'run `npm run fixtures` to make the golden files again'

export interface Golden {
  config: ClipConfig
  /** Relative error of the public implementation in float32 and under bfloat16 autocast, per output. */
  float32: Record<string, number>
  bfloat16: Record<string, number>
  /** Relative change of each output under a wrong formula. */
  mutations: Record<string, Record<string, number>>
}

export function golden(name: string): Golden {
  const read = JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8'))
  if (read.version !== 1) throw new Error(`${name}.json has version ${read.version}, expected 1; ${REMAKE}`)
  return read
}

export const goldenFile = (name: string) => `${folder}${name}`

export const goldenTensor = (name: string, key: string): Promise<Float32Tensor> =>
  binding().readTensor([`${folder}${name}.io.safetensors`], key, {})

/** ||value - exact|| / ||exact||, accumulated in float64. */
export function relativeError(value: ArrayLike<number>, exact: ArrayLike<number>): number {
  if (value.length !== exact.length) throw new Error(`${value.length} values, expected ${exact.length}; ${REMAKE}`)
  let difference = 0
  let norm = 0
  for (let i = 0; i < exact.length; i++) {
    difference += (value[i]! - exact[i]!) ** 2
    norm += exact[i]! ** 2
  }
  return Math.sqrt(difference / norm)
}
