import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Clip } from '../../lib/clip/clip'
import { decodeImage } from '../../lib/image/decode'
import { loadTinyClip, noise, saveTinyClip, temporaryFolder, tinyConfig } from './tiny-clip'

const images = new URL('../fixtures/images/', import.meta.url).pathname
const golden = new URL('../fixtures/golden/', import.meta.url).pathname
const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

const row = (data: Float32Array, i: number, d = 24) => [...data.subarray(i * d, (i + 1) * d)]
const norm = (v: number[]) => Math.hypot(...v)
const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

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

describe('encodeImage', () => {
  test('one row an image, unit length, the same in any batch and from any form of input', async () => {
    const files = ['rgb.jpg', 'grey.png', 'wide.jpg'].map((name) => join(images, name))
    const { data, shape } = await clip.encodeImage(files)
    expect(shape).toEqual([3, 24])
    for (let i = 0; i < 3; i++) expect(norm(row(data, i))).toBeCloseTo(1, 5)
    async function* stream() {
      yield await readFile(files[0]!)
      yield { ...(await decodeImage(files[1]!)), channels: 3 as const }
      yield files[2]!
    }
    const streamed = await clip.encodeImage(stream(), { batchSize: 2 })
    for (let i = 0; i < data.length; i++) expect(streamed.data[i]).toBeCloseTo(data[i]!, 5)
    expect((await clip.encodeImage(files[0]!)).shape).toEqual([1, 24])
    expect((await clip.encodeImage([])).shape).toEqual([0, 24])
  })

  test('normalize: false keeps the length; preprocess gives the pixels it looks at', async () => {
    const long = row((await clip.encodeImage(noise(40, 50), { normalize: false })).data, 0)
    const unit = row((await clip.encodeImage(noise(40, 50))).data, 0)
    for (let i = 0; i < 24; i++) expect(long[i]! / norm(long)).toBeCloseTo(unit[i]!, 5)
    const { data, shape } = await clip.preprocess(noise(40, 50))
    expect(shape).toEqual([3, 32, 32])
    const direct = await clip.native.encodePixels({ data, shape: [1, 3, 32, 32] }, { normalize: true }, {})
    for (let i = 0; i < 24; i++) expect(direct.data[i]).toBeCloseTo(unit[i]!, 5)
  })

  test('progress counts images; a bad image rejects the call and is named', async () => {
    const progress: unknown[] = []
    await clip.encodeImage([noise(32, 32), noise(40, 32), noise(32, 40)], { batchSize: 2, onProgress: (...at) => progress.push(at) })
    expect(progress).toEqual([
      [2, 3],
      [3, 3],
    ])
    await expect(clip.encodeImage([noise(32, 32), join(folder, 'none.jpg')])).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /none\.jpg/)
  })

  test('abort before and during: the reason is the cause, and the model stays usable', async () => {
    const reason = new Error('enough')
    await expect(clip.encodeImage(noise(32, 32), { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'ERR_WORDMASK_ABORTED',
      cause: reason,
    })
    const controller = new AbortController()
    let seen = 0
    function* endless() {
      for (; ; seen++) yield noise(32, 32)
    }
    const running = clip.encodeImage(endless(), { batchSize: 4, signal: controller.signal, onProgress: () => controller.abort(reason) })
    await expect(running).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: reason })
    expect(seen).toBeLessThan(200)
    expect((await clip.encodeImage(noise(32, 32))).shape).toEqual([1, 24])
  })
})

describe('encodeText', () => {
  test('templates: the normalised mean of the normalised prompts', async () => {
    const prompts = await clip.encodeText(['a fox', 'the fox'])
    const mean = row(prompts.data, 0).map((x, i) => x + row(prompts.data, 1)[i]!)
    const named = row((await clip.encodeText('fox', { templates: ['a {}', 'the {}'] })).data, 0)
    for (let i = 0; i < 24; i++) expect(named[i]).toBeCloseTo(mean[i]! / norm(mean), 5)
    expect((await clip.encodeText(['fox', 'dog'], { templates: 'vild' })).shape).toEqual([2, 24])
    await expect(clip.encodeText('fox', { templates: ['fox'] })).rejects.toHaveCode('ERR_WORDMASK_TEMPLATE')
    await expect(clip.encodeText('fox', { templates: 'vild', normalize: false })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /normalize/,
    )
  })

  test('no texts, one text, long texts', async () => {
    expect((await clip.encodeText([])).shape).toEqual([0, 24])
    expect((await clip.encodeText('')).shape).toEqual([1, 24])
    const long = 'fox '.repeat(500)
    expect([...(await clip.encodeText(long)).data]).toEqual([...(await clip.encodeText('fox '.repeat(18))).data])
    await expect(clip.encodeText(long, { truncate: false })).rejects.toHaveCode('ERR_WORDMASK_TEXT_TOO_LONG', /502 tokens; tiny reads 20/)
    await expect(clip.encodeText([3 as never])).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /texts\[0\]/)
  })

  test('tokenize: [n, contextLength]', () => {
    const { data, shape } = clip.tokenize(['a cat', 'fox '.repeat(50)])
    expect(shape).toEqual([2, 20])
    expect([...data.subarray(0, 5)]).toEqual([49_406, 320, 2368, 49_407, 0])
    expect(data[39]).toBe(49_407)
  })
})

describe('a text tower with a small vocabulary', () => {
  test('unknown words are left out and told about once; a name without a known word is an error', async () => {
    const words = clip.tokenize(['a red fox on grass']).data
    const vocabulary = [...new Set(words)].sort((a, b) => a - b)
    const small = await loadTinyClip(folder, { text: { ...tinyConfig.text, vocabulary } }, 3)
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      const known = await small.encodeText('a red fox')
      expect(warn).not.toHaveBeenCalled()
      const partly = await small.encodeText('a red quokka fox!')
      expect([...partly.data]).toEqual([...known.data])
      await small.encodeText('a quokka on grass')
      expect(warn).toHaveBeenCalledTimes(1)
      expect(warn.mock.calls[0]![0]).toMatch(/quokka/)
      expect(warn.mock.calls[0]![1]).toMatchObject({ code: 'WORDMASK_VOCABULARY' })
      await expect(small.encodeText(['fox', 'quokka', 'tapir bush'])).rejects.toHaveCode(
        'ERR_WORDMASK_VOCABULARY',
        /"quokka", "tapir bush".*model pull/,
      )
      const templated = await small.classVectors(
        [{ name: 'fox', synonyms: [], prompts: undefined, negatives: [], id: 1, color: [0, 0, 0] }],
        ['a photograph of a red {}'],
        {},
      )
      const plain = row((await small.encodeText('a a red fox')).data, 0)
      for (let i = 0; i < 24; i++) expect(templated.data[i]).toBeCloseTo(plain[i]!, 5)
      expect(warn).toHaveBeenCalledTimes(2)
      expect(warn.mock.calls[1]![0]).toMatch(/of the templates.*: photograph, of/)
    } finally {
      warn.mockRestore()
      small.dispose()
    }
  })
})

describe('denseFeatures', () => {
  test('one unit vector a patch, at any size and aspect', async () => {
    for (const [width, height, size, grid] of [
      [96, 64, undefined, [6, 9]],
      [96, 64, 32, [4, 6]],
      [200, 8, 16, [2, 50]],
      [8, 200, { width: 40, height: 24 }, [3, 5]],
    ] as const) {
      const { data, shape } = await clip.denseFeatures(noise(width, height), { size })
      expect(shape).toEqual([...grid, 24])
      expect(norm(row(data, grid[0] * grid[1] - 1))).toBeCloseTo(1, 5)
    }
  })

  test('windows that cover everything once are the image in pieces; a window larger than the image is the image', async () => {
    const image = noise(64, 32)
    const whole = await clip.denseFeatures(image, { size: 32 })
    const large = await clip.denseFeatures(image, { size: 32, slide: { crop: 128, stride: 64 } })
    for (let i = 0; i < whole.data.length; i++) expect(large.data[i]).toBeCloseTo(whole.data[i]!, 5)
    const halves = await clip.denseFeatures(image, { size: 32, slide: { crop: 32, stride: 32 } })
    const left = {
      ...noise(64, 32),
      width: 32,
      data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => image.data[Math.floor(i / 96) * 192 + (i % 96)]!),
    }
    const part = await clip.denseFeatures(left, { size: 32 })
    for (let y = 0; y < 4; y++)
      for (let j = 0; j < 4 * 24; j++) expect(halves.data[y * 8 * 24 + j]).toBeCloseTo(part.data[y * 4 * 24 + j]!, 4)
  })

  test('sizes that cannot be meant are refused', async () => {
    await expect(clip.denseFeatures(noise(64, 32), { size: 100_000 })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /at most 16384 patches/,
    )
    await expect(clip.denseFeatures(noise(64, 32), { size: { width: 8 * 20_000, height: 8 } })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /at most 16384 patches of 8 x 8 pixels \(a smaller size, or slide: \{ crop, stride \}\).*received "160000 x 8 pixels \(20000 patches\)"/,
    )
    await expect(clip.denseFeatures(noise(64, 32), { size: -1 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /size/)
    await expect(clip.denseFeatures(noise(64, 32), { slide: { crop: 20, stride: 8 } })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /multiples of 8/,
    )
    await expect(clip.denseFeatures(noise(64, 32), { slide: { crop: 32, strid: 8 } } as never)).rejects.toHaveCode(
      'ERR_WORDMASK_UNKNOWN_OPTION',
      /"stride"/,
    )
  })
})

describe('classify', () => {
  test('softmax of the scaled cosines over all names, best first', async () => {
    const names = ['fox', 'dog', 'tall grass']
    const image = row((await clip.encodeImage(noise(50, 40))).data, 0)
    const text = (await clip.encodeText(names, { templates: ['a {}'] })).data
    const weights = names.map((_, i) => Math.exp(clip.info.logitScale * dot(image, row(text, i))))
    const total = weights.reduce((a, b) => a + b)
    const answer = await clip.classify(noise(50, 40), names, { templates: ['a {}'] })
    expect(answer.map(({ score }) => score)).toEqual([...answer].map(({ score }) => score).sort((a, b) => b - a))
    for (const { name, score } of answer) expect(score).toBeCloseTo(weights[names.indexOf(name)]! / total, 4)
    expect(answer.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6)
  })

  test('empty lists and duplicates are refused', async () => {
    await expect(clip.classify(noise(32, 32), [])).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /empty/)
    await expect(clip.classify(noise(32, 32), ['a', 'A'])).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /repeats/)
  })
})
