import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ClipConfig, EncoderClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { golden, goldenFile, goldenTensor, relativeError } from '../helpers/golden'
import { compute, tiny } from '../helpers/native'
import { randomTensor, testing } from '../helpers/testing'
import { randomWeights, type Weight, writeWeights } from '../helpers/weights'

interface Read {
  read: 'value' | 'residual' | 'cells'
  layer: number
  /** Relative errors of open_clip, for each set of images. */
  float32: number[]
  bfloat16: number[]
}
const reads: Record<string, Read> = JSON.parse(readFileSync(goldenFile('vit-gelu.layers.json'), 'utf8')).reads
const tower = golden('vit-gelu').config
const towerFile = goldenFile('vit-gelu.weights.safetensors')

const encoderOf = (clip: ClipConfig, read: Read['read'], layer?: number): EncoderClipConfig & { prefix: string } => ({
  ...{ kind: 'clip', prefix: '', read: read === 'cells' ? 'cells' : 'dense' },
  clip: { ...clip, dense: read === 'residual' ? 'residual' : 'value' },
  ...(layer !== undefined && { layer }),
})
const open = (config: EncoderClipConfig & { prefix: string }, file: string, dtype = 'float32') =>
  binding().Encoder.load(config, [file], { device: 'cpu', dtype }, {})

describe.each(Object.entries(reads))('%s of three layers against open_clip in float64', (name, { read, layer, float32, bfloat16 }) => {
  async function errors(dtype: string, at = layer): Promise<number[]> {
    const encoder = await open(encoderOf(tower, read, at), towerFile, dtype)
    const found = await Promise.all(
      float32.map(async (_, i) => {
        const exact = await goldenTensor('vit-gelu.layers', `${name}.${i}`)
        const { data, shape } = await encoder.featuresOfPixels(await goldenTensor('vit-gelu.layers', `pixels.${i}`), {})
        expect(shape).toEqual(exact.shape)
        return relativeError(data, exact.data)
      }),
    )
    encoder.dispose()
    return found
  }

  test('float32: error at most twice that of PyTorch in float32, on the native grid and an uneven one', async () => {
    for (const [i, error] of (await errors('float32')).entries())
      expect(error, `size ${i}`).toBeLessThanOrEqual(Math.max(2 * float32[i]!, 1e-5))
  })

  test('bfloat16: error at most 1.5 times that of PyTorch autocast', async () => {
    for (const [i, error] of (await errors('bfloat16')).entries()) expect(error, `size ${i}`).toBeLessThanOrEqual(1.5 * bfloat16[i]!)
  })

  test('a layer less would be caught', async () => {
    for (const error of await errors('float32', layer - 1)) expect(error).toBeGreaterThan(1e-2)
  })
})

const three: ClipConfig = { ...tiny, vision: { ...tiny.vision, kind: 'vit', layers: 3 } as ClipConfig['vision'] }
const weights = await randomWeights(three, 7)
const pixels = randomTensor([2, 3, 24, 40], 3)
const block = (index: number) => `visual.transformer.resblocks.${index}.`
const without = (...prefixes: string[]): Weight[] =>
  [...weights.values()].filter(({ key }) => !prefixes.some((prefix) => key.startsWith(prefix)))

describe('the blocks above the layer', () => {
  test.each(['value', 'residual', 'cells'] as const)('%s: to the bit what a tower gives that ends with the layer', async (read) => {
    const whole = await writeWeights(weights.values())
    const ending = await writeWeights(without(block(2)))
    const stopped = await open(encoderOf(three, read, 2), whole)
    const ended = await open(encoderOf({ ...three, vision: { ...three.vision, layers: 2 } as ClipConfig['vision'] }, read), ending)
    expect(await stopped.featuresOfPixels(pixels, {})).toEqual(await ended.featuresOfPixels(pixels, {}))
    expect(stopped.info()).toEqual(ended.info())
    const last = await open(encoderOf(three, read, 3), whole)
    const full = await open(encoderOf(three, read), whole)
    expect(await last.featuresOfPixels(pixels, {})).toEqual(await full.featuresOfPixels(pixels, {}))
    expect(last.info().parameters).toBeGreaterThan(stopped.info().parameters)
    for (const encoder of [stopped, ended, last, full]) encoder.dispose()
  })

  test('may be missing from the file; every other key is asked for, and no other may be there', async () => {
    const config = encoderOf(three, 'cells', 2)
    const loaded = await open(config, await writeWeights(without(block(2))))
    loaded.dispose()
    await expect(open(config, await writeWeights(without(`${block(1)}ln_2.bias`)))).rejects.toHaveCode(
      'ERR_WORDMASK_CHECKPOINT_KEYS',
      /Missing 1: visual\.transformer\.resblocks\.1\.ln_2\.bias; unexpected 0/,
    )
    for (const key of [`${block(2)}surprise`, `${block(3)}ln_1.weight`, 'visual.surprise']) {
      const more = { key, data: Float32Array.of(1), shape: [1] }
      await expect(open(config, await writeWeights([...weights.values(), more]))).rejects.toHaveCode(
        'ERR_WORDMASK_CHECKPOINT_KEYS',
        new RegExp(`Missing 0; unexpected 1: ${key.replaceAll('.', '\\.')};`),
      )
    }
    await expect(open(encoderOf(three, 'cells'), await writeWeights(without(block(2))))).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS')
  })

  test("are known by transformers' names, too", async () => {
    const config = encoderOf({ ...three, keys: 'huggingface' }, 'cells', 2)
    const ignored = (key: string) => testing().encoderIgnores(config, `vision_model.encoder.layers.${key}`)
    for (const leaf of ['self_attn.k_proj.weight', 'self_attn.out_proj.bias', 'layer_norm1.weight', 'mlp.fc2.bias']) {
      expect(ignored(`2.${leaf}`), leaf).toBe(true)
      expect(ignored(`1.${leaf}`), leaf).toBe(false)
    }
    expect([ignored('2.surprise'), ignored('3.mlp.fc2.bias')]).toEqual([false, false])
  })
})

describe('BAD CALL', () => {
  test('a layer that the tower has not, and one of a ResNet', async () => {
    const vision = { kind: 'resnet' as const, imageSize: 32, layers: [1, 1, 1, 1], width: 8, heads: 4 }
    const random = (config: EncoderClipConfig & { prefix: string }) => binding().Encoder.random(config, 1, compute, {})
    await expect(random(encoderOf(three, 'cells', 4))).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /a layer from 1 to 3 but received 4/,
    )
    for (const layer of [0, -1, 1.5])
      await expect((async () => random(encoderOf(three, 'cells', layer)))()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /layer/)
    await expect(random(encoderOf({ ...tiny, vision }, 'cells', 1))).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /no layer for a ResNet but received 1/,
    )
  })
})
