import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { describeCheckpoint } from '../../lib/families'
import * as layouts from './layouts'
import { type Layout, prefixed, writeSparse } from './layouts'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-families-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'case-'))
})
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason) => reason,
  )
const write = (layout: Layout, metadata = {}) =>
  writeSparse(join(folder, 'weights.safetensors'), layout, metadata, (key) =>
    /position_ids$|num_batches_tracked$/.test(key) ? 'I64' : 'F32',
  )

const runs = new Set(['clip', 'deit', 'dino', 'dinov2', 'resnet', 'deeplabv3plus'])

const ovSeg = (): Layout => ({
  ...layouts.zegFormerHead(),
  ...prefixed('clip_adapter.clip_model.', { ...layouts.clipVit(16), 'visual.mask_embedding': [3, 196, 768] }),
  'sem_seg_head.predictor.class_embed.layers.1.weight': [512, 256],
})

describe('a family is told by its keys, its numbers by the shapes, against published counts', () => {
  it.each<[string, () => Layout, string, number, object]>([
    [
      'CLIP ViT-B/32',
      () => layouts.clipVit(32),
      'clip',
      151_277_313,
      { keys: 'openai', embedDim: 512, vision: { kind: 'vit', imageSize: 224, patchSize: 32, width: 768, layers: 12 } },
    ],
    [
      'CLIP ViT-B/16',
      () => layouts.clipVit(16),
      'clip',
      149_620_737,
      { text: { width: 512, layers: 12, vocabSize: 49408, contextLength: 77 } },
    ],
    [
      'CLIP RN50',
      layouts.clipResNet,
      'clip',
      102_007_137,
      { embedDim: 1024, vision: { kind: 'resnet', imageSize: 224, width: 64, blocks: [3, 4, 6, 3] } },
    ],
    [
      'CLIP ViT-B/32 with Hugging Face keys',
      layouts.clipHuggingFace,
      'clip',
      151_277_313,
      { keys: 'huggingface', embedDim: 512, vision: { imageSize: 224, patchSize: 32, layers: 12 } },
    ],
    [
      'DeiT-S/16 distilled',
      layouts.deit,
      'deit',
      22_436_432,
      { width: 384, layers: 12, patchSize: 16, imageSize: 224, classes: 1000, distilled: 'yes' },
    ],
    ['DINO ViT-B/16', () => layouts.timmVit(768, 16, 197), 'dino', 85_798_656, { width: 768, patchSize: 16, imageSize: 224 }],
    ['DINOv2 ViT-S/14', layouts.dinov2, 'dinov2', 22_056_576, { width: 384, patchSize: 14, imageSize: 518, registerTokens: 0 }],
    ['MoCo v2', layouts.mocoResNet, 'resnet', 23_508_032 + 4, { width: 64, blocks: [3, 4, 6, 3] }],
    ['ReCo+ DeepLabv3+', layouts.deepLab, 'deeplabv3plus', 45_608_043, { blocks: [3, 4, 23, 3], separable: 'yes', classes: 27 }],
    ['ZegFormer without its backbone', layouts.zegFormerHead, 'zegformer', 17_893_121, { queries: 100, embedDim: 512 }],
    ['OVSegmentor image encoder', layouts.ovSegmentorEncoder, 'ovsegmentor', 100_053_128, { width: 768, layers: [6, 6], groups: [64, 8] }],
    [
      'OVSeg with its CLIP',
      ovSeg,
      'ovseg',
      17_893_121 + 149_620_737 + 3 * 196 * 768 + 512 * 256,
      { promptDepth: 3, promptTokens: 196, clip: { embedDim: 512, vision: { patchSize: 16 } } },
    ],
  ])('%s', async (_, layout, family, parameters, architecture) => {
    const found = await describeCheckpoint(write(layout()))
    expect(found).toMatchObject({ family, parameters, architecture, tensors: Object.keys(layout()).length, runnable: runs.has(family) })
    if (!runs.has(family)) expect(found.note).toMatch(/not yet runnable/)
  })

  it("ReCo+'s file has the 678 entries that the method's page counts", () => {
    expect(Object.keys(layouts.deepLab())).toHaveLength(678)
  })

  it.each([
    ['module.', () => layouts.clipVit(32), 'clip'],
    ['module.backbone.', () => layouts.timmVit(384, 16, 197), 'dino'],
    ['model.', layouts.zegFormerHead, 'zegformer'],
  ] as const)('under the prefix %s', async (prefix, layout, family) => {
    const found = await describeCheckpoint(write(prefixed(prefix, layout())))
    expect(found.family).toBe(family)
    expect(found.runnable).toBe(runs.has(family))
    if (runs.has(family)) expect(found.note).toBeUndefined()
  })

  it('a prefix that other keys lack is not taken off: the family is told, with what to do', async () => {
    const found = await describeCheckpoint(write({ ...prefixed('module.', layouts.clipVit(32)), queue: [4, 4] }))
    expect(found).toMatchObject({ family: 'clip', note: expect.stringMatching(/under 'module\.'.*before loading/) })
  })

  it('keys of no family are said, and are not runnable', async () => {
    expect(await describeCheckpoint(write({ 'encoder.weight': [2, 2] }))).toMatchObject({
      family: 'unknown',
      runnable: false,
      note: expect.stringContaining('encoder.weight'),
    })
    expect(await describeCheckpoint(write({}))).toMatchObject({ family: 'unknown', tensors: 0, parameters: 0 })
  })

  it('stored types are counted by element, learned numbers apart', async () => {
    const file = writeSparse(join(folder, 'x.safetensors'), { a: [3, 4], 'bn.running_mean': [5], ids: [7], b: [2] }, {}, (key) =>
      key === 'ids' ? 'I64' : key === 'b' ? 'F16' : 'F32',
    )
    expect(await describeCheckpoint(file)).toMatchObject({ dtypes: { float32: 17, int64: 7, float16: 2 }, parameters: 14 })
  })
})

describe('the licence', () => {
  const layout = { a: [1] }

  it.each<[string, Record<string, string>, string, string, RegExp]>([
    [
      'front matter before a licence file',
      { 'README.md': '---\ntags: [x]\nlicense: apache-2.0 # yes\n---\n', LICENSE: 'MIT License\n' },
      '',
      'apache-2.0',
      /README\.md$/,
    ],
    ['a text that is known', { 'LICENSE.md': 'Attribution-NonCommercial 4.0 International\n===' }, '', 'CC-BY-NC-4.0', /LICENSE\.md$/],
    ['a text that is not known gives its first line', { LICENCE: '\n  My own terms\nmore' }, '', 'My own terms', /LICENCE$/],
    ['metadata before the neighbours', { LICENSE: 'MIT License' }, 'cc-by-4.0', 'cc-by-4.0', /^metadata$/],
  ])('%s', async (_, files, recorded, text, source) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const { licence } = await describeCheckpoint(write(layout, recorded ? { license: recorded } : {}))
    expect(licence).toEqual({ text, source: expect.stringMatching(source) })
  })

  it('none is none', async () => {
    writeFileSync(join(folder, 'README.md'), 'license: mit, says the text')
    expect((await describeCheckpoint(write(layout))).licence).toBeUndefined()
  })
})

describe('other things to describe', () => {
  it('a pickle keeps its scalars as metadata, a forbidden one is refused', async () => {
    const fixtures = fileURLToPath(new URL('../fixtures/checkpoints/', import.meta.url))
    expect(await describeCheckpoint(join(fixtures, 'trained.pth'))).toMatchObject({
      format: 'torch-zip',
      metadata: { epoch: '3' },
      dtypes: { float32: 8 },
    })
    expect(await failure(describeCheckpoint(join(fixtures, 'forbidden.pth')))).toHaveCode('ERR_WORDMASK_CHECKPOINT_FORBIDDEN')
  })

  it('a folder of two shards counts both', async () => {
    writeFileSync(join(folder, 'config.json'), '{"model_type":"clip"}')
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: '1.safetensors', b: '2.safetensors' } }))
    writeSparse(join(folder, '1.safetensors'), { a: [3] })
    writeSparse(join(folder, '2.safetensors'), { b: [4] })
    expect(await describeCheckpoint(folder)).toMatchObject({
      tensors: 2,
      parameters: 7,
      files: [join(folder, '1.safetensors'), join(folder, '2.safetensors')],
    })
  })

  it('a built-in name is described by its own weights and licence', async () => {
    const scenes = await describeCheckpoint('scenes')
    expect(scenes).toMatchObject({ family: 'clip', runnable: true, format: 'safetensors' })
    expect(scenes.files[0]).toMatch(/scenes\.safetensors$/)
    expect(scenes.words).toEqual(expect.arrayContaining(['fox', 'grass', 'night', 'zebra']))
    expect(scenes.words).not.toContain('the end')
    expect((await describeCheckpoint(write(layouts.clipVit(32)))).words).toBeUndefined()
    expect(scenes.parameters).toBeGreaterThan(4e6)
  })

  it('a pulled ID is described, one that was not pulled is the line to type', async () => {
    const before = process.env.HF_HUB_CACHE
    process.env.HF_HUB_CACHE = folder
    try {
      const commit = 'c'.repeat(40)
      const snapshot = join(folder, 'models--org--tiny/snapshots', commit)
      mkdirSync(join(folder, 'models--org--tiny/refs'), { recursive: true })
      writeFileSync(join(folder, 'models--org--tiny/refs/main'), commit)
      mkdirSync(snapshot, { recursive: true })
      writeSparse(join(snapshot, 'model.safetensors'), layouts.clipVit(32))
      writeFileSync(join(snapshot, 'config.json'), '{}')
      expect((await describeCheckpoint('hf-hub:org/tiny')).family).toBe('clip')
      expect(await failure(describeCheckpoint('hf-hub:org/none'))).toHaveCode(
        'ERR_WORDMASK_MODEL_NOT_FOUND',
        /npx wordmask model pull hf-hub:org\/none/,
      )
      expect(await failure(describeCheckpoint('no/such/file.pth'))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /no\/such\/file\.pth/)
    } finally {
      if (before === undefined) delete process.env.HF_HUB_CACHE
      else process.env.HF_HUB_CACHE = before
    }
  })
})
