import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clip } from '../../lib/clip/clip'
import { decodeImage } from '../../lib/image/decode'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const images = new URL('../fixtures/images/', import.meta.url).pathname
const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

const row = (data: Float32Array, i: number, d = 24) => [...data.subarray(i * d, (i + 1) * d)]
const norm = (v: number[]) => Math.hypot(...v)
const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

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
