import { describe, expect, test } from 'vitest'
import type { EncoderConfig, EncoderVitConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { encoderGolden, vitOf } from '../helpers/encoders'
import { goldenFile, goldenTensor, relativeError } from '../helpers/golden'

const load = (name: string, config: EncoderConfig, dtype = 'float32') =>
  binding().Encoder.load(config, [goldenFile(`encoders/${name}.weights.safetensors`)], { device: 'cpu', dtype }, {})

/** Relative error of the features of each set of images to those in float64. */
async function errors(name: string, config: EncoderConfig, dtype = 'float32'): Promise<number[]> {
  const encoder = await load(name, config, dtype)
  const { float32 } = encoderGolden(name)
  const found = await Promise.all(
    float32.map(async (_, i) => {
      const exact = await goldenTensor(`encoders/${name}`, `exact.${i}`)
      const { data, shape } = await encoder.featuresOfPixels(await goldenTensor(`encoders/${name}`, `pixels.${i}`), {})
      return shape.join() === exact.shape.join() ? relativeError(data, exact.data) : Number.POSITIVE_INFINITY
    }),
  )
  encoder.dispose()
  return found
}

const names = ['deit', 'dino', 'dinov2', 'dinov2-registers', 'resnet']

describe.each(names)('%s against timm or torchvision in float64', (name) => {
  const { config, float32, bfloat16, mutations } = encoderGolden(name)

  test('float32: error at most twice that of PyTorch in float32, on the native grid, uneven ones and partial cells', async () => {
    for (const [i, error] of (await errors(name, config)).entries())
      expect(error, `size ${i}`).toBeLessThanOrEqual(Math.max(2 * float32[i]!, 1e-5))
  })

  test('bfloat16: error at most 1.5 times that of PyTorch autocast', async () => {
    for (const [i, error] of (await errors(name, config, 'bfloat16')).entries())
      expect(error, `size ${i}`).toBeLessThanOrEqual(1.5 * bfloat16[i]!)
  })

  test('every mutation of the reference changes some features beyond the tolerance', () => {
    for (const [mutation, changes] of Object.entries(mutations)) expect(Math.max(...changes), mutation).toBeGreaterThan(1e-4)
  })

  test('features of several images are those of each alone', async () => {
    const encoder = await load(name, config)
    const pixels = await goldenTensor(`encoders/${name}`, 'pixels.1')
    const { data, shape } = await encoder.featuresOfPixels(pixels, {})
    const one = pixels.data.length / 3
    const alone = await encoder.featuresOfPixels({ data: pixels.data.slice(one, 2 * one), shape: [1, ...pixels.shape.slice(1)] }, {})
    expect(alone.shape).toEqual([1, ...shape.slice(1)])
    expect(relativeError(alone.data, data.slice(data.length / 3, (2 * data.length) / 3))).toBeLessThan(1e-6)
    encoder.dispose()
  })
})

describe('a wrong constant of ours would be caught', () => {
  const wrong: [string, string, (config: EncoderVitConfig) => Partial<EncoderVitConfig>][] = [
    ['deit', 'epsilon 1e-5', () => ({ layerNormEps: 1e-5 })],
    [
      'deit',
      'whether 4 x 16 positions are taken from 8 x 8 by their shape',
      ({ positions }) => ({ positions: { ...positions, byCount: false } }),
    ],
    ['dino', 'no offset of the positions', ({ positions }) => ({ positions: { ...positions, offset: 0 } })],
    ['dino', 'pixels dropped instead of padded', () => ({ partial: 'drop' })],
    ['dinov2', 'epsilon 1e-5', () => ({ layerNormEps: 1e-5 })],
    ['dinov2', 'positions antialiased', ({ positions }) => ({ positions: { ...positions, antialias: true } })],
    ['dinov2-registers', 'positions not antialiased', ({ positions }) => ({ positions: { ...positions, antialias: false } })],
  ]
  test.each(wrong)('%s: %s', async (name, _, change) => {
    const config = vitOf(encoderGolden(name).config)
    expect(Math.max(...(await errors(name, { ...config, ...change(config) })))).toBeGreaterThan(1e-4)
  })
})
