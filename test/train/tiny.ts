import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClipConfig, TrainClipOptions } from '../../binding'
import { random } from '../helpers/testing'

export const temporary = () => mkdtempSync(join(tmpdir(), 'wordmask-train-'))

/** A safetensors file with one tensor. */
export function writeTensor(file: string, key: string, dtype: 'U8' | 'I32', shape: number[], bytes: Uint8Array): string {
  let header = JSON.stringify({ [key]: { dtype, shape, data_offsets: [0, bytes.length] } })
  header += ' '.repeat((8 - (header.length % 8)) % 8)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(file, Buffer.concat([length, Buffer.from(header), bytes]))
  return file
}

/** Random pictures and captions: nothing to generalise, so what is learned is learned by heart. */
export function packed(folder: string, n: number): { kind: 'packed'; pixels: string; tokens: string } {
  const next = random(n)
  const side = 16
  const pixels = Uint8Array.from({ length: n * side * side * 3 }, () => Math.floor(127.5 * (next() + 1)))
  const tokens = new Int32Array(n * 8)
  for (let i = 0; i < n; i++) {
    const words = 2 + (i % 4)
    for (let k = 0; k < words; k++) tokens[i * 8 + k] = 1 + Math.floor(15 * (next() + 1))
    tokens[i * 8 + words] = 39
  }
  return {
    kind: 'packed',
    pixels: writeTensor(join(folder, 'pixels.safetensors'), 'pixels', 'U8', [n, side, side, 3], pixels),
    tokens: writeTensor(join(folder, 'tokens.safetensors'), 'tokens', 'I32', [n, 8], new Uint8Array(tokens.buffer)),
  }
}

export const tinyModel: ClipConfig = {
  embedDim: 32,
  activation: 'gelu',
  layerNormEps: 1e-5,
  vision: { kind: 'vit', imageSize: 16, patchSize: 4, width: 64, layers: 2, heads: 2, mlpWidth: 128 },
  text: { contextLength: 8, vocabSize: 40, width: 64, layers: 2, heads: 2, mlpWidth: 128, endOfText: 39 },
  keys: 'openai',
  dense: 'value',
}

export function tinyOptions(folder: string, n: number, changes: Partial<TrainClipOptions> = {}): TrainClipOptions {
  return {
    model: tinyModel,
    data: packed(folder, n),
    into: join(folder, 'run'),
    seed: 5,
    stages: [{ steps: 4, batchSize: n, size: 16 }],
    learningRate: 2e-3,
    weightDecay: 0.1,
    beta1: 0.9,
    beta2: 0.98,
    warmupSteps: 5,
    clipNorm: 1,
    patchLoss: 1,
    claimLoss: 0,
    objective: 'captions',
    softTargets: true,
    freeze: { vision: false, text: false },
    dtype: 'float32',
    workers: 2,
    checkpointEvery: 1000,
    logEvery: 1,
    ...changes,
  }
}
