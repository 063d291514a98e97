import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DeepLabConfig, Float32Tensor } from '../../binding'
import { binding } from '../../lib/binding'
import { deepLabGolden, deepLabTesting } from '../helpers/deeplab'
import { goldenFile, goldenTensor, relativeError } from '../helpers/golden'
import { compute, picture, withFolder } from '../helpers/native'
import { randomTensor } from '../helpers/testing'

const keys: Record<string, Record<string, number[]>> = JSON.parse(readFileSync(goldenFile('deeplab-keys.json'), 'utf8'))
const full = (backbone: DeepLabConfig['backbone'], classes: number): DeepLabConfig => ({ backbone, classes, outputStride: 8, width: 1 })
const small: DeepLabConfig = { backbone: 'mobilenet_v2', classes: 3, outputStride: 16, width: 0.25 }

describe('keys and sizes', () => {
  test.each([
    ['resnet101-27', full('resnet101', 27)],
    ['mobilenet_v2-19', full('mobilenet_v2', 19)],
  ])('%s: every entry and shape of the network that PyTorch builds on torchvision', (name, config) => {
    const { entries } = deepLabTesting().deepLabState(config)
    expect(Object.fromEntries(entries.map(({ key, shape }) => [key, shape]))).toEqual(keys[name])
  })
  test('ReCo+ (ResNet-101): 678 entries; 45,608,043 parameters with 27 classes, 45,605,987 with 19', () => {
    const cocoStuff = deepLabTesting().deepLabState(full('resnet101', 27))
    expect([cocoStuff.entries.length, cocoStuff.parameters]).toEqual([678, 45_608_043])
    expect(deepLabTesting().deepLabState(full('resnet101', 19)).parameters).toBe(45_605_987)
  })
  test('the output stride changes no weight', () => {
    const shapes = (outputStride: number) => deepLabTesting().deepLabState({ ...full('resnet50', 5), outputStride }).entries
    expect(shapes(16)).toEqual(shapes(8))
  })
})

describe.each(['deeplab-resnet', 'deeplab-mobilenet'])('%s against PyTorch in float64 on the same weights', (name) => {
  const golden = deepLabGolden(name)
  const bound = (error: number) => Math.max(2 * error, 1e-5)
  const run = async () => deepLabTesting().deepLabForward(golden.config, await goldenTensor(name, 'images'))

  test('logits in training mode, plain and packed; packing gives the weights back bit for bit', async () => {
    const [answers, trained, exact] = await Promise.all([run(), goldenTensor(name, 'exact.trained'), goldenTensor(name, 'exact.logits')])
    expect(answers.packed.shape).toEqual(exact.shape)
    expect(relativeError(answers.trained.data, trained.data)).toBeLessThan(bound(golden.float32.trained))
    expect(relativeError(answers.plain.data, exact.data)).toBeLessThan(bound(golden.float32.logits))
    expect(relativeError(answers.packed.data, exact.data)).toBeLessThan(bound(golden.float32.logits))
    expect(answers.same).toBe(true)
  })
  test('a wrong dilation, rate, epsilon, alignment or activation would show', () => {
    for (const [mutation, change] of Object.entries(golden.mutations))
      expect(change, mutation).toBeGreaterThan(10 * bound(golden.float32.logits))
  })
  // Norms over three pictures make the small MobileNet's answer noise in bfloat16, in PyTorch too.
  test.skipIf(golden.bfloat16.logits > 0.5 || !binding().systemInfo().nativeBfloat16)(
    'bfloat16 errs at most 1.5 times as much as autocast',
    async () => {
      const exact = await goldenTensor(name, 'exact.logits')
      expect(relativeError((await run()).bfloat16.data, exact.data)).toBeLessThan(1.5 * golden.bfloat16.logits)
    },
  )
})

describe('shapes', () => {
  test.each([
    [1, 1],
    [1, 40],
    [33, 70],
    [64, 47],
  ])('%i x %i pixels: a quarter of the size, rounded up, at both output strides', async (height, width) => {
    const pixels = randomTensor([2, 3, height, width], 1)
    for (const backbone of ['mobilenet_v2', 'resnet50'] as const) {
      for (const outputStride of [8, 16]) {
        const config = { backbone, classes: 3, outputStride, width: 0.125, ...(backbone === 'resnet50' && { layers: [1, 1, 1, 1] }) }
        const network = await binding().DeepLab.random(config, 3, compute, {})
        const { shape } = await network.logitsOfPixels(pixels, {})
        expect(shape).toEqual([2, 3, Math.ceil(height / 4), Math.ceil(width / 4)])
        network.dispose()
      }
    }
  })
})

describe('DeepLab of the addon', () => {
  const view = { width: 40, height: 24, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], interpolation: 'bilinear' } as const
  const options = { ...view, mean: [...view.mean] as [number, number, number], std: [...view.std] as [number, number, number] }
  const random = (classes = 3) => binding().DeepLab.random({ ...small, classes }, 5, compute, {})

  test('saved and loaded it answers alike, bit for bit; the file has the keys of the state', async () =>
    withFolder(async (folder) => {
      const file = join(folder, 'network.safetensors')
      const network = await random()
      const before = await network.logits(picture(50, 30), options, {})
      await network.save(file, 'float32', { note: 'x' }, {})
      const { tensors, metadata } = await binding().readCheckpoint([file], {})
      expect(tensors.map(({ key }) => key).sort()).toEqual(
        deepLabTesting()
          .deepLabState(small)
          .entries.map(({ key }) => key)
          .sort(),
      )
      expect(metadata.note).toBe('x')
      const again = await binding().DeepLab.load(small, [file], compute, {})
      expect((await again.logits(picture(50, 30), options, {})).data).toEqual(before.data)
      const numbers = tensors.filter(({ dtype }) => dtype === 'float32').map(({ shape }) => shape.reduce((a, b) => a * b, 1))
      expect(again.info()).toMatchObject({ dtype: 'float32', parameters: numbers.reduce((a, b) => a + b, 0) })
      const other = binding().DeepLab.load({ ...small, classes: 4 }, [file], compute, {})
      await expect(other).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS', /classifier\.classifier\.3\.weight/)
    }))
  test('scores are log-probabilities, class-minor; a background comes last', async () => {
    const network = await random()
    const [logits, plain, turned] = await Promise.all([
      network.logits(picture(50, 30), options, {}),
      network.score(picture(50, 30), { ...options, background: false }, {}),
      network.score(picture(50, 30), { ...options, background: true }, {}),
    ])
    expect(plain.shape).toEqual([6, 10, 3])
    const at = (tensor: Float32Tensor, cell: number) => [...tensor.data.subarray(3 * cell, 3 * cell + 3)]
    for (const cell of [0, 17, 59]) {
      const z = [0, 1, 2].map((c) => logits.data[c * 60 + cell]!)
      const sum = Math.log(z.reduce((total, x) => total + Math.exp(x), 0))
      for (const [c, x] of z.entries()) expect(at(plain, cell)[c]).toBeCloseTo(x - sum, 4)
      const [background, ...rest] = at(plain, cell)
      expect(at(turned, cell)).toEqual([...rest, background])
    }
  })
  test.each([
    [{ outputStride: 4 }, /outputStride/],
    [{ width: 0 }, /width/],
    [{ classes: 0 }, /classes/],
    [{ backbone: 'vgg' }, /backbone/],
    [{ layers: [1, 2] }, /layers/],
  ])('%j is refused', async (change, message) => {
    const given = { ...small, ...change } as DeepLabConfig
    await expect(binding().DeepLab.random(given, 1, compute, {})).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
  test('after dispose calls are refused; pixels of another shape, too', async () => {
    const network = await random()
    await expect(network.logitsOfPixels(randomTensor([1, 4, 8, 8], 1), {})).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /pixels/)
    network.dispose()
    await expect(network.logitsOfPixels(randomTensor([1, 3, 8, 8], 1), {})).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
  })
})
