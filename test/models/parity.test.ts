import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { golden, goldenFile, goldenTensor, relativeError } from '../helpers/golden'

type Overrides = { activation?: 'gelu' | 'quick_gelu'; layerNormEps?: number; dense?: 'value' | 'residual' }

async function outputs(name: string, dtype: string, overrides: Overrides = {}): Promise<Record<string, Float32Array>> {
  const config = { ...golden(name).config, ...overrides }
  const answers: Record<string, Float32Array> = {}
  const [images, tokens, denseImage] = await Promise.all(['images', 'tokens', 'dense_image'].map((key) => goldenTensor(name, key)))
  const vit = config.vision.kind === 'vit'
  for (const dense of vit ? (['value', 'residual'] as const) : (['value'] as const)) {
    const clip = await binding().Clip.load({ ...config, dense }, [goldenFile(`${name}.weights.safetensors`)], { device: 'cpu', dtype }, {})
    const { data } = await clip.densePixels(denseImage!, {})
    answers[vit ? `dense_${dense}` : 'dense'] = data
    answers.image = (await clip.encodePixels(images!, { normalize: false }, {})).data
    answers.text = (await clip.encodeText(Int32Array.from(tokens!.data), tokens!.shape[0]!, { normalize: false, batchSize: 2 }, {})).data
    clip.dispose()
  }
  return answers
}

describe.each(['vit-quick-gelu', 'vit-gelu', 'resnet'])('%s against open_clip in float64', (name) => {
  test('float32: error at most twice that of PyTorch in float32', async () => {
    const reference = golden(name)
    for (const [key, value] of Object.entries(await outputs(name, 'float32'))) {
      const error = relativeError(value, (await goldenTensor(name, `exact.${key}`)).data)
      expect(error, key).toBeLessThanOrEqual(Math.max(2 * reference.float32[key]!, 1e-5))
    }
  })

  test('bfloat16: error at most 1.5 times that of PyTorch autocast', async () => {
    const reference = golden(name)
    for (const [key, value] of Object.entries(await outputs(name, 'bfloat16'))) {
      const error = relativeError(value, (await goldenTensor(name, `exact.${key}`)).data)
      expect(error, key).toBeLessThanOrEqual(1.5 * reference.bfloat16[key]!)
    }
  })

  test('a tower with the other GELU or another epsilon would be caught', async () => {
    const reference = golden(name)
    const activation = reference.config.activation === 'gelu' ? 'quick_gelu' : 'gelu'
    for (const overrides of [{ activation }, { layerNormEps: 1e-6 }] as Overrides[]) {
      const wrong = await outputs(name, 'float32', overrides)
      const error = relativeError(wrong.text!, (await goldenTensor(name, 'exact.text')).data)
      expect(error, JSON.stringify(overrides)).toBeGreaterThan(1e-4)
    }
  })

  test('every mutation of the reference changes some output beyond the tolerance', () => {
    for (const [mutation, changes] of Object.entries(golden(name).mutations)) {
      expect(Math.max(...Object.values(changes)), mutation).toBeGreaterThan(1e-4)
    }
  })
})

test('a Hugging Face folder in shards gives the answers of transformers in float64', async () => {
  const reference = golden('huggingface')
  const config = {
    ...golden('vit-quick-gelu').config,
    keys: 'huggingface' as const,
    dense: 'value' as const,
    vision: { kind: 'vit' as const, imageSize: 32, patchSize: 8, width: 64, layers: 2, heads: 2, mlpWidth: 128 },
  }
  const shards = [1, 2].map((shard) => goldenFile(`huggingface/model-0000${shard}-of-00002.safetensors`))
  const clip = await binding().Clip.load(config, shards, { device: 'cpu', dtype: 'float32' }, {})
  const [images, tokens] = await Promise.all(['images', 'tokens'].map((key) => goldenTensor('huggingface', key)))
  const answers = {
    image: await clip.encodePixels(images!, { normalize: false }, {}),
    text: await clip.encodeText(Int32Array.from(tokens!.data), tokens!.shape[0]!, { normalize: false, batchSize: 8 }, {}),
  }
  for (const [key, { data }] of Object.entries(answers)) {
    const error = relativeError(data, (await goldenTensor('huggingface', `exact.${key}`)).data)
    expect(error, key).toBeLessThanOrEqual(Math.max(2 * reference.float32[key]!, 1e-5))
  }
  clip.dispose()
})
