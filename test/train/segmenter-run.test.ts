import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SegmenterMetrics, TrainSegmenterOptions } from '../../binding'
import { binding } from '../../lib/binding'
import { deepLabTesting } from '../helpers/deeplab'
import { killedAt } from './killed'
import { scenes, temporary, tinyOptions, writePictures } from './segmenter-tiny'

const size = { width: 48, height: 48 }
const pictures = await scenes(8, 48)
const packed = (count = 8) => writePictures(join(temporary(), 'data.safetensors'), size, pictures.slice(0, count))

async function run(options: TrainSegmenterOptions, onMetrics: (metrics: SegmenterMetrics) => void = () => {}) {
  const seen: SegmenterMetrics[] = []
  const result = await binding().trainSegmenter(
    options,
    (metrics) => {
      seen.push(metrics)
      onMetrics(metrics)
    },
    {},
  )
  return { ...result, seen }
}
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )
const bytes = (folder: string, name: string) => readFileSync(join(folder, name))
const lines = (folder: string) =>
  bytes(folder, 'metrics.jsonl')
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('training', () => {
  test('learns eight rendered scenes by heart: the loss falls below a third, mIoU ends above 0.8 (seed 3)', async () => {
    const data = packed()
    const options = tinyOptions(temporary(), data, {
      steps: 120,
      batchSize: 8,
      validation: data,
      validateEvery: 60,
      logEvery: 20,
      samples: 2,
      dropout: 0,
    })
    const { seen, miou, bestStep } = await run(options)
    const losses = seen.flatMap(({ loss }) => loss ?? [])
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3)
    expect(miou).toBeGreaterThan(0.8)
    expect([60, 120]).toContain(bestStep)
    const validations = seen.filter((metrics) => metrics.miou !== undefined)
    expect(validations.map(({ step }) => step)).toEqual([60, 120])
    expect(validations[0]!.samples).toHaveLength(2 * 48 * 48)
    expect(Math.max(...validations.map((metrics) => metrics.miou!))).toBe(miou)
    expect(lines(options.into).filter((line) => line.miou !== undefined)).toHaveLength(2)
  })

  test('stopped after any step and gone on with, it ends with the bytes of a run never stopped: augmentation, dropout, schedule, validation', async () => {
    const data = packed()
    const more = {
      steps: 12,
      validation: data,
      validateEvery: 3,
      dtype: 'bfloat16',
      augment: { ...tinyOptions('', '').augment, scaleLow: 0.5, scaleHigh: 2, jitter: 0.8, blur: 0.5 },
    } as const
    const whole = tinyOptions(temporary(), data, more)
    await run(whole)
    const stopped = tinyOptions(temporary(), data, more)
    for (const at of [2, 3, 6]) {
      const cancel = new (binding().CancelToken)()
      const error = await rejection(binding().trainSegmenter(stopped, ({ step }) => step >= at && cancel.cancel(), { cancel }))
      expect(error).toHaveCode('ERR_WORDMASK_ABORTED')
    }
    await run(stopped)
    for (const name of ['model.safetensors', 'last.safetensors'])
      expect(bytes(stopped.into, name).equals(bytes(whole.into, name)), name).toBe(true)
    const facts = (folder: string) => lines(folder).map(({ step, loss, miou }) => ({ step, loss, miou }))
    expect(facts(stopped.into).filter(({ miou }) => miou !== undefined)).toEqual(facts(whole.into).filter(({ miou }) => miou !== undefined))
  })

  test('killed by SIGKILL and started again: the weights of a run never stopped, and no step logged twice', async () => {
    const data = packed()
    const more = { steps: 24, checkpointEvery: 4, validation: data, validateEvery: 7 }
    const [whole, killed] = [tinyOptions(temporary(), data, more), tinyOptions(temporary(), data, more)]
    await run(whole)
    expect(await killedAt('trainSegmenter', killed, 6)).toBe('SIGKILL')
    expect(existsSync(join(killed.into, 'last.safetensors'))).toBe(false)
    await run(killed)
    for (const name of ['model.safetensors', 'last.safetensors'])
      expect(bytes(killed.into, name).equals(bytes(whole.into, name)), name).toBe(true)
    const facts = (folder: string) => lines(folder).map(({ step, loss, miou }) => ({ step, loss, miou }))
    expect(facts(killed.into)).toEqual(facts(whole.into))
  })

  test('another seed gives other weights; the same one the same', async () => {
    const data = packed()
    const weights = async (seed: number) => {
      const options = tinyOptions(temporary(), data, { steps: 2, seed })
      await run(options)
      return bytes(options.into, 'last.safetensors')
    }
    const [a, b, c] = [await weights(1), await weights(1), await weights(2)]
    expect(a.equals(b)).toBe(true)
    expect(a.equals(c)).toBe(false)
  })

  test('SGD learns, too, and its checkpoint has one moment', async () => {
    const options = tinyOptions(temporary(), packed(), {
      steps: 30,
      optimiser: 'sgd',
      learningRate: 0.05,
      backboneLearningRate: 0.05,
      batchSize: 8,
      dropout: 0,
    })
    const { seen } = await run(options)
    expect(seen.at(-1)!.loss!).toBeLessThan(0.8 * seen[0]!.loss!)
    const { tensors } = await binding().readCheckpoint([join(options.into, 'checkpoint.safetensors')], {})
    expect(tensors.some(({ key }) => key.startsWith('moment1.'))).toBe(true)
    expect(tensors.some(({ key }) => key.startsWith('moment2.'))).toBe(false)
  })

  test('with no labelled pixel nothing is learnt and nothing is NaN', async () => {
    const ignored = pictures.slice(0, 4).map(({ pixels }) => ({ pixels, labels: new Uint8Array(48 * 48).fill(255) }))
    const data = writePictures(join(temporary(), 'data.safetensors'), size, ignored)
    const still = tinyOptions(temporary(), data, { steps: 3, validation: data, validateEvery: 3 })
    const { seen, miou } = await run(still)
    expect(seen.filter(({ loss }) => loss !== undefined).map(({ loss }) => loss)).toEqual([0, 0, 0])
    expect(miou).toBe(0)
    const one = tinyOptions(temporary(), data, { steps: 1 })
    await run(one)
    expect(bytes(still.into, 'last.safetensors').subarray(-1000).equals(bytes(one.into, 'last.safetensors').subarray(-1000))).toBe(true)
  })

  test('fewer pictures than a batch are taken several times; one alone will do', async () => {
    const { seen } = await run(tinyOptions(temporary(), packed(1), { steps: 2, batchSize: 5 }))
    expect(seen.every(({ loss }) => Number.isFinite(loss))).toBe(true)
  })

  test('ends early where mIoU has not risen for so many validations', async () => {
    const data = packed(4)
    const options = tinyOptions(temporary(), data, {
      steps: 400,
      validation: data,
      validateEvery: 1,
      patience: 2,
      learningRate: 1e-9,
      backboneLearningRate: 0,
    })
    const { steps, stoppedEarly } = await run(options)
    expect(stoppedEarly).toBe(true)
    expect(steps).toBeLessThan(20)
  })
})

describe('refusals', () => {
  const refused = async (changes: Partial<TrainSegmenterOptions>, code: string, pattern: RegExp) =>
    expect(await rejection(run(tinyOptions(temporary(), packed(2), changes)))).toHaveCode(code, pattern)
  const invalid = 'ERR_WORDMASK_INVALID_ARGUMENT'
  test('a batch of one', () => refused({ batchSize: 1 }, invalid, /batchSize of at least 2/))
  test('a label beyond the classes', async () => {
    const wrong = writePictures(join(temporary(), 'data.safetensors'), size, [{ ...pictures[0]!, labels: new Uint8Array(48 * 48).fill(7) }])
    await refused({ data: wrong }, invalid, /label 7, expected 0 to 1, or 255/)
  })
  test('data that is not there, that is something else, or holds no picture', async () => {
    await refused({ data: '/none.safetensors' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /none/)
    const options = tinyOptions(temporary(), packed(2), { steps: 1 })
    await run(options)
    await refused({ data: join(options.into, 'last.safetensors') }, 'ERR_WORDMASK_CHECKPOINT', /packed pictures/)
  })
  test('patience without a validation set', () => refused({ patience: 2 }, invalid, /validation set with patience/))
  test('a folder with the checkpoint of another recipe, which is left as it is', async () => {
    const options = tinyOptions(temporary(), packed(2), { steps: 1 })
    await run(options)
    const before = bytes(options.into, 'checkpoint.safetensors')
    expect(await rejection(run({ ...options, learningRate: 1e-4 }))).toHaveCode(invalid, /another recipe/)
    expect(bytes(options.into, 'checkpoint.safetensors').equals(before)).toBe(true)
    expect(existsSync(join(options.into, 'model.safetensors'))).toBe(true)
  })
  test('a checkpoint of another trainer', async () => {
    const options = tinyOptions(temporary(), packed(2), { steps: 1 })
    await run(options)
    await binding().writeSafetensors(
      join(options.into, 'checkpoint.safetensors'),
      [{ key: 'x', shape: [1], dtype: 'float32', data: new Float32Array(1) }],
      { kind: 'other' },
      {},
    )
    expect(await rejection(run(options))).toHaveCode('ERR_WORDMASK_CHECKPOINT', /no checkpoint of a segmenter/)
  })
})

describe('samples of the stream', () => {
  const plain = {
    classes: 2,
    seed: 4,
    batchSize: 8,
    width: 48,
    height: 48,
    scaleLow: 1,
    scaleHigh: 1,
    flip: 0,
    jitter: 0,
    grey: 0,
    blur: 0,
  }
  const file = packed()
  const batch = (changes: object, first = 0) => deepLabTesting().trainingBatch(file, { ...plain, ...changes }, first)

  test('an epoch shows every picture once, whatever the batch; the next in another order', () => {
    const sums = (first: number, batchSize: number) => {
      const { pixels } = batch({ batchSize }, first)
      const each = pixels.data.length / batchSize
      return Array.from({ length: batchSize }, (_, i) => pixels.data.subarray(i * each, (i + 1) * each).reduce((a, b) => a + b, 0))
    }
    const epoch = sums(0, 8)
    expect([...epoch].sort()).toEqual([...sums(8, 8)].sort())
    expect(epoch).not.toEqual(sums(8, 8))
    expect([...sums(0, 3), ...sums(3, 5)]).toEqual(epoch)
  })
  test('untouched they are the bytes of the file / 255; mirrored, labels go along', () => {
    const { pixels, labels } = batch({ batchSize: 1 })
    const index = pictures.findIndex((picture) => picture.labels.every((label, i) => label === labels.data[i]))
    const truth = pictures[index]!
    expect([...labels.data]).toEqual([...truth.labels])
    for (const i of [0, 100, 2303])
      for (let c = 0; c < 3; c++) expect(pixels.data[c * 2304 + i]).toBeCloseTo(truth.pixels[3 * i + c]! / 255, 5)
    const turned = batch({ batchSize: 1, flip: 1 })
    for (const [y, x] of [
      [0, 0],
      [7, 30],
      [47, 47],
    ] as const) {
      expect(turned.labels.data[y * 48 + x]).toBe(labels.data[y * 48 + 47 - x])
      expect(turned.pixels.data[y * 48 + x]).toBe(pixels.data[y * 48 + 47 - x])
    }
  })
  test('a picture made half as large is padded right and below: 255, and its mean colour', () => {
    const { pixels, labels } = batch({ batchSize: 1, scaleLow: 0.5, scaleHigh: 0.5 })
    for (let y = 0; y < 48; y++) for (let x = 0; x < 48; x++) expect(labels.data[y * 48 + x] === 255).toBe(y >= 24 || x >= 24)
    let sum = 0
    for (let y = 0; y < 24; y++) for (let x = 0; x < 24; x++) sum += pixels.data[y * 48 + x]!
    expect(pixels.data[47]).toBeCloseTo(Math.floor((255 * sum) / 576) / 255, 2)
    expect(pixels.data[47]).toBe(pixels.data[2303])
  })
  test('everything at once stays finite and within 0 and 1, and depends on the seed and the place in the stream alone', () => {
    const all = { scaleLow: 0.3, scaleHigh: 3, flip: 0.5, jitter: 1, grey: 0.2, blur: 1, width: 40, height: 56 }
    const { pixels } = batch(all)
    expect(pixels.data.every((x) => x >= 0 && x <= 1.0001)).toBe(true)
    expect(batch(all).pixels.data).toEqual(pixels.data)
    expect(batch({ ...all, seed: 5 }).pixels.data).not.toEqual(pixels.data)
  })
})
