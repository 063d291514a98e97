import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { Encoder } from '../../lib/encoder/encoder'
import { tinyDeit } from '../helpers/encoders'
import { goldenFile, relativeError } from '../helpers/golden'
import { compute } from '../helpers/native'
import { noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const deit = goldenFile('encoders/deit.weights.safetensors')
const image = noise(101, 77)
const cpu = { device: 'cpu' } as const
let encoder: Encoder
beforeAll(async () => {
  binding().setThreads(1)
  encoder = await Encoder.load(deit, cpu)
})
afterAll(() => encoder.dispose())

/** The weights of DeiT's golden file with some changed. */
async function changedWeights(name: string, leave: string[], more: string[]): Promise<string> {
  const { tensors } = await binding().readCheckpoint([deit], {})
  const kept = tensors.filter(({ key }) => !leave.includes(key))
  const read = await Promise.all(kept.map(async ({ key }) => ({ key, ...(await binding().readTensor([deit], key, {})) })))
  const added = more.map((key) => ({ key, data: Float32Array.of(1), shape: [1] }))
  const file = join(folder, `${name}.safetensors`)
  await binding().writeSafetensors(
    file,
    [...read, ...added].map((tensor) => ({ ...tensor, dtype: 'float32' as const })),
    {},
    {},
  )
  return file
}

describe('what a file is', () => {
  test.each([
    ['deit', { family: 'DeiT', cell: 8, channels: 64 }],
    ['dino', { family: 'DINO', cell: 8, channels: 64 }],
    ['dinov2', { family: 'DINOv2', cell: 8, channels: 64 }],
    ['dinov2-registers', { family: 'DINOv2', cell: 8, channels: 64 }],
    ['resnet', { family: 'ResNet', title: 'MoCo ResNet', cell: 32, channels: 256 }],
  ])('%s is told by its keys', async (name, expected) => {
    await using found = await Encoder.load(goldenFile(`encoders/${name}.weights.safetensors`), cpu)
    expect(found.info).toMatchObject({ ...expected, size: 320, read: undefined, device: 'cpu', dtype: 'float32', licence: 'not recorded' })
    expect(Object.isFrozen(found.info)).toBe(true)
  })

  test("a CLIP's image tower: dense features as Clip's but not normalised, or its cells before the projection", async () => {
    const file = await saveTinyClip(folder)
    await using clip = await Clip.load(file, cpu)
    await using dense = await Encoder.load(file, cpu)
    await using cells = await Encoder.load(file, { ...cpu, read: 'cells' })
    expect([dense.info.read, dense.info.channels, cells.info.read, cells.info.channels]).toEqual(['value', 24, 'cells', 32])
    const [unit, raw, before] = [
      await clip.denseFeatures(image, { size: 64 }),
      await dense.features(image, { size: 64 }),
      await cells.features(image, { size: 64 }),
    ]
    expect([raw.shape, before.shape]).toEqual([unit.shape, [8, unit.shape[1], 32]])
    for (let cell = 0; cell < unit.data.length; cell += 24) {
      const row = raw.data.subarray(cell, cell + 24)
      const norm = Math.hypot(...row)
      expect(
        relativeError(
          row.map((x) => x / norm),
          unit.data.subarray(cell, cell + 24),
        ),
      ).toBeLessThan(1e-5)
      expect(Math.abs(norm - 1)).toBeGreaterThan(1e-3)
    }
  })

  test("a CLIP's ViT read at a layer below its last; with `read` alone at its last", async () => {
    const file = await saveTinyClip(folder)
    const load = (options: object) => Encoder.load(file, { ...cpu, ...options })
    await using first = await load({ read: 'cells', layer: 1 })
    await using second = await load({ read: 'cells', layer: 2 })
    await using last = await load({ read: 'cells' })
    await using form = await load({ layer: 1 })
    expect([first, second, last, form].map(({ info }) => [info.read, info.layer, info.channels])).toEqual([
      ['cells', 1, 32],
      ['cells', undefined, 32],
      ['cells', undefined, 32],
      ['value', 1, 24],
    ])
    expect(first.info.parameters).toBeLessThan(last.info.parameters)
    const [a, b, c] = await Promise.all([first, second, last].map(async (one) => (await one!.features(image, { size: 64 })).data))
    expect(b).toEqual(c)
    expect(relativeError(a!, c!)).toBeGreaterThan(1e-2)
  })

  test('the built-in one', async () => {
    await using scenes = await Encoder.load()
    expect(scenes.info).toMatchObject({ name: 'scenes', family: 'CLIP', licence: 'MIT', cell: 8 })
    const { shape, extent, width, height } = await scenes.features(image, { size: 48 })
    expect(shape).toEqual([6, 8, scenes.info.channels])
    expect([extent, { width, height }]).toEqual([
      { width: 64, height: 48 },
      { width: 64, height: 48 },
    ])
  })
})

describe('grids', () => {
  test("ReCo's sizes: 224 -> 14x14, 320 -> 20x20, 375x1242 -> 23x77; pixels that fill no cell change nothing", async () => {
    const native = await binding().Encoder.random(tinyDeit, 1, compute, {})
    const look = (height: number, width: number, fill: number) => {
      const data = new Float32Array(3 * height * width).map((_, i) => {
        const [y, x] = [Math.floor(i / width) % height, i % width]
        return y < 368 && x < 1232 ? Math.sin(x / 9 + y / 7) : fill
      })
      return native.featuresOfPixels({ data, shape: [1, 3, height, width] }, {})
    }
    expect((await look(224, 224, 0)).shape).toEqual([1, 14, 14, 64])
    expect((await look(320, 320, 0)).shape).toEqual([1, 20, 20, 64])
    const street = await look(375, 1242, 0)
    expect(street.shape).toEqual([1, 23, 77, 64])
    expect((await look(375, 1242, 5)).data).toEqual(street.data)
    await expect(look(15, 300, 0)).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /at least 16x16 pixels, one patch, but received 300x15/,
    )
    native.dispose()
  })

  test('a size of both sides is taken as it is, and the extent says what the grid covers', async () => {
    const { shape, extent, width, height } = await encoder.features(image, { size: { width: 101, height: 77 } })
    expect([shape, extent, width, height]).toEqual([[9, 12, 64], { width: 96, height: 72 }, 101, 77])
    await using dino = await Encoder.load(goldenFile('encoders/dino.weights.safetensors'), cpu)
    const padded = await dino.features(image, { size: { width: 101, height: 77 } })
    expect([padded.shape, padded.extent]).toEqual([[10, 13, 64], { width: 104, height: 80 }])
  })

  test('a size of the shorter side is rounded to whole cells', async () => {
    const { shape, extent, width, height } = await encoder.features(image, { size: 50 })
    expect([shape, extent, width, height]).toEqual([[6, 8, 64], { width: 64, height: 48 }, 64, 48])
  })

  test('too small, too large, too long', async () => {
    await expect(encoder.features(image, { size: { width: 300, height: 5 } })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /one patch/,
    )
    await expect(encoder.features(image, { size: 8 * 129 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /at most 16384 patches/)
    await expect(encoder.features(noise(2000, 2), { size: 64 })).rejects.toHaveCode('ERR_WORDMASK_IMAGE_TOO_LARGE')
  })
})

describe('what cannot be loaded', () => {
  test('missing and unexpected keys are listed; heads may be there', async () => {
    const file = await changedWeights('changed', ['blocks.0.norm1.weight', 'norm.bias'], ['surprise'])
    await expect(Encoder.load(file, cpu)).rejects.toHaveCode(
      'ERR_WORDMASK_CHECKPOINT_KEYS',
      /Missing 2: blocks\.0\.norm1\.weight, norm\.bias|Missing 2: norm\.bias, blocks/,
    )
    await expect(Encoder.load(file, cpu)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS', /unexpected 1: surprise/)
    const headless = await changedWeights('headless', ['head.weight', 'head.bias', 'head_dist.weight', 'head_dist.bias'], [])
    // Without its head a DeiT reads as a DINO, except for its second token.
    await using found = await Encoder.load(headless, cpu)
    expect(found.info.family).toBe('DeiT')
  })

  test('another family, and keys of none', async () => {
    const strange = join(folder, 'strange.safetensors')
    await binding().writeSafetensors(strange, [{ key: 'a.weight', data: new Float32Array(2), shape: [2], dtype: 'float32' }], {}, {})
    await expect(Encoder.load(strange)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /no dense encoder.*keys of no family.*a\.weight/)
  })

  test('an architecture by its name says where its weights are; what is no name at all, too', async () => {
    await expect(Encoder.load('dino-vit-s-16')).rejects.toHaveCode(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      /DINO ViT-S\/16.*dino_deitsmall16_pretrain\.pth.*model pull hf-hub:timm/,
    )
    await expect(Encoder.load('scene')).rejects.toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /Did you mean 'scenes'/)
  })

  test('bad options', async () => {
    await expect(Encoder.load(deit, { ...cpu, read: 'cells' })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /only a CLIP/)
    await expect(Encoder.load(deit, { ...cpu, layer: 1 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /no layer.*only a CLIP/)
    const clip = await saveTinyClip(folder)
    await expect(Encoder.load(clip, { ...cpu, layer: 3 })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /from 1 to 2, the layers of tiny, for layer but received 3/,
    )
    for (const layer of [0, 1.5])
      await expect(Encoder.load(clip, { ...cpu, layer })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /layer/)
    const vision = { kind: 'resnet' as const, imageSize: 32, layers: [1, 1, 1, 1], width: 8, heads: 4 }
    const resnet = await saveTinyClip(folder, { vision, embedDim: 32 }, 1, 'resnet')
    await expect(Encoder.load(resnet, { ...cpu, layer: 1 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /no layer.*ResNet/)
    await expect(Encoder.load(deit, { devcie: 'cpu' } as never)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /"device"/)
    await expect(Encoder.load('')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    await expect(encoder.features(image, { size: -3 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /size/)
    await expect(encoder.features('nothing.png')).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    expect(() => new (Encoder as unknown as { new (): Encoder })()).toThrow(
      expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /Encoder\.load/),
    )
  })
})

describe('the life of an encoder', () => {
  test('an abort rejects and leaves it usable; dispose refuses later calls and lets those under way end', async () => {
    const own = await Encoder.load(deit, cpu)
    await expect(own.features(image, { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    const under = own.features(image, { size: 64 })
    own.dispose()
    own.dispose()
    expect((await under).shape).toEqual([8, 10, 64])
    await expect(own.features(image)).rejects.toHaveCode('ERR_WORDMASK_DISPOSED', /This Encoder was disposed of/)
    await expect(Encoder.load(deit, { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    await own[Symbol.asyncDispose]()
  })

  test('calls beyond maxPending are refused at once, the others answered', async () => {
    await using own = await Encoder.load(deit, { ...cpu, maxPending: 1 })
    const calls = await Promise.allSettled(Array.from({ length: 5 }, () => own.features(image, { size: 64 })))
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    for (const call of calls) if (call.status === 'rejected') expect(call.reason).toHaveCode('ERR_WORDMASK_BUSY')
  })

  test('the event loop turns while the tower works', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 2)
    await Promise.all(Array.from({ length: 4 }, () => encoder.features(image, { size: 320 })))
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
  })
})
