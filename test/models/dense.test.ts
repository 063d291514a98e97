import { describe, expect, test } from 'vitest'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { compute, tiny } from '../helpers/native'
import { randomTensor, testing } from '../helpers/testing'
import { load, maxDifference, randomWeights } from '../helpers/weights'

const resnet: ClipConfig = { ...tiny, vision: { kind: 'resnet', imageSize: 32, layers: [1, 1, 1, 1], width: 8, heads: 4 } }

describe('dense features equal the pooled embedding where theory says so', () => {
  // Zero pixels, zero class embedding, one position for all: every token is the same, and attention changes nothing.
  test.each([
    [32, 32],
    [8, 8],
    [40, 17],
  ])('ViT, all tokens alike, MaskCLIP form, %i x %i pixels', async (height, width) => {
    const weights = await randomWeights(tiny, 3)
    weights.get('visual.class_embedding')!.data.fill(0)
    const position = weights.get('visual.positional_embedding')!
    const first = position.data.slice(0, position.shape[1])
    for (let row = 0; row < position.shape[0]!; row++) position.data.set(first, row * first.length)
    const clip = await load({ ...tiny, dense: 'residual' }, weights.values())
    const image = await clip.encodePixels({ data: new Float32Array(3 * 32 * 32), shape: [1, 3, 32, 32] }, { normalize: true }, {})
    const dense = await clip.densePixels({ data: new Float32Array(3 * height * width), shape: [3, height, width] }, {})
    expect(dense.shape).toEqual([Math.ceil(height / 8), Math.ceil(width / 8), 32])
    for (let cell = 0; cell < dense.data.length; cell += 32) {
      expect(maxDifference(dense.data.subarray(cell, cell + 32), image.data)).toBeLessThan(2e-6)
    }
    const value = await (await load({ ...tiny, dense: 'value' }, weights.values())).densePixels(
      { data: new Float32Array(3 * 64), shape: [3, 8, 8] },
      {},
    )
    expect(maxDifference(value.data, image.data), 'the value read-out leaves the residual out').toBeGreaterThan(1e-2)
  })

  test('ResNet, one cell, zero attention-pool positions', async () => {
    const weights = await randomWeights(resnet, 4)
    weights.get('visual.attnpool.positional_embedding')!.data.fill(0)
    const clip = await load(resnet, weights.values())
    const { data } = randomTensor([3, 32, 32], 5)
    const image = await clip.encodePixels({ data, shape: [1, 3, 32, 32] }, { normalize: true }, {})
    const dense = await clip.densePixels({ data, shape: [3, 32, 32] }, {})
    expect(dense.shape).toEqual([1, 1, 32])
    expect(maxDifference(dense.data, image.data)).toBeLessThan(1e-6)
  })
})

describe('any size', () => {
  test.each([
    [1, 1],
    [1, 33],
    [33, 70],
    [100, 8],
  ])('ViT patch 8, %i x %i pixels: whole cells, unit length', async (height, width) => {
    const clip = await binding().Clip.random(tiny, 1, compute, {})
    const { data, shape } = await clip.densePixels(randomTensor([3, height, width], 2), {})
    expect(shape).toEqual([Math.ceil(height / 8), Math.ceil(width / 8), 32])
    for (let cell = 0; cell < data.length; cell += 32) expect(Math.hypot(...data.subarray(cell, cell + 32))).toBeCloseTo(1, 5)
  })

  test.each([
    [1, 1, 1, 1],
    [33, 70, 1, 2],
    [64, 96, 2, 3],
    [95, 127, 3, 4],
  ])('ResNet, %i x %i pixels: %i x %i cells', async (height, width, h, w) => {
    const clip = await binding().Clip.random(resnet, 1, compute, {})
    expect((await clip.densePixels(randomTensor([3, height, width], 2), {})).shape).toEqual([h, w, 32])
  })

  test('zero padding is right and below: a picture padded by hand gives the same cells', async () => {
    const clip = await binding().Clip.random(tiny, 1, compute, {})
    const small = randomTensor([3, 13, 20], 6)
    const padded = new Float32Array(3 * 16 * 24)
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 13; y++) padded.set(small.data.subarray((c * 13 + y) * 20, (c * 13 + y + 1) * 20), (c * 16 + y) * 24)
    }
    expect((await clip.densePixels(small, {})).data).toEqual((await clip.densePixels({ data: padded, shape: [3, 16, 24] }, {})).data)
  })
})

describe("the trainer's pass", () => {
  test('pooled and patches are the image embedding and the value read-out', () => {
    const answers = testing().patchesAndDense({ ...tiny, dense: 'value' }, randomTensor([1, 3, 32, 40], 8))
    expect(answers.patches.shape).toEqual([1, 20, 32])
    expect(maxDifference(answers.patches.data, answers.dense.data)).toBeLessThan(1e-5)
    expect(maxDifference(answers.pooled.data, answers.image.data)).toBeLessThan(1e-5)
  })

  test.each([1, 2, 4])('every parameter gets a gradient from windows of %i x %i positions', (window) => {
    expect(testing().withoutGradient(tiny, window)).toEqual([])
  })
})
