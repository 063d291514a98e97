import { beforeAll, describe, expect, test } from 'vitest'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { relativeError } from '../helpers/golden'
import { compute, middling, tiny } from '../helpers/native'
import { randomTensor, testing } from '../helpers/testing'
import { load, randomWeights } from '../helpers/weights'

// Small tensors on busy cores: a parallel region costs more than it saves.
beforeAll(() => binding().setThreads(1))

const resnet: ClipConfig = { ...tiny, vision: { kind: 'resnet', imageSize: 32, layers: [1, 1, 1, 1], width: 8, heads: 4 } }
const size = (config: ClipConfig) => config.vision.imageSize

describe('weights are packed for inference and plain for everything else', () => {
  test.each([
    ['ViT, QuickGELU', tiny],
    ['ViT, GELU', { ...tiny, activation: 'gelu' as const }],
    ['ResNet', resnet],
  ])('%s: the packed pass agrees, the weights come back bit for bit, and training still reaches them', (_, config) => {
    const pixels = randomTensor([2, 3, size(config), size(config)], 5)
    const { same, trained, packed, unmarked, image, plain } = testing().packedAndPlain(config, pixels)
    expect(packed).toBeGreaterThan(3)
    expect(unmarked, 'a packed weight reads NaN').toBe(0)
    expect(relativeError(image.data, plain.data)).toBeLessThan(2e-6)
    expect(trained).toBe(true)
    expect(same).toBe(true)
  })

  test('save after use writes the weights that were loaded', async () => {
    for (const config of [tiny, resnet]) {
      const weights = await randomWeights(config, 8)
      const clip = await load(config, weights.values())
      await clip.encodePixels(randomTensor([1, 3, 32, 32], 1), { normalize: true }, {})
      await clip.encodeText(
        Int32Array.from({ length: config.text.contextLength }, (_, i) => i),
        1,
        { normalize: true, batchSize: 1 },
        {},
      )
      const file = `${process.env.TMPDIR ?? '/tmp'}/wordmask-packed-${process.pid}.safetensors`
      await clip.save(file, 'float32', {}, {})
      for (const [key, { data }] of weights) expect((await binding().readTensor([file], key, {})).data, key).toEqual(data)
    }
  })
})

describe('bfloat16', () => {
  test.each([
    ['middling ViT', middling],
    ['GELU', { ...middling, activation: 'gelu' as const }],
  ])('%s: cosine to float32 at least 0.9995, images and texts', async (_, config) => {
    const weights = await randomWeights(config, 4)
    const [exact, reduced] = [await load(config, weights.values()), await load(config, weights.values(), 'bfloat16')]
    const pixels = randomTensor([2, 3, size(config), size(config)], 6)
    const [a, b] = await Promise.all([exact, reduced].map((clip) => clip.encodePixels(pixels, { normalize: true }, {})))
    const d = a!.shape[1]!
    for (let row = 0; row < 2; row++) {
      let cosine = 0
      for (let i = 0; i < d; i++) cosine += a!.data[row * d + i]! * b!.data[row * d + i]!
      expect(cosine).toBeGreaterThan(0.9995)
    }
  })
})

describe('texts of mixed lengths', () => {
  test('every text has the embedding it has alone, whatever its neighbours and its batch', async () => {
    const clip = await binding().Clip.random(tiny, 9, compute, {})
    const context = tiny.text.contextLength
    const lengths = [9, 2, 5, 2, 11, 3, 7]
    const rows = lengths.map((length, row) =>
      Int32Array.from({ length: context }, (_, i) => (i < length ? 1 + ((row * 7 + i) % 90) : i === length ? 99 : 0)),
    )
    const tokens = Int32Array.from(rows.flatMap((row) => [...row]))
    for (const batchSize of [1, 3, 7]) {
      const { data } = await clip.encodeText(tokens, rows.length, { normalize: false, batchSize }, {})
      for (const [i, row] of rows.entries()) {
        const alone = await clip.encodeText(row, 1, { normalize: false, batchSize: 1 }, {})
        expect(relativeError(data.subarray(i * 32, (i + 1) * 32), alone.data), `text ${i}, batch ${batchSize}`).toBeLessThan(2e-6)
      }
    }
  })
})
