import { describe, expect, test } from 'vitest'
import type { Float32Tensor, VitConfig } from '../../binding'
import { relativeError } from '../helpers/golden'
import { trainingPack } from '../helpers/scene-pack'
import { randomTensor, tensor, testing } from '../helpers/testing'
import { temporary, tinyModel, tinyOptions } from './tiny'

/** Scenes have at least 48 pixels; the pack's own words and context. */
const sceneVision = { ...(tinyModel.vision as VitConfig), imageSize: 48, patchSize: 8 }
const sceneText = { ...tinyModel.text, contextLength: 32, vocabSize: 49_408, endOfText: 49_407 }

const gradient = (changes: Parameters<typeof tinyOptions>[2]) =>
  testing().stepGradient(JSON.stringify(tinyOptions(temporary(), 8, changes)))
const norm = (x: Float32Tensor) => Math.hypot(...x.data)

describe('towers of training', () => {
  test('give what native/models gives on the same weights: pictures, patches, captions of several lengths', () => {
    const pixels = randomTensor([3, 3, 16, 16], 1)
    const tokens = tensor([3, 8], [3, 39, 0, 0, 0, 0, 0, 0, 5, 9, 11, 39, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 39])
    const t = testing().trainTowers(JSON.stringify(tinyModel), pixels, tokens)
    expect(relativeError(t.image.data, t.imageModel.data)).toBeLessThan(2e-6)
    expect(relativeError(t.patches.data, t.patchesModel.data)).toBeLessThan(2e-6)
    expect(relativeError(t.text.data, t.textModel.data)).toBeLessThan(2e-6)
    expect(Math.hypot(...t.image.data)).toBeGreaterThan(0.1)
  })
})

describe('one step', () => {
  test('split over 1, 2 or 4 workers gives the same loss and the same gradient of every parameter', () => {
    const one = gradient({ workers: 1 })
    for (const workers of [2, 4]) {
      const split = gradient({ workers })
      expect(split.loss).toBeCloseTo(one.loss, 5)
      for (const [name, expected] of Object.entries(one.gradient)) {
        // The bias of the keys shifts all scores of a query alike: its gradient is zero but for rounding.
        if (norm(expected) < 1e-6) expect(norm(split.gradient[name]!)).toBeLessThan(1e-6)
        else expect(relativeError(split.gradient[name]!.data, expected.data), name).toBeLessThan(1e-4)
      }
    }
  })
  test('twice with the same workers gives the same bits', () => {
    const [a, b] = [gradient({ workers: 2 }), gradient({ workers: 2 })]
    expect(a.loss).toBe(b.loss)
    for (const [name, { data }] of Object.entries(a.gradient)) expect(b.gradient[name]!.data, name).toEqual(data)
  })
  test('bfloat16 stays near float32', () => {
    const exact = gradient({ dtype: 'float32' })
    const rounded = gradient({ dtype: 'bfloat16' })
    expect(rounded.loss).toBeCloseTo(exact.loss, 1)
    const all = (g: typeof exact) => Object.values(g.gradient).flatMap(({ data }) => [...data])
    expect(relativeError(all(rounded), all(exact))).toBeLessThan(0.1)
  })
  test('a frozen tower has no gradient, the other one keeps its own', () => {
    const free = gradient({})
    const frozen = gradient({ freeze: { vision: true, text: false } })
    expect(norm(frozen.gradient['visual.proj']!)).toBe(0)
    expect(relativeError(frozen.gradient.text_projection!.data, free.gradient.text_projection!.data)).toBeLessThan(1e-4)
    expect(norm(gradient({ freeze: { vision: false, text: true } }).gradient.text_projection!)).toBe(0)
  })
  test('on scenes, with the names and their claims, split over 1, 2 or 4 workers gives the same gradient', () => {
    const scenes = (workers: number) =>
      gradient({
        model: { ...tinyModel, vision: sceneVision, text: sceneText },
        data: { kind: 'scenes', pack: trainingPack },
        stages: [{ steps: 1, batchSize: 8, size: 48 }],
        claimLoss: 1,
        workers,
      })
    const one = scenes(1)
    expect(norm(one.gradient['train.claim_logit_scale']!)).toBeGreaterThan(0)
    for (const workers of [2, 4]) {
      const split = scenes(workers)
      expect(split.loss).toBeCloseTo(one.loss, 4)
      for (const [name, expected] of Object.entries(one.gradient)) {
        if (norm(expected) < 1e-6) expect(norm(split.gradient[name]!)).toBeLessThan(1e-6)
        else expect(relativeError(split.gradient[name]!.data, expected.data), name).toBeLessThan(1e-4)
      }
    }
  })
  test('without the patch-level term its scale has no gradient', () => {
    expect(norm(gradient({ patchLoss: 0 }).gradient['train.patch_logit_scale']!)).toBe(0)
    expect(norm(gradient({ patchLoss: 1 }).gradient['train.patch_logit_scale']!)).toBeGreaterThan(0)
  })
})
