import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import type { ImageInput } from '../../lib/image/input'
import { mapOrdered } from '../../lib/image/stream'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const image = noise(40, 32)
const problem = new Error('the disk is gone')
const aborted = { code: 'ERR_WORDMASK_ABORTED' }
let clip: Clip
let segmenter: Segmenter
beforeAll(async () => {
  // One thread: these tests are about order and arguments, and must not depend on how busy the cores are.
  binding().setThreads(1)
  clip = await loadTinyClip(folder)
  segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32 })
})
afterAll(() => clip.dispose())

async function drain(stream: AsyncIterable<unknown>): Promise<number> {
  let n = 0
  for await (const _ of stream) n++
  return n
}

/** The two calls that read streams. */
const readers: [string, (images: AsyncIterable<ImageInput> | Iterable<ImageInput>, signal?: AbortSignal) => Promise<unknown>][] = [
  ['encodeImage', (images, signal) => clip.encodeImage(images, { batchSize: 2, signal })],
  ['segmentAll', (images, signal) => drain(segmenter.segmentAll(images, { concurrency: 3, signal }))],
]

describe.each(readers)('%s', (_, read) => {
  test('what the source throws ends the call and comes back as it is, at once or later, from next() or from making the iterator', async () => {
    async function* late() {
      yield image
      yield image
      throw problem
    }
    function* now(first = true): Generator<ImageInput> {
      if (first) throw problem
      yield image
    }
    const broken = {
      [Symbol.asyncIterator]() {
        throw problem
      },
    }
    for (const source of [late(), now(), broken as never]) await expect(read(source)).rejects.toBe(problem)
    const end = vi.fn()
    const rejecting = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(problem), return: end }) }
    await expect(read(rejecting as never)).rejects.toBe(problem)
    // A source that has failed is not asked to end, as in for await.
    expect(end).not.toHaveBeenCalled()
  })

  test('an abort does not wait for a source that hangs, nor for one whose end hangs', async () => {
    async function* hangs() {
      yield image
      await new Promise(() => {})
    }
    const stuck = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: image }), return: () => new Promise(() => {}) }) }
    for (const source of [hangs(), stuck as never]) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 50)
      await expect(read(source, controller.signal)).rejects.toMatchObject(aborted)
    }
    expect((await clip.encodeImage(image)).shape).toEqual([1, 24])
  })

  test('what is no iterator is refused', async () => {
    for (const source of [{ [Symbol.asyncIterator]: () => ({}) }, { [Symbol.iterator]: () => undefined }, { [Symbol.iterator]: 3 }])
      await expect(read(source as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /images/)
  })

  test('BAD CALL - a stream of bytes, whose pieces are no images: refused at once, with what to give instead', async () => {
    const file = new URL('../fixtures/images/rgb.jpg', import.meta.url)
    const opened = createReadStream(file)
    const body = new Response(await readFile(file)).body
    for (const source of [opened, body, new PassThrough()])
      await expect(read(source as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /stream of bytes.*path.*Buffer/)
    opened.destroy()
    expect(body!.locked).toBe(false)
  })

  test('a Node stream of objects, a web stream, a Set, a Map of values and an empty stream are sources', async () => {
    const bytes = await readFile(new URL('../fixtures/images/rgb.jpg', import.meta.url))
    const web = new ReadableStream<Buffer>({
      start(control) {
        control.enqueue(bytes)
        control.close()
      },
    })
    for (const source of [web, Readable.from([bytes, bytes]), new Set([bytes]), new Map([[1, bytes]]).values(), [], new Set<ImageInput>()])
      await read(source)
  })
})

describe('leaving segmentAll early', () => {
  test('closes the source and stops what was begun ahead', async () => {
    let read = 0
    let closed = false
    async function* source() {
      try {
        for (; ; read++) yield noise(40, 32, read)
      } finally {
        closed = true
      }
    }
    for await (const answer of segmenter.segmentAll(source(), { concurrency: 16 })) {
      expect(answer.error).toBeUndefined()
      break
    }
    expect(closed).toBe(true)
    const then = read
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(read).toBe(then)
    expect(read).toBeLessThanOrEqual(17)
    const loop = segmenter.segmentAll([image, image], { concurrency: 1 })
    await loop.next()
    await loop.return(undefined)
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('the work that was begun sees its signal fire, and only then', async () => {
    const signals: AbortSignal[] = []
    const work = async (i: number, _: number, signal: AbortSignal) => {
      signals.push(signal)
      return i
    }
    const numbers = [1, 2, 3]
    for await (const _ of mapOrdered(numbers, work, { concurrency: 2 }));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
    for await (const _ of mapOrdered(numbers, work, { concurrency: 2 })) break
    expect(signals.at(-1)!.aborted).toBe(true)
  })

  test('an error thrown in the loop body closes the source and is not changed', async () => {
    let closed = false
    function* source() {
      try {
        while (true) yield image
      } finally {
        closed = true
      }
    }
    const loop = async () => {
      for await (const _ of segmenter.segmentAll(source())) throw problem
    }
    await expect(loop()).rejects.toBe(problem)
    expect(closed).toBe(true)
  })

  test('next() called many times at once gives the answers in order', async () => {
    const images = Array.from({ length: 6 }, (_, i) => noise(32 + i, 32))
    const loop = segmenter.segmentAll(images, { concurrency: 2 })
    const answers = await Promise.all(images.map(() => loop.next()))
    expect(answers.map(({ value }) => (value && !value.error ? value.width : 0))).toEqual([32, 33, 34, 35, 36, 37])
    expect((await loop.next()).done).toBe(true)
  })
})
