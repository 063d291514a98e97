import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { temporary, tinyModel, tinyOptions } from './tiny'

const { width, heads, layers, imageSize, patchSize } = tinyModel.vision as Extract<typeof tinyModel.vision, { kind: 'vit' }>
const prefix = (block: number) => `visual.transformer.resblocks.${block}.attn.`
let start: (key: string) => Float32Array

/** The weights after one step too small to move them. */
beforeAll(async () => {
  const options = tinyOptions(temporary(), 4, { stages: [{ steps: 1, batchSize: 4, size: 16 }], learningRate: 1e-12, warmupSteps: 0 })
  await binding().trainClip(options, () => {}, {})
  const bytes = readFileSync(join(options.into, 'model.safetensors'))
  const body = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, body).toString())
  start = (key) => {
    const [from, to] = header[key].data_offsets
    return new Float32Array(Uint8Array.from(bytes.subarray(body + from, body + to)).buffer)
  }
})

/** Mean of the diagonal of a . b, both [width, width]; `transposed`: of a^T . b over the given rows. */
const meanDiagonal = (term: (i: number, k: number) => number, inner: number) => {
  let sum = 0
  for (let i = 0; i < width; i++) for (let k = 0; k < inner; k++) sum += term(i, k)
  return sum / width
}

describe('the image tower starts', () => {
  test('with queries and keys that match like with like, and values that come out near their negative', () => {
    for (let block = 0; block < layers; block++) {
      const rows = start(`${prefix(block)}in_proj_weight`)
      const out = start(`${prefix(block)}out_proj.weight`)
      const head = width / heads
      for (let h = 0; h < heads; h++) {
        const [q, k] = [h * head * width, (width + h * head) * width]
        // the best half of the directions of .7 (noise + identity): most of its trace, .7
        const like = meanDiagonal((i, r) => rows[q + r * width + i]! * rows[k + r * width + i]!, head)
        expect(like).toBeGreaterThan(0.35)
        expect(like).toBeLessThan(1.2)
      }
      const back = meanDiagonal((i, k) => out[i * width + k]! * rows[(2 * width + k) * width + i]!, width)
      expect(back).toBeGreaterThan(-0.5)
      expect(back).toBeLessThan(-0.3)
    }
  })
  test('with positions as waves of half a unit: neighbours are alike, the far ones less, and no two the same', () => {
    const side = imageSize / patchSize
    const table = start('visual.positional_embedding')
    const dot = (a: number, b: number) => {
      let sum = 0
      for (let c = 0; c < width; c++) sum += table[(1 + a) * width + c]! * table[(1 + b) * width + c]!
      return sum
    }
    // sin^2 + cos^2 over width / 2 pairs, times .25
    expect(dot(0, 0)).toBeCloseTo(width / 8, 4)
    expect(dot(0, 1)).toBeLessThan(dot(0, 0) - 0.1)
    expect(dot(0, 2)).toBeLessThan(dot(0, 1))
    expect(dot(0, 1)).toBeCloseTo(dot(0, side), 4)
    expect(dot(5, 6)).toBeCloseTo(dot(9, 10), 4)
  })
})
