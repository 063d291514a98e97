import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DenseScores } from '../../binding'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { expectSameLabels } from '../helpers/labels'
import { resize } from '../helpers/native'
import { type SegmentOptions, type SegmentResult, segment } from '../helpers/segment'
import { randomTensor, testing } from '../helpers/testing'
import { maxDifference } from '../helpers/weights'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())
afterEach(() => vi.restoreAllMocks())

/** Makes calls that all wait before the first of them starts. */
async function together<T>(calls: () => T): Promise<Awaited<T>> {
  const letGo = testing().holdLane('cpu')
  let made: T
  try {
    made = calls()
  } finally {
    letGo()
  }
  return await made
}

const rows = (classes: number) => randomTensor([classes, 24], classes)
const options = (changes: Partial<SegmentOptions> = {}): SegmentOptions => ({
  ...resize,
  width: 32,
  height: 32,
  background: { kind: 'none' },
  classes: 3,
  ...changes,
})
const call = (seed: number, changes: Partial<SegmentOptions> = {}, task = {}) =>
  segment(clip.native, noise(40 + seed, 32, seed), rows(changes.classes ?? 3), options(changes), task)
const passes = (results: { together: number }[]) => Math.round(results.reduce((sum, { together }) => sum + 1 / together, 0))
const seeds = (n: number) => Array.from({ length: n }, (_, i) => i)

function expectSame(answer: SegmentResult, alone: SegmentResult) {
  expectSameLabels(answer.labels, alone.labels)
  expect(answer.counts).toEqual(alone.counts.map((_, label) => answer.labels.filter((own) => own === label).length))
  expect([answer.width, answer.height, answer.grid.shape]).toEqual([alone.width, alone.height, alone.grid.shape])
  expect(maxDifference(answer.grid.data, alone.grid.data)).toBeLessThan(1e-6)
}

describe('native calls that wait together', () => {
  test('share tower passes of at most 8 and answer as they do alone, each with its own image and names', async () => {
    const changes = seeds(11).map((i) => ({ classes: 2 + (i % 4) }))
    const answers = await together(() => Promise.all(changes.map((change, i) => call(i, change))))
    expect(answers.map((answer) => answer.together)).toEqual([...Array(8).fill(8), 3, 3, 3])
    expect(passes(answers)).toBe(2)
    for (const [i, change] of changes.entries()) {
      const alone = await call(i, change)
      expect(alone.together).toBe(1)
      expectSame(answers[i]!, alone)
    }
  })

  test('only those of one tower size do; a sliding window goes alone', async () => {
    const wide = { width: 48 }
    const slide = { width: 64, slide: { crop: 32, stride: 16 } }
    const changes = [{}, wide, slide, {}, wide, slide, { interpolation: 'bilinear' } as const]
    const answers = await together(() => Promise.all(changes.map((change, i) => call(i, change))))
    expect(answers.map((answer) => answer.together)).toEqual([3, 2, 1, 3, 2, 1, 3])
    for (const [i, change] of changes.entries()) expectSame(answers[i]!, await call(i, change))
  })

  test('large images share a pass as far as 8 x 512 x 512 pixels go', async () => {
    const large = { width: 1024, height: 768 }
    const answers = await together(() => Promise.all(seeds(3).map((i) => call(i, large))))
    expect(answers.map((answer) => answer.together)).toEqual([2, 2, 1])
  })

  test('one aborted in the middle rejects alone and is not computed', async () => {
    const token = new (binding().CancelToken)()
    const settled = await together(() => {
      const calls = seeds(5).map((i) => call(i, {}, i === 2 ? { cancel: token } : {}))
      token.cancel()
      return Promise.allSettled(calls)
    })
    for (const [i, outcome] of settled.entries()) {
      if (i === 2) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_WORDMASK_ABORTED' } })
      else {
        if (outcome.status === 'rejected') throw outcome.reason
        expect(outcome.value.together).toBe(4)
        expectSame(outcome.value, await call(i))
      }
    }
  })

  test.each([
    ['names that do not fit', { classes: 2 }, 'ERR_WORDMASK_INVALID_ARGUMENT'],
    ['pixels that make the tower answer NaN', { std: [1e-45, 1, 1] as [number, number, number] }, 'ERR_WORDMASK_INTERNAL'],
  ])('one with %s rejects alone, first, in the middle or last', async (_, changes, code) => {
    for (const bad of [0, 2, 4]) {
      const settled = await together(() =>
        Promise.allSettled(seeds(5).map((i) => segment(clip.native, noise(40 + i, 32, i), rows(3), options(i === bad ? changes : {})))),
      )
      for (const [i, outcome] of settled.entries()) {
        if (i === bad) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } })
        else if (outcome.status === 'rejected') throw outcome.reason
        else expectSame(outcome.value, await call(i))
      }
    }
  })
})

describe('Segmenter', () => {
  const names = ['fox', 'tall grass', 'night sky']
  const images = seeds(12).map((i) => noise(40, 32 + i, i))

  test('12 calls in flight take fewer tower passes than 12, and each gets the answer of its own image', async () => {
    const segmenter = await Segmenter.create({ clip, classes: names, size: { width: 32, height: 32 } })
    const alone = []
    for (const image of images) alone.push(await segmenter.segment(image))
    const native = vi.spyOn(binding(), 'denseScores')
    const letGo = testing().holdLane('cpu')
    const calls = images.map((image) => segmenter.segment(image))
    await vi.waitFor(() => expect(native).toHaveBeenCalledTimes(8), { timeout: 20_000 }).finally(letGo)
    const answers = await Promise.all(calls)
    const results = await Promise.all(native.mock.results.map(({ value }) => value as Promise<DenseScores>))
    expect(results).toHaveLength(12)
    expect(passes(results)).toBeLessThan(7)
    expect(results.slice(0, 8).map((result) => result.together)).toEqual(Array(8).fill(8))
    for (const [i, answer] of answers.entries()) {
      expect([answer.width, answer.height]).toEqual([40, 32 + i])
      expectSameLabels(answer.labels, alone[i]!.labels)
    }
  })

  test('a bad file, an abort and names of its own among them touch no other call; more than maxPending are refused', async () => {
    const segmenter = await Segmenter.create({ clip, classes: names, size: { width: 32, height: 32 }, maxPending: 5 })
    const alone = await segmenter.segment(images[0]!)
    const controller = new AbortController()
    const given: Parameters<Segmenter['segment']>[] = seeds(8).map(() => [images[0]!])
    given[1] = [Buffer.from('no image')]
    given[3] = [images[0]!, { signal: controller.signal }]
    given[5] = [images[0]!, { classes: ['dog', 'cat'] }]
    const native = vi.spyOn(binding(), 'denseScores')
    const letGo = testing().holdLane('cpu')
    const calls = Promise.allSettled(given.map((parameters) => segmenter.segment(...parameters)))
    await vi
      .waitFor(() => expect(native.mock.calls.length).toBeGreaterThanOrEqual(5), { timeout: 20_000 })
      .finally(() => {
        controller.abort()
        letGo()
      })
    const settled = await calls
    const codes = settled.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'))
    const busy = 'ERR_WORDMASK_BUSY'
    expect(codes).toEqual(['ok', 'ERR_WORDMASK_IMAGE', 'ok', 'ERR_WORDMASK_ABORTED', 'ok', 'ok', 'ok', busy])
    for (const i of [0, 2, 4, 6]) {
      const outcome = settled[i]!
      if (outcome.status === 'rejected') throw outcome.reason
      expectSameLabels(outcome.value.labels, alone.labels)
    }
    expect(settled[5]).toMatchObject({ value: { classes: [{ name: 'dog' }, { name: 'cat' }] } })
  })
})
