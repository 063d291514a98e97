import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { testing } from '../helpers/testing'
import { noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const image = noise(40, 32)
const many = Array.from({ length: 30 }, (_, i) => noise(40, 32, i))
const names = ['fox', 'dog']
const reason = new Error('enough')
const aborted = { code: 'ERR_WORDMASK_ABORTED', cause: reason }
let file: string
let clip: Clip
let segmenter: Segmenter
beforeAll(async () => {
  // One thread: these tests are about order and arguments, and must not depend on how busy the cores are.
  binding().setThreads(1)
  file = await saveTinyClip(folder)
  clip = await Clip.load(file, { device: 'cpu' })
  segmenter = await Segmenter.create({ clip, classes: names, size: 32 })
  await segmenter.save(join(folder, 'saved'))
})
afterAll(() => clip.dispose())
afterEach(() => vi.restoreAllMocks())

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** Every call that takes a signal. */
const calls: [string, (signal: AbortSignal) => Promise<unknown>][] = [
  ['Clip.load', (signal) => Clip.load(file, { signal }).then((loaded) => loaded.dispose())],
  ['encodeImage', (signal) => clip.encodeImage(many, { signal, batchSize: 4 })],
  ['encodeText', (signal) => clip.encodeText(['a', 'b'], { signal })],
  ['encodeText with templates', (signal) => clip.encodeText(names, { signal, templates: 'imagenet' })],
  ['preprocess', (signal) => clip.preprocess(image, { signal })],
  ['denseFeatures', (signal) => clip.denseFeatures(image, { signal })],
  ['classify', (signal) => clip.classify(image, names, { signal })],
  ['classVectors', (signal) => clip.classVectors(segmenter.classes!, 'vild', { signal })],
  ['save', (signal) => clip.save(join(folder, 'aborted.safetensors'), { signal })],
  ['Segmenter.create', (signal) => Segmenter.create({ clip, classes: ['a', 'b', 'c'], signal })],
  ['Segmenter.load', (signal) => Segmenter.load(join(folder, 'saved'), { signal }).then((loaded) => loaded.dispose())],
  ['segment', (signal) => segmenter.segment(image, { signal, classes: ['new', 'names'] })],
  ['segmentAll', (signal) => drain(segmenter.segmentAll(many, { signal }))],
  ['Segmenter.save', (signal) => segmenter.save(join(folder, 'aborted'), { copyWeights: true, signal })],
]

const usable = async () => expect((await segmenter.segment(image)).labels.length).toBe(1280)

describe.each(calls)('abort: %s', (_, call) => {
  test('before it rejects at once with the reason, in the queue and while it runs too, and the model stays usable', async () => {
    await expect(call(AbortSignal.abort(reason))).rejects.toMatchObject(aborted)

    const queued = new AbortController()
    const letGo = testing().holdLane('cpu')
    const waiting = expect(call(queued.signal)).rejects.toMatchObject(aborted)
    await new Promise((resolve) => setTimeout(resolve, 30))
    queued.abort(reason)
    await waiting.finally(letGo)

    // At moments that fall anywhere in the call: it is aborted in time, or it was done.
    for (const after of [0, 1, 2, 4, 8]) {
      const controller = new AbortController()
      const running = call(controller.signal).then(
        () => undefined,
        (error) => error,
      )
      for (let turn = 0; turn < after; turn++) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      const error = await running
      if (error !== undefined) expect(error).toMatchObject(aborted)
    }
    await usable()
  })

  test('after it changes nothing', async () => {
    const controller = new AbortController()
    await call(controller.signal)
    controller.abort(reason)
    await usable()
  })
})

test('what was aborted before it began wrote nothing, and rejects with nothing to do as well', async () => {
  await expect(clip.encodeText([], { signal: AbortSignal.abort(reason) })).rejects.toMatchObject(aborted)
  await expect(clip.encodeImage([], { signal: AbortSignal.abort(reason) })).rejects.toMatchObject(aborted)
  const at = join(folder, 'never.safetensors')
  await expect(clip.save(at, { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  expect(existsSync(at)).toBe(false)
})

test('a signal that times out is a reason like any other', async () => {
  const letGo = testing().holdLane('cpu')
  const call = clip.encodeImage(image, { signal: AbortSignal.timeout(20) })
  await expect(call.finally(letGo)).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: { name: 'TimeoutError' } })
})

test('one signal for 200 calls in flight: no warning of a leak, no listener left, one abort for all', async () => {
  const warn = vi.spyOn(process, 'emitWarning')
  const controller = new AbortController()
  const off = vi.spyOn(controller.signal, 'removeEventListener')
  const on = vi.spyOn(controller.signal, 'addEventListener')
  await Promise.all(Array.from({ length: 200 }, () => clip.encodeText('fox', { signal: controller.signal })))
  expect(on.mock.calls.length).toBeLessThanOrEqual(off.mock.calls.length)
  const letGo = testing().holdLane('cpu')
  const calls = Array.from({ length: 200 }, () => clip.encodeText('fox', { signal: controller.signal }).catch((error) => error.code))
  controller.abort()
  letGo()
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['ERR_WORDMASK_ABORTED']))
  expect(warn).not.toHaveBeenCalled()
})

describe('what onProgress throws ends the call and comes back as it is; the model stays usable', () => {
  const problem = new Error('the screen is full')
  const onProgress = () => {
    throw problem
  }
  test.each<[string, () => Promise<unknown>]>([
    ['Clip.load', () => Clip.load(file, { onProgress })],
    ['encodeImage', () => clip.encodeImage(many, { batchSize: 2, onProgress })],
    ['encodeText', () => clip.encodeText(Array(50).fill('a fox'), { batchSize: 1, onProgress })],
    ['encodeText with templates', () => clip.encodeText(names, { templates: 'vild', onProgress })],
    ['classVectors', () => clip.classVectors(segmenter.classes!, 'vild', { onProgress })],
    ['segment', () => segmenter.segment(image, { onProgress })],
    ['segmentAll', () => drain(segmenter.segmentAll(many, { concurrency: 8, onProgress }))],
    ['Segmenter.create', () => Segmenter.create({ clip: file, classes: names, onProgress })],
  ])('%s', async (_, call) => {
    expect(await call().catch((error) => error)).toBe(problem)
    await usable()
  })

  test('encodeImage reads no further and closes its source', async () => {
    let read = 0
    let closed = false
    function* source() {
      try {
        for (; ; read++) yield image
      } finally {
        closed = true
      }
    }
    await expect(clip.encodeImage(source(), { batchSize: 1, onProgress })).rejects.toBe(problem)
    expect(closed).toBe(true)
    expect(read).toBeLessThan(20)
  })
})
