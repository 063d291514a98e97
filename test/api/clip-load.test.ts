import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip'
import { loadTinyClip, saveTinyClip, temporaryFolder, tinyConfig } from './tiny-clip'

const golden = new URL('../fixtures/golden/', import.meta.url).pathname
const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

describe('Clip.load', () => {
  test('a file written by save() loads with its own architecture and says what it is', async () => {
    const { info } = clip
    expect(info).toMatchObject({
      name: 'tiny',
      family: 'CLIP',
      imageSize: 32,
      patchSize: 8,
      embedDim: 24,
      contextLength: 20,
      device: 'cpu',
      dtype: 'float32',
      licence: 'none',
    })
    expect(info.parameters).toBeGreaterThan(49_408 * 32)
    expect(info.logitScale).toBeGreaterThan(1)
    const copy = join(folder, 'again.safetensors')
    await clip.save(copy)
    await using second = await Clip.load(copy, { device: 'cpu' })
    expect(second.source.config).toEqual(clip.source.config)
    expect([...(await second.encodeText('a fox')).data]).toEqual([...(await clip.encodeText('a fox')).data])
  })

  test('a Hugging Face folder with two shards', async () => {
    await using found = await Clip.load(join(golden, 'huggingface'), { device: 'cpu' })
    expect(found.info).toMatchObject({ imageSize: 32, patchSize: 8, embedDim: 40, contextLength: 16 })
    expect(found.source.config.keys).toBe('huggingface')
  })

  test('an open_clip folder: config, preprocessing and licence are read beside the weights', async () => {
    const at = join(folder, 'open_clip')
    await mkdir(at)
    await copyFile(await saveTinyClip(folder), join(at, 'open_clip_model.safetensors'))
    const { vision, text } = tinyConfig
    const model_cfg = {
      embed_dim: 24,
      quick_gelu: true,
      vision_cfg: { image_size: 32, layers: 2, width: 32, head_width: 16, patch_size: 8, mlp_ratio: 2 },
      text_cfg: { context_length: 20, vocab_size: text.vocabSize, width: 32, heads: 2, layers: 2, mlp_ratio: 2 },
    }
    await writeFile(
      join(at, 'open_clip_config.json'),
      JSON.stringify({ model_cfg, preprocess_cfg: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } }),
    )
    await writeFile(join(at, 'README.md'), '---\nlicense: apache-2.0\n---\n')
    await using found = await Clip.load(at, { device: 'cpu' })
    expect(found.source.config).toEqual({ ...tinyConfig, vision, dense: 'residual' })
    expect(found.source.preprocess.mean).toEqual([0.5, 0.5, 0.5])
    expect(found.info.licence).toBe('apache-2.0')
  })

  test('a missing model is an error whose message is the line to type', async () => {
    const code = 'ERR_WORDMASK_MODEL_NOT_FOUND'
    await expect(Clip.load('ViT-B/16')).rejects.toHaveCode(code, /wordmask model pull ViT-B\/16/)
    await expect(Clip.load('hf-hub:org/name')).rejects.toHaveCode(code, /wordmask model pull hf-hub:org\/name/)
    await expect(Clip.load('no-such-model')).rejects.toHaveCode(code, /no built-in name, no file and no folder/)
    await mkdir(join(folder, 'empty'))
    await expect(Clip.load(join(folder, 'empty'))).rejects.toHaveCode(code, /open_clip_config\.json/)
    await expect(Clip.load('')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /source/)
  })

  test('weights that are no CLIP, are truncated, or were saved by a newer version are told apart', async () => {
    await expect(Clip.load(join(golden, 'vit-gelu.io.safetensors'))).rejects.toHaveCode(
      'ERR_WORDMASK_CHECKPOINT',
      /is not a CLIP: expected visual\.proj.*model info/,
    )
    const whole = await readFile(await saveTinyClip(folder))
    const cut = join(folder, 'cut.safetensors')
    await writeFile(cut, whole.subarray(0, whole.length - 100))
    await expect(Clip.load(cut)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT')
    const newer = join(folder, 'newer.safetensors')
    await clip.native.save(newer, 'float32', { 'wordmask.clip': JSON.stringify({ version: 2 }) }, {})
    await expect(Clip.load(newer)).rejects.toHaveCode('ERR_WORDMASK_VERSION', /format 2/)
  })

  test('options: the near miss is named, values are checked', async () => {
    await expect(Clip.load('scenes', { devise: 'cpu' } as never)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /Did you mean "device"/)
    await expect(Clip.load('scenes', { dtype: 'int8' } as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /dtype/)
  })
})
