import { describe, expect, test } from 'vitest'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { compute, tiny } from '../helpers/native'
import { randomTensor } from '../helpers/testing'
import { load, maxDifference, randomWeights, type Weight, writeWeights } from '../helpers/weights'

const resnet: ClipConfig = { ...tiny, vision: { kind: 'resnet', imageSize: 32, layers: [1, 1, 1, 1], width: 8, heads: 4 } }
const pixels = randomTensor([2, 3, 32, 32], 3)
const scalar = (key: string): Weight => ({ key, data: Float32Array.of(1), shape: [] })
const failure = (call: Promise<unknown>) => call.then(() => undefined).catch((error) => error)

describe('strict loading', () => {
  test('missing, unexpected and wrong-shaped keys are listed together', async () => {
    const weights = await randomWeights(tiny, 1)
    weights.delete('visual.proj')
    weights.set('surprise', scalar('surprise'))
    weights.set('ln_final.bias', { key: 'ln_final.bias', data: new Float32Array(3), shape: [3] })
    expect(await failure(load(tiny, weights.values()))).toHaveCode(
      'ERR_WORDMASK_CHECKPOINT_KEYS',
      /Missing 1: visual\.proj; unexpected 1: surprise; wrong shape 1: ln_final\.bias \[3\] instead of \[64\].*wordmask model info/,
    )
  })

  test('a model of another depth says which blocks are too many', async () => {
    const weights = await randomWeights(tiny, 1)
    const config = { ...tiny, text: { ...tiny.text, layers: 1 } }
    expect(await failure(load(config, weights.values()))).toHaveCode(
      'ERR_WORDMASK_CHECKPOINT_KEYS',
      /Missing 0; unexpected 12: transformer\.resblocks\.1\./,
    )
  })

  test("OpenAI's scalars, the attention mask and BatchNorm's counters are no weights", async () => {
    const weights = await randomWeights(resnet, 1)
    const extras = ['input_resolution', 'context_length', 'vocab_size', 'attn_mask', 'visual.bn1.num_batches_tracked'].map(scalar)
    const [plain, extended] = [await load(resnet, weights.values()), await load(resnet, [...weights.values(), ...extras])]
    const answers = await Promise.all([plain, extended].map((clip) => clip.encodePixels(pixels, { normalize: false }, {})))
    expect(answers[0]).toEqual(answers[1])
  })
})

describe('dtypes', () => {
  test.each(['float16', 'bfloat16'] as const)('%s storage is read into float32', async (dtype) => {
    const weights = await randomWeights(tiny, 1)
    const clip = await binding().Clip.load(tiny, [await writeWeights(weights.values(), dtype)], compute, {})
    expect(clip.info()).toMatchObject({ device: 'cpu', dtype: 'float32' })
    const exact = await (await load(tiny, weights.values())).encodePixels(pixels, { normalize: true }, {})
    const difference = maxDifference((await clip.encodePixels(pixels, { normalize: true }, {})).data, exact.data)
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(dtype === 'float16' ? 0.01 : 0.05)
  })

  test.each(['bfloat16', 'float16'])('compute in %s takes about half the memory and answers nearly the same', async (dtype) => {
    for (const config of [tiny, resnet]) {
      const weights = await randomWeights(config, 1)
      const [exact, reduced] = [await load(config, weights.values()), await load(config, weights.values(), dtype)]
      expect(reduced.info().dtype).toBe(dtype)
      expect(reduced.info().bytes).toBeLessThan(0.62 * exact.info().bytes)
      const [a, b] = await Promise.all([exact, reduced].map((clip) => clip.encodePixels(pixels, { normalize: true }, {})))
      expect(maxDifference(a!.data, b!.data)).toBeLessThan(dtype === 'float16' ? 0.01 : 0.08)
    }
  })

  test('auto is float32 or bfloat16 and says which', async () => {
    const clip = await binding().Clip.random(tiny, 1, { device: 'auto', dtype: 'auto' }, {})
    expect(clip.info().dtype).toBe(clip.info().device !== 'cpu' || binding().systemInfo().fastBfloat16 ? 'bfloat16' : 'float32')
  })
})

describe('random weights', () => {
  test('the same seed gives the same model, another another; images differ', async () => {
    for (const config of [tiny, resnet]) {
      const [a, b, c] = await Promise.all(
        [5, 5, 6].map(async (seed) =>
          (await binding().Clip.random(config, seed, compute, {})).encodePixels(pixels, { normalize: true }, {}),
        ),
      )
      expect(a).toEqual(b)
      expect(maxDifference(a!.data, c!.data)).toBeGreaterThan(0.01)
      expect(maxDifference(a!.data.subarray(0, 32), a!.data.subarray(32))).toBeGreaterThan(0.01)
    }
  })
})

describe('BAD CALL - configurations and devices', () => {
  const vit = tiny.vision as Extract<ClipConfig['vision'], { kind: 'vit' }>
  test.each([
    ['heads do not divide the width', { ...tiny, text: { ...tiny.text, heads: 3 } }, /text\.heads to divide the width 64 but received 3/],
    [
      'patches do not divide the image',
      { ...tiny, vision: { ...vit, patchSize: 7 } },
      /vision\.patchSize to divide vision\.imageSize 32 but received 7/,
    ],
    ['a ResNet of 40 pixels', { ...resnet, vision: { ...resnet.vision, imageSize: 40 } as ClipConfig['vision'] }, /divisible by 32/],
  ] as [string, ClipConfig, RegExp][])('%s', async (_, config, message) => {
    expect(await failure(binding().Clip.random(config, 1, compute, {}))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })

  test.each(['gpu', 'cuda:', 'cuda:x', 'cuda:-1'])('device %s', async (device) => {
    expect(await failure(binding().Clip.random(tiny, 1, { device, dtype: 'float32' }, {}))).toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /'cpu', 'cuda', 'cuda:N' or 'auto'/,
    )
  })

  test('dtype float8', async () => {
    expect(await failure(binding().Clip.random(tiny, 1, { device: 'cpu', dtype: 'float8' }, {}))).toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /'float32' or 'bfloat16'.*float8/,
    )
  })

  test.skipIf(binding().systemInfo().cuda.available)(
    'CUDA where there is none is refused with the reason, not run on the CPU',
    async () => {
      expect(await failure(binding().Clip.random(tiny, 1, { device: 'cuda', dtype: 'float32' }, {}))).toHaveCode(
        'ERR_WORDMASK_DEVICE',
        /asked for but .*CUDA.*'cpu' or 'auto'/,
      )
    },
  )
})
