import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EncodeResult } from '../../binding'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import { encode } from '../helpers/native'
import { testing } from '../helpers/testing'
import { maxDifference } from '../helpers/weights'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

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

const image = (i: number) => noise(33 + i, 40, i + 1)
const seeds = (n: number) => Array.from({ length: n }, (_, i) => i)
const call = (images: number[], changes: Partial<typeof encode> = {}, task = {}): Promise<EncodeResult> =>
  clip.native.encodeImage(images.map(image), { ...encode, batchSize: 16, ...changes }, task)
const passes = (results: EncodeResult[], rows = 1) => Math.round(results.reduce((sum, { together }) => sum + rows / together, 0))

function expectSame(answer: EncodeResult, alone: EncodeResult) {
  expect(answer.shape).toEqual(alone.shape)
  expect(maxDifference(answer.data, alone.data)).toBeLessThan(1e-5)
}

describe('encodeImage calls that wait together', () => {
  test('32 of one image each take 2 passes, and each is answered as alone', async () => {
    const answers = await together(() => Promise.all(seeds(32).map((i) => call([i]))))
    expect(answers.map((answer) => answer.together)).toEqual(Array(32).fill(16))
    expect(passes(answers)).toBe(2)
    for (const i of seeds(32)) {
      const alone = await call([i])
      expect(alone.together).toBe(1)
      expectSame(answers[i]!, alone)
    }
    expect(maxDifference(answers[0]!.data, answers[1]!.data)).toBeGreaterThan(1e-3)
  })

  test('calls of several images join as far as they fit; batchSize of the first is the limit; none at all is fine', async () => {
    const lists = [[0, 1, 2], [3, 4], [], seeds(12), [5], seeds(20), [6, 7]]
    const answers = await together(() => Promise.all(lists.map((list) => call(list))))
    // 3 + 2 + 1 + 2 leave no room for 12; the 12 find nobody left who fits; 20 are more than a pass.
    expect(answers.map((answer) => answer.together)).toEqual([8, 8, 0, 12, 8, 20, 8])
    for (const [i, list] of lists.entries()) expectSame(answers[i]!, await call(list))
    const small = await together(() => Promise.all([call([0], { batchSize: 2 }), call([1]), call([2]), call([3])]))
    expect(small.map((answer) => answer.together)).toEqual([2, 2, 2, 2])
  })

  test('rows of unit length and raw ones do not mix; pictures of any size and resize do', async () => {
    const changes = [{}, { normalize: false }, { interpolation: 'bilinear' as const }, { normalize: false }]
    const answers = await together(() => Promise.all(changes.map((change, i) => call([i], change))))
    expect(answers.map((answer) => answer.together)).toEqual([2, 2, 2, 2])
    for (const [i, change] of changes.entries()) expectSame(answers[i]!, await call([i], change))
  })

  test('those aborted reject alone and are not computed', async () => {
    const tokens = seeds(8).map(() => new (binding().CancelToken)())
    const settled = await together(() => {
      const calls = tokens.map((cancel, i) => call([i], {}, { cancel }))
      for (const i of [0, 3, 7]) tokens[i]!.cancel()
      return Promise.allSettled(calls)
    })
    for (const [i, outcome] of settled.entries()) {
      if ([0, 3, 7].includes(i)) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_WORDMASK_ABORTED' } })
      else {
        if (outcome.status === 'rejected') throw outcome.reason
        expect(outcome.value.together).toBe(5)
        expectSame(outcome.value, await call([i]))
      }
    }
  })

  test.each([
    ['that cannot be resized', { data: new Uint8Array(100_000 * 3), width: 100_000, height: 1 }, {}, 'ERR_WORDMASK_INVALID_ARGUMENT'],
    ['that make the tower answer NaN', image(0), { std: [1e-45, 1, 1] as [number, number, number] }, 'ERR_WORDMASK_INTERNAL'],
  ])('pixels %s reject alone, first, in the middle or last', async (_, pixels, changes, code) => {
    for (const bad of [0, 2, 4]) {
      const settled = await together(() =>
        Promise.allSettled(
          seeds(5).map((i) => (i === bad ? clip.native.encodeImage([pixels], { ...encode, batchSize: 16, ...changes }, {}) : call([i]))),
        ),
      )
      for (const [i, outcome] of settled.entries()) {
        if (i === bad) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } })
        else if (outcome.status === 'rejected') throw outcome.reason
        else expectSame(outcome.value, await call([i]))
      }
    }
  })

  test('progress says the end in company, too', async () => {
    const seen: number[][] = []
    await together(() => Promise.all(seeds(4).map((i) => call([i, i], {}, { onProgress: (...at: number[]) => seen.push(at) }))))
    expect(seen).toEqual(Array(4).fill([2, 2]))
  })
})

describe('encodeText calls that wait together', () => {
  test('share passes and answer as alone', async () => {
    const texts = seeds(20).map((i) => `thing number ${i}`)
    const ask = (text: string) => clip.native.encodeText(clip.tokenize(text).data, 1, { normalize: true, batchSize: 256 }, {})
    const answers = await together(() => Promise.all(texts.map(ask)))
    expect(answers.map((answer) => answer.together)).toEqual([...Array(16).fill(16), 4, 4, 4, 4])
    for (const [i, text] of texts.entries()) expectSame(answers[i]!, await ask(text))
  })

  test('images and texts do not mix', async () => {
    const tokens = clip.tokenize('fox').data
    const [picture, text] = await together(() =>
      Promise.all([call([0]), clip.native.encodeText(tokens, 1, { normalize: true, batchSize: 16 }, {})]),
    )
    expect([picture!.together, text!.together]).toEqual([1, 1])
  })
})

test('Clip: 32 concurrent calls of one image each, some aborted, answer as calls alone', async () => {
  const images = seeds(32).map(image)
  const alone = []
  for (const one of images) alone.push(await clip.encodeImage(one))
  const controller = new AbortController()
  const calls = images.map((one, i) => clip.encodeImage(one, i % 8 === 3 ? { signal: controller.signal } : {}))
  controller.abort()
  const settled = await Promise.allSettled(calls)
  for (const [i, outcome] of settled.entries()) {
    if (i % 8 === 3) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_WORDMASK_ABORTED' } })
    else if (outcome.status === 'rejected') throw outcome.reason
    else expect(maxDifference(outcome.value.data, alone[i]!.data)).toBeLessThan(1e-5)
  }
})
