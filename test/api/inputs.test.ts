import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { decodeImage } from '../../lib/image/decode'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { parseClasses } from '../../lib/text/classes'
import { Tokenizer } from '../../lib/text/tokenizer'
import { noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const images = new URL('../fixtures/images/', import.meta.url)
const folder = await temporaryFolder()
let clip: Clip
let jpeg: Buffer
beforeAll(async () => {
  // One thread: these tests are about order and arguments, and must not depend on how busy the cores are.
  binding().setThreads(1)
  clip = await Clip.load(await saveTinyClip(folder), { device: 'cpu', maxPending: 1000 })
  jpeg = await readFile(new URL('rgb.jpg', images))
})
afterAll(() => clip.dispose())

/** The same bytes in memory of every kind. */
function forms(bytes: Uint8Array): Record<string, Uint8Array> {
  const large = Buffer.alloc(bytes.length + 100, 0xaa)
  large.set(bytes, 37)
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 8), 5, bytes.length)
  shared.set(bytes)
  const growable = new Uint8Array(new (ArrayBuffer as any)(bytes.length, { maxByteLength: bytes.length * 2 }))
  growable.set(bytes)
  return {
    'a Uint8Array': Uint8Array.from(bytes),
    'a part of a Buffer': large.subarray(37, 37 + bytes.length),
    'a Buffer of the pool': Buffer.from(bytes.subarray(0, bytes.length)),
    'shared memory': shared,
    'a Buffer over shared memory': Buffer.from(shared.buffer, 5, bytes.length),
    'memory that can grow': growable,
  }
}

describe('memory of every kind', () => {
  test('encoded images', async () => {
    const expected = await decodeImage(jpeg)
    for (const [name, bytes] of Object.entries(forms(jpeg))) {
      expect(Buffer.compare((await decodeImage(bytes)).data, expected.data), name).toBe(0)
    }
  })

  test('decoded images, through every call that takes them', async () => {
    const raw = noise(40, 32)
    const segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32 })
    const expected = [await clip.encodeImage(raw), await clip.preprocess(raw), await clip.denseFeatures(raw, { size: 32 })]
    const { labels } = await segmenter.segment(raw)
    for (const [name, data] of Object.entries(forms(raw.data))) {
      const image = Object.freeze({ ...raw, data })
      const got = [await clip.encodeImage(image), await clip.preprocess(image), await clip.denseFeatures(image, { size: 32 })]
      for (const [i, tensor] of got.entries()) expect([...tensor.data], name).toEqual([...expected[i]!.data])
      expect([...(await segmenter.segment(image)).labels], name).toEqual([...labels])
    }
    const clamped = { ...raw, data: new Uint8ClampedArray(new SharedArrayBuffer(raw.data.length)) }
    clamped.data.set(raw.data)
    expect([...(await clip.encodeImage(clamped)).data]).toEqual([...expected[0]!.data])
  })

  test('labels over shared memory make the same masks', async () => {
    const s = await (await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32 })).segment(noise(40, 32))
    const masks = await s.masks()
    const shared = new Uint8Array(new SharedArrayBuffer(s.labels.length))
    shared.set(s.labels)
    Object.assign(s, { labels: shared })
    expect(await s.masks()).toEqual(masks)
  })
})

test('frozen options, lists, classes and images are only read', async () => {
  const freeze = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) for (const part of Object.values(value)) freeze(part)
    return ArrayBuffer.isView(value) ? value : Object.freeze(value)
  }
  const options = freeze({
    clip: 'unused',
    classes: ['fox', { name: 'grass', synonyms: ['lawn'], negatives: ['moss'] }],
    templates: ['a {}', 'the {}'],
    background: { names: ['sky'] },
    size: { width: 32, height: 32 },
    slide: { crop: 16, stride: 8 },
  })
  const segmenter = await Segmenter.create({ ...options, clip })
  const image = freeze(noise(40, 32))
  expect((await segmenter.segment(image, freeze({ classes: ['a', 'b'] }))).labels.length).toBe(1280)
  expect((await clip.encodeImage(freeze([image, image]), freeze({ batchSize: 1 }))).shape).toEqual([2, 24])
  expect((await clip.encodeText(freeze(['a', 'b']), freeze({ templates: options.templates }))).shape).toEqual([2, 24])
  expect(await clip.classify(image, freeze(['a', 'b']), freeze({ templates: 'none' as const }))).toHaveLength(2)
})

test('the same image object many times, in one list and in many calls at once', async () => {
  const raw = noise(40, 32)
  const one = await clip.encodeImage(raw)
  const list = await clip.encodeImage(Array(50).fill(raw))
  for (let i = 0; i < 50; i++) for (let j = 0; j < 24; j++) expect(list.data[i * 24 + j]).toBeCloseTo(one.data[j]!, 5)
  const bytes = await Promise.all(Array.from({ length: 20 }, () => clip.encodeImage(jpeg)))
  for (const { data } of bytes) for (let j = 0; j < 24; j++) expect(data[j]).toBeCloseTo(bytes[0]!.data[j]!, 5)
})

test('1,000 calls in flight at once are all answered', async () => {
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32, maxPending: 1000 })
  const calls = Array.from({ length: 1000 }, (_, i) =>
    i % 3 === 0 ? clip.encodeText('fox') : i % 3 === 1 ? clip.encodeImage(noise(33, 32)) : segmenter.segment(noise(33, 32)),
  )
  const answers = await Promise.all(calls)
  const texts = answers.filter((_, i) => i % 3 === 0) as { data: Float32Array }[]
  for (const { data } of texts) expect(Math.abs(data[0]! - texts[0]!.data[0]!)).toBeLessThan(1e-5)
})

describe('what a caller changes while a call is under way', () => {
  test('lists of texts, names and templates, and options, are taken as they were', async () => {
    const texts = ['a fox', 'a dog']
    const names = ['fox', 'dog']
    const templates = ['a {}']
    const expected = [await clip.encodeText(['a fox', 'a dog']), await clip.encodeText(names, { templates: ['a {}'] })]
    const calls = [clip.encodeText(texts), clip.encodeText(names, { templates })]
    texts[0] = 'changed'
    names.length = 0
    templates[0] = 'no {} at all'
    for (const [i, call] of calls.entries()) expect([...(await call).data]).toEqual([...expected[i]!.data])
  })
})

describe('arrays with holes', () => {
  test('are as wrong as the undefined they hold', async () => {
    // biome-ignore lint/suspicious/noSparseArray: that is the attack
    const holes = [, 'fox'] as string[]
    expect(() => parseClasses(holes)).toThrow(expect.toHaveCode('ERR_WORDMASK_CLASSES', /classes\[0\]/))
    await expect(clip.encodeText(holes)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /texts\[0\]/)
    await expect(clip.encodeImage(holes)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /image/)
    // biome-ignore lint/suspicious/noSparseArray: that is the attack
    await expect(clip.encodeText('fox', { templates: [, 'a {}'] as string[] })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /templates\[0\]/,
    )
    const tokenizer = await Tokenizer.load()
    expect(() => tokenizer.tokenize(holes)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /texts\[0\]/))
  })
})
