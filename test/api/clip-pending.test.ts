import { afterAll, beforeAll, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip'
import type { ImageInput } from '../../lib/image/input'
import { Limiter } from '../../lib/limiter'
import { testing } from '../helpers/testing'
import { noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await Clip.load(await saveTinyClip(folder), { device: 'cpu', maxPending: 3 })
})
afterAll(() => clip.dispose())

const busy = 'ERR_WORDMASK_BUSY'
const image = noise(40, 32)
const calls: [string, (signal?: AbortSignal) => Promise<unknown>][] = [
  ['encodeImage', (signal) => clip.encodeImage(image, { signal })],
  ['encodeText', (signal) => clip.encodeText('fox', { signal })],
  ['classify', (signal) => clip.classify(image, ['fox', 'dog'], { signal })],
  ['denseFeatures', (signal) => clip.denseFeatures(image, { signal })],
  ['preprocess', (signal) => clip.preprocess(image, { signal })],
]
const codes = (settled: PromiseSettledResult<unknown>[]) =>
  settled.map((call) => (call.status === 'rejected' ? (call.reason.code ?? call.reason) : 'ok'))

test.each(calls)('%s: more than maxPending beside the two in work reject at once, and the others are answered', async (_, call) => {
  const settled = await Promise.allSettled(Array.from({ length: 8 }, () => call()))
  expect(codes(settled)).toEqual([...Array(5).fill('ok'), busy, busy, busy])
  await expect(call()).resolves.toBeDefined()
})

test('the calls of a Clip are counted together, whatever they ask for', async () => {
  const settled = await Promise.allSettled([...calls, ...calls].map(([, call]) => call()))
  expect(codes(settled)).toEqual([...Array(5).fill('ok'), ...Array(5).fill(busy)])
})

test('aborting some, waiting or running, leaves the answers of the others as they would be alone, and frees their places', async () => {
  const images = Array.from({ length: 5 }, (_, i) => noise(40, 32, i + 1))
  const alone: Float32Array[] = []
  for (const one of images) alone.push((await clip.encodeImage(one)).data)
  const controller = new AbortController()
  const letGo = testing().holdLane('cpu')
  const running = images.map((one, i) => clip.encodeImage(one, i === 0 || i === 3 ? { signal: controller.signal } : {}))
  const all = Promise.allSettled(running)
  await expect(clip.encodeImage(image)).rejects.toHaveCode(busy, /5 calls are in work or waiting.*maxPending/)
  controller.abort()
  letGo()
  const settled = await all
  expect(codes(settled)).toEqual(['ERR_WORDMASK_ABORTED', 'ok', 'ok', 'ERR_WORDMASK_ABORTED', 'ok'])
  for (const i of [1, 2, 4]) {
    const answer = (settled[i] as PromiseFulfilledResult<{ data: Float32Array }>).value.data
    for (let j = 0; j < answer.length; j++) expect(answer[j]).toBeCloseTo(alone[i]![j]!, 5)
  }
  expect(codes(await Promise.allSettled(images.map((one) => clip.encodeImage(one))))).toEqual(Array(5).fill('ok'))
})

test('a stream that hangs counts as a call and holds up nobody; wrongly asked calls do not count', async () => {
  const controller = new AbortController()
  async function* hanging(): AsyncGenerator<ImageInput> {
    yield image
    await new Promise(() => {})
  }
  const stuck = Array.from({ length: 4 }, () => clip.encodeImage(hanging(), { signal: controller.signal }).catch((error) => error.code))
  for (let i = 0; i < 4; i++) await expect(clip.encodeImage(image, { batchSize: 0 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
  expect((await clip.encodeImage(image)).shape).toEqual([1, 24])
  expect(codes(await Promise.allSettled([clip.encodeText('fox'), clip.encodeText('fox')]))).toEqual(['ok', busy])
  controller.abort()
  expect(await Promise.all(stuck)).toEqual(Array(4).fill('ERR_WORDMASK_ABORTED'))
  expect(codes(await Promise.allSettled(calls.map(([, call]) => call())))).toEqual(Array(5).fill('ok'))
})

test('Limiter: what runs beside the line counts, and takes no place in it', async () => {
  const limiter = new Limiter(1, 3)
  const ended: string[] = []
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const first = limiter.run(async () => gate.then(() => ended.push('first')), undefined)
  const second = limiter.run(async () => ended.push('second'), undefined)
  await limiter.beside(async () => ended.push('beside'))
  expect(ended).toEqual(['beside'])
  const third = limiter.beside(() => gate)
  await expect(limiter.beside(async () => {})).rejects.toHaveCode(busy)
  await expect(limiter.run(async () => {}, undefined)).rejects.toHaveCode(busy)
  open()
  await Promise.all([first, second, third])
  expect(ended).toEqual(['beside', 'first', 'second'])
})
