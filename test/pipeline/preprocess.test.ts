import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clip } from '../../binding'
import { binding } from '../../lib/binding'
import { decodeImage } from '../../lib/image/decode'
import { golden } from '../helpers/golden'

const folder = fileURLToPath(new URL('../fixtures/images/', import.meta.url))
const files = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => entry.name)
const SIDE = 96
const identity = { mean: [0, 0, 0], std: [1, 1, 1], interpolation: 'bicubic' } as const

let clip: Clip
beforeAll(async () => {
  const { config } = golden('vit-gelu')
  const vision = { kind: 'vit' as const, imageSize: SIDE, patchSize: 32, width: 64, layers: 1, heads: 1, mlpWidth: 64 }
  clip = await binding().Clip.random({ ...config, dense: 'value', vision }, 1, { device: 'cpu', dtype: 'float32' }, {})
})
afterAll(() => clip.dispose())

test('every kind of file has a golden', () => {
  expect(files.length).toBeGreaterThanOrEqual(14)
})

test.each(files)('%s: what Pillow and the reference transform answer, byte for byte', async (file) => {
  const image = await decodeImage(join(folder, file), { orient: false })
  const expected = await decodeImage(join(folder, 'expected', `${file}.png`))
  const { data, shape } = await clip.preprocess(image, { ...identity, mean: [0, 0, 0], std: [1, 1, 1] }, {})
  expect(shape).toEqual([3, SIDE, SIDE])
  let worst = 0
  let sum = 0
  for (let c = 0; c < 3; c++) {
    for (let p = 0; p < SIDE * SIDE; p++) {
      const difference = Math.abs(data[c * SIDE * SIDE + p]! * 255 - expected.data[p * 3 + c]!)
      worst = Math.max(worst, difference)
      sum += difference
    }
  }
  expect(worst).toBeLessThanOrEqual(1e-4)
  expect(sum / data.length).toBeLessThanOrEqual(1e-5)
})

test('mean and standard deviation are applied a channel', async () => {
  const pixel = { data: Uint8Array.from([255, 0, 51]), width: 1, height: 1 }
  const { data } = await clip.preprocess(pixel, { mean: [0.5, 0.25, 0], std: [0.5, 0.5, 2], interpolation: 'bicubic' }, {})
  const plane = SIDE * SIDE
  expect([data[0], data[plane], data[2 * plane]].map((v) => Number(v!.toFixed(5)))).toEqual([1, -0.5, 0.1])
})
