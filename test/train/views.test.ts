import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TrainClipOptions, TrainMetrics } from '../../binding'
import { binding } from '../../lib/binding'
import { relativeError } from '../helpers/golden'
import { randomTensor, tensor, testing } from '../helpers/testing'
import { killedAt } from './killed'
import { temporary, tinyOptions } from './tiny'

const objective = 'views' as const

describe('balanced assignment', () => {
  test('two places that like one prototype alike share both', () => {
    const { data } = testing().balancedAssignment(tensor([2, 2], [1, 0, 1, 0]))
    for (const share of data) expect(share).toBeCloseTo(0.5, 6)
  })
  test('places that each like one of their own get it', () => {
    const { data } = testing().balancedAssignment(tensor([2, 2], [1, 0, 0, 1]))
    expect([...data].map((share) => Math.round(1e6 * share) / 1e6)).toEqual([1, 0, 0, 1])
  })
  test('every place is given out once, and every prototype is used alike, whatever most places like', () => {
    const scores = randomTensor([400, 8], 3)
    for (let i = 0; i < 400; i++) scores.data[8 * i]! += 0.4
    const { data } = testing().balancedAssignment(scores)
    const sum = (indices: number[]) => indices.reduce((total, i) => total + data[i]!, 0)
    for (let i = 0; i < 400; i++) expect(sum([0, 1, 2, 3, 4, 5, 6, 7].map((k) => 8 * i + k))).toBeCloseTo(1, 4)
    for (let k = 0; k < 8; k++) {
      const used = sum(Array.from({ length: 400 }, (_, i) => 8 * i + k))
      expect(used).toBeGreaterThan(40)
      expect(used).toBeLessThan(60)
    }
  })
})

describe('swapped prediction', () => {
  test('two looks that agree, one prototype each: ln(1 + e^-10) by hand', () => {
    const scores = tensor([2, 2], [1, 0, 0, 1])
    expect(testing().swappedPrediction(scores, scores).loss).toBeCloseTo(Math.log1p(Math.exp(-10)), 7)
  })
  test('two looks that disagree: 10 more', () => {
    const [a, b] = [tensor([2, 2], [1, 0, 0, 1]), tensor([2, 2], [0, 1, 1, 0])]
    expect(testing().swappedPrediction(a, b).loss).toBeCloseTo(10 + Math.log1p(Math.exp(-10)), 5)
  })
  test('the gradient is that of the prediction alone: (softmax - assignment) / (2 n temperature)', () => {
    const [n, k, temperature] = [6, 5, 0.1]
    const [a, b] = [randomTensor([n, k], 1), randomTensor([n, k], 2)]
    const wanted = testing().balancedAssignment(b).data
    const { gradient } = testing().swappedPrediction(a, b)
    for (let i = 0; i < n; i++) {
      const row = [...a.data.subarray(i * k, (i + 1) * k)].map((score) => Math.exp(score / temperature))
      const total = row.reduce((x, y) => x + y, 0)
      for (let j = 0; j < k; j++)
        expect(gradient.data[i * k + j]).toBeCloseTo((row[j]! / total - wanted[i * k + j]!) / (2 * n * temperature), 4)
    }
  })
})

describe('what the second look shows', () => {
  const window = { side: 16, patch: 4, scaled: 16, left: 0, top: 0, firstMirrored: false, secondMirrored: false }
  const shown = (changes: Partial<typeof window>) => [...testing().viewShown({ ...window, ...changes }).data]
  const plain = Array.from({ length: 16 }, (_, i) => i)
  const mirrored = plain.map((i) => i - (i % 4) + 3 - (i % 4))
  test('the picture as it is: every patch itself; both mirrored: the same; one mirrored: the other side', () => {
    expect(shown({})).toEqual(plain)
    expect(shown({ firstMirrored: true, secondMirrored: true })).toEqual(plain)
    expect(shown({ firstMirrored: true })).toEqual(mirrored)
    expect(shown({ secondMirrored: true })).toEqual(mirrored)
  })
  test('its upper right quarter at twice the size: four patches for each of that quarter', () => {
    expect(shown({ scaled: 32, left: 16 })).toEqual([2, 2, 3, 3, 2, 2, 3, 3, 6, 6, 7, 7, 6, 6, 7, 7])
  })
  test('a window of two thirds from pixel (3, 1): by its middles', () => {
    const middle = (offset: number, cell: number) => Math.floor(((offset + 4 * cell + 2) * 16) / 24 / 4)
    expect(shown({ scaled: 24, left: 3, top: 1 })).toEqual(plain.map((i) => 4 * middle(1, i >> 2) + middle(3, i % 4)))
  })
})

describe('training on looks alone', () => {
  const model = (options: TrainClipOptions) => readFileSync(join(options.into, 'model.safetensors'))
  const read = async (options: TrainClipOptions, key: string) =>
    (await binding().readTensor([join(options.into, 'model.safetensors')], key, {})).data
  async function run(options: TrainClipOptions): Promise<TrainMetrics[]> {
    const metrics: TrainMetrics[] = []
    await binding().trainClip(options, (m) => metrics.push(m), {})
    return metrics
  }
  const step = (workers: number) => testing().stepGradient(JSON.stringify(tinyOptions(temporary(), 8, { objective, workers })))
  const norm = (x: { data: Float32Array }) => Math.hypot(...x.data)

  test('a step split over 1, 2 or 4 workers gives the same gradient, to the image tower and the prototypes alone', () => {
    const one = step(1)
    expect(norm(one.gradient['train.prototypes']!)).toBeGreaterThan(0)
    expect(norm(one.gradient['visual.conv1.weight']!)).toBeGreaterThan(0)
    for (const name of ['text_projection', 'logit_scale', 'token_embedding.weight']) expect(norm(one.gradient[name]!)).toBe(0)
    for (const workers of [2, 4]) {
      const split = step(workers)
      expect(split.loss).toBeCloseTo(one.loss, 4)
      for (const name of ['train.prototypes', 'visual.conv1.weight', 'visual.proj'])
        expect(relativeError(split.gradient[name]!.data, one.gradient[name]!.data), name).toBeLessThan(1e-3)
    }
  })
  test('the looks at eight pictures come to agree; the text tower is what it was, and the file is a whole CLIP', async () => {
    const options = tinyOptions(temporary(), 8, { objective, stages: [{ steps: 120, batchSize: 8, size: 16 }], logEvery: 10 })
    const metrics = await run(options)
    expect(metrics.at(-1)!.lossView).toBeLessThan(metrics[0]!.lossView - 0.3)
    expect(metrics.at(-1)).toMatchObject({ lossClass: 0, lossPatch: 0, lossClaim: 0, retrieval: 0 })
    const short = tinyOptions(temporary(), 8, { objective, stages: [{ steps: 1, batchSize: 8, size: 16 }] })
    await run(short)
    expect(await read(options, 'text_projection')).toEqual(await read(short, 'text_projection'))
    expect(await read(options, 'visual.proj')).not.toEqual(await read(short, 'visual.proj'))
    const { tensors } = await binding().readCheckpoint([join(options.into, 'model.safetensors')], {})
    expect(tensors.map(({ key }) => key)).not.toContain('train.prototypes')
  })
  test('killed and started again: the same weights as uninterrupted, bit for bit', async () => {
    const shape = { objective, stages: [{ steps: 40, batchSize: 8, size: 16 }], checkpointEvery: 7 }
    const whole = tinyOptions(temporary(), 8, shape)
    await run(whole)
    const killed = tinyOptions(temporary(), 8, shape)
    expect(await killedAt('trainClip', killed, 20)).toBe('SIGKILL')
    await run(killed)
    expect(model(killed).equals(model(whole))).toBe(true)
  })
  test('a frozen image tower leaves nothing to train, and a checkpoint of the other objective is refused', async () => {
    const refused = (options: TrainClipOptions) => binding().trainClip(options, () => {}, {})
    await expect(refused(tinyOptions(temporary(), 8, { objective, freeze: { vision: true, text: false } }))).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
    )
    const options = tinyOptions(temporary(), 8, { objective })
    await run(options)
    await expect(refused({ ...options, objective: 'captions' })).rejects.toThrow(/another recipe/)
  })
})
