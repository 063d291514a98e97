import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Segmenter } from '../../lib/index.js'
import * as layouts from '../weights/layouts.js'
import { type Layout, prefixed, writeSparse } from '../weights/layouts.js'
import { events, root, wordmask } from './cli.js'
import { tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-model-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const fixture = (name: string) => join(root, 'test', 'fixtures', 'checkpoints', name)
const weights = (name: string, layout: Layout) => writeSparse(join(folder, `${name}.safetensors`), layout)
const info = (model: string, ...more: string[]) => wordmask(['model', 'info', model, ...more])

describe('model info', () => {
  const ovSeg = (): Layout => ({
    ...layouts.zegFormerHead(),
    ...prefixed('clip_adapter.clip_model.', { ...layouts.clipVit(16), 'visual.mask_embedding': [3, 196, 768] }),
  })
  test.each<[string, () => Layout, RegExp[]]>([
    [
      'clip',
      () => layouts.clipVit(16),
      [/^family +CLIP \(OpenAI and open_clip keys\) \(clip\)$/m, /"patchSize":16/, /149\.6 M in 302 tensors/],
    ],
    ['wrapped', () => prefixed('module.', layouts.clipVit(32)), [/\(clip\)$/m, /"patchSize":32/]],
    ['ovseg', ovSeg, [/^family +OVSeg \(ovseg\)$/m, /promptDepth 3/, /not yet runnable/]],
    ['zegformer', layouts.zegFormerHead, [/\(zegformer\)$/m, /queries 100/, /not yet runnable/]],
    ['ovsegmentor', layouts.ovSegmentorEncoder, [/\(ovsegmentor\)$/m, /groups \[64,8\]/, /not yet runnable/]],
    ['deit', layouts.deit, [/\(deit\)$/m, /classes 1000/]],
    ['dino', () => layouts.timmVit(768, 16, 197), [/\(dino\)$/m, /width 768/]],
    ['moco', layouts.mocoResNet, [/^family +MoCo ResNet \(resnet\)$/m, /blocks \[3,4,6,3\]/]],
    ['deeplab', layouts.deepLab, [/\(deeplabv3plus\)$/m, /blocks \[3,4,23,3\]/, /train segmenter/]],
  ])('%s: family, architecture, parameters, licence, files', async (name, layout, expected) => {
    const { code, stdout, stderr } = await info(weights(name, layout()))
    expect(stderr).toBe('')
    for (const pattern of [...expected, /^licence +not recorded: find out/m, /^format +safetensors$/m]) expect(stdout).toMatch(pattern)
    expect(stdout).toContain(`${name}.safetensors`)
    expect(stdout.match(/^note /gm)?.length ?? 0).toBe(/clip|wrapped|deit|dino|moco/.test(name) ? 0 : 1)
    expect(code).toBe(0)
  })

  test('keys that nobody knows are shown, and are no error', async () => {
    const { code, stdout } = await info(weights('strange', { 'encoder.weight': [2, 2] }))
    expect(stdout).toMatch(/^family +not recognised \(unknown\)$/m)
    expect(stdout).toMatch(/the first are encoder\.weight/)
    expect(code).toBe(0)
  })

  test('a saved segmenter is told with its names and models, not by the weights of its texts', async () => {
    const segmenter = join(folder, 'fox and grass')
    mkdirSync(segmenter)
    const model = await tinyModel(join(folder, 'tiny'))
    await using made = await Segmenter.create({ clip: model, classes: ['fox', 'grass'] })
    await made.save(segmenter)
    const { code, stdout, stderr } = await info(segmenter)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^family +saved segmenter \(maskclip\)$/m)
    expect(stdout).toMatch(/^note .*wordmask segment --model '.*fox and grass' IMAGES$/m)
    expect(stdout).toMatch(/^classes +fox, grass$/m)
    expect(stdout).toContain(model)
  })

  test('a sharded folder lists its shards in order and the licence beside them', async () => {
    const sharded = join(folder, 'sharded')
    mkdirSync(sharded)
    const entries = Object.entries(layouts.clipHuggingFace())
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    const map: Record<string, string> = {}
    names.forEach((name, i) => {
      const part = entries.slice(i * 100, i === 0 ? 100 : undefined)
      writeSparse(join(sharded, name), Object.fromEntries(part))
      for (const [key] of part) map[key] = name
    })
    writeFileSync(join(sharded, 'config.json'), '{"model_type":"clip"}')
    writeFileSync(join(sharded, 'README.md'), '---\nlicense: mit\n---\n')
    writeFileSync(join(sharded, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
    const [told] = events((await info(sharded, '--json')).stdout)
    expect(told).toMatchObject({ event: 'model', family: 'clip', runnable: true, tensors: entries.length, licence: { text: 'mit' } })
    expect(told?.files).toEqual(names.map((name) => join(sharded, name)))

    rmSync(join(sharded, names[1]!))
    const { code, stderr } = await info(sharded)
    expect(stderr).toMatch(/model-00002-of-00002\.safetensors[^]*ERR_WORDMASK_FILE_NOT_FOUND/)
    expect(code).toBe(1)
  })

  test('the folder of a trained segmenter is what is in it, also beside its last weights and its checkpoint', async () => {
    const trained = join(folder, 'trained')
    cpSync(join(root, 'models', 'samples', 'specialist'), trained, { recursive: true })
    cpSync(join(trained, 'model.safetensors'), join(trained, 'last.safetensors'))
    const { code, stdout } = await info(trained)
    expect(stdout).toMatch(/^family +DeepLabv3\+ \(deeplabv3plus\)$/m)
    expect(stdout).toMatch(/^architecture +backbone mobilenet_v2, width 80, separable yes, classes 2$/m)
    expect(stdout).toMatch(/^files .*trained\/model\.safetensors$/m)
    expect(code).toBe(0)
  })

  test("torchvision's MobileNetV2 is a start for a backbone", async () => {
    const keys = { 'features.0.0.weight': [32, 3, 3, 3], 'features.17.conv.3.weight': [320], 'features.18.0.weight': [1280, 320, 1, 1] }
    const { stdout } = await info(weights('mobilenet', { ...keys, 'classifier.1.weight': [1000, 1280] }))
    expect(stdout).toMatch(/\(mobilenet_v2\)$/m)
    expect(stdout).toMatch(/--backbone-weights/)
  })

  test('a built-in model lists the words it knows', async () => {
    const { stdout } = await info('scenes')
    expect(stdout).toMatch(/^words +\d+ words and endings of words; it reads no others:\n +2 3 .*airplane/m)
    expect(stdout).toMatch(/^licence +MIT \(card scenes\)$/m)
    expect(
      Math.max(
        ...stdout
          .split('\n')
          .filter((line) => !/^(arch|files)/.test(line))
          .map((line) => line.length),
      ),
    ).toBeLessThan(120)
  })

  test.each<[string, () => string, RegExp]>([
    ['a missing file', () => join(folder, 'none.pth'), /No file .*none\.pth[^]*ERR_WORDMASK_FILE_NOT_FOUND/],
    ['a folder without a model', () => folder, /holds no model[^]*ERR_WORDMASK_MODEL_NOT_FOUND/],
    ['an ID that was not pulled', () => 'hf-hub:org/none', /model pull hf-hub:org\/none/],
    ['text', () => fixture('../../README.md'), /is no checkpoint[^]*ERR_WORDMASK_CHECKPOINT/],
    ['a pickle that would run code', () => fixture('forbidden.pth'), /posix\.system[^]*ERR_WORDMASK_CHECKPOINT_FORBIDDEN/],
    ['half a safetensors file', () => cut(weights('cut', layouts.deit()), 5000), /cut\.safetensors[^]*ERR_WORDMASK_CHECKPOINT/],
    ['half a zip', () => cut(copy('plain.pth'), 2000), /truncated or damaged[^]*ERR_WORDMASK_CHECKPOINT/],
    ['a Git LFS pointer', () => text('lfs.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n'), /git lfs pull/],
    ['nothing', () => text('empty.bin', ''), /empty[^]*ERR_WORDMASK_CHECKPOINT/],
  ])('%s: exit 1, the file and a code, no stack', async (_, file, expected) => {
    const { code, stdout, stderr } = await info(file())
    expect(stderr).toMatch(expected)
    expect(stderr).toMatch(/^ {2}next: (?!wordmask model info FILE)/m)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})

function copy(name: string): string {
  return text(name, readFileSync(fixture(name)))
}
function text(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
function cut(file: string, length: number): string {
  truncateSync(file, length)
  return file
}

describe('model list', () => {
  test('built-in models first, then pulled ones with their place, then the line to pull the rest', async () => {
    const env = { HF_HUB_CACHE: join(folder, 'hub'), HOME: folder }
    const { code, stdout } = await wordmask(['model', 'list'], { env })
    const lines = stdout.trim().split('\n')
    expect(lines[1]).toMatch(/^scenes +built in/)
    expect(stdout).toMatch(/^ViT-B\/16 +wordmask model pull ViT-B\/16$/m)
    expect(stdout).toMatch(
      /^dinov2-vit-s-14 +encoder +DINOv2 ViT-S\/14: dinov2_vits14_pretrain\.pth, or wordmask model pull hf-hub:timm\//m,
    )
    expect(code).toBe(0)
    const snapshot = join(folder, 'hub/models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K/snapshots', 'a'.repeat(40))
    await tinyModel(snapshot)
    mkdirSync(join(snapshot, '../../refs'))
    writeFileSync(join(snapshot, '../../refs/main'), 'a'.repeat(40))
    const told = events((await wordmask(['model', 'list', '--json'], { env })).stdout)
    expect(told.find(({ id }) => id === 'scenes')).toMatchObject({ builtIn: true, licence: 'MIT' })
    expect(told.find(({ id }) => id === 'ViT-B-32/laion2b_s34b_b79k')?.path).toBe(snapshot)
    expect(told.find(({ id }) => id === 'ViT-B/16')?.path).toBeUndefined()
  })
})
