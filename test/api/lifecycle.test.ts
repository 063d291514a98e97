import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clip } from '../../binding'
import { binding } from '../../lib/binding'
import { WordmaskError } from '../../lib/errors'
import { expectClose } from '../helpers/close'
import { compute, encode, middling, picture, resize, tiny } from '../helpers/native'

const image = picture(96, 96)
const many = (n: number) => Array.from({ length: n }, () => image)
const rejected = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: Error) => error,
  )

// One thread: these tests are about order, and must not depend on how busy the machine's cores are.
beforeAll(() => binding().setThreads(1))
let clip: Clip
beforeEach(async () => {
  clip = await binding().Clip.random(tiny, 1, compute, {})
})
afterEach(() => clip.dispose())

/** Holds the tensor thread for some tenths of a second; resolves once it does. */
async function occupy(): Promise<{ done: Promise<unknown>; running: () => boolean }> {
  let ended = false
  let started = () => {}
  const begun = new Promise<void>((resolve) => {
    started = resolve
  })
  const slow = await binding().Clip.random(middling, 1, compute, {})
  const done = slow.encodeImage(many(30), { ...encode, batchSize: 1 }, { onProgress: () => started() }).then(() => {
    ended = true
    slow.dispose()
  })
  await begun
  return { done, running: () => !ended }
}

describe('dispose', () => {
  test('later calls reject with ERR_WORDMASK_DISPOSED, info() throws it, dispose() again does nothing', async () => {
    clip.dispose()
    clip.dispose()
    const calls = [
      clip.preprocess(image, resize, {}),
      clip.encodeImage([image], encode, {}),
      clip.encodePixels({ data: new Float32Array(3 * 32 * 32), shape: [1, 3, 32, 32] }, { normalize: true }, {}),
      clip.encodeText(new Int32Array(16), 1, { normalize: true, batchSize: 1 }, {}),
      clip.encodeClasses(new Int32Array(16), [1], { batchSize: 1 }, {}),
      clip.denseFeatures(image, { ...resize, width: 32, height: 32 }, {}),
      clip.densePixels({ data: new Float32Array(3 * 32 * 32), shape: [3, 32, 32] }, {}),
      clip.save('never-written.safetensors', 'float32', {}, {}),
    ]
    for (const call of calls) expect(await rejected(call)).toHaveCode('ERR_WORDMASK_DISPOSED')
    expect(() => clip.info()).toThrow(/disposed/)
  })

  test('a call that runs or waits ends on the weights it began with', async () => {
    const expected = await clip.encodeImage([image], encode, {})
    const busy = await occupy()
    const waiting = clip.encodeImage([image], encode, {})
    clip.dispose()
    expect((await waiting).data).toEqual(expected.data)
    await busy.done
  })
})

describe('abort', () => {
  test('before the call: rejects at once, nothing runs', async () => {
    const cancel = new (binding().CancelToken)()
    cancel.cancel()
    let progress = 0
    const error = await rejected(clip.encodeImage(many(8), encode, { cancel, onProgress: () => progress++ }))
    expect(error).toHaveCode('ERR_WORDMASK_ABORTED')
    expect(progress).toBe(0)
  })

  test('while it runs: rejects before the work is done, and the object stays usable', async () => {
    const slow = await binding().Clip.random(middling, 1, compute, {})
    const cancel = new (binding().CancelToken)()
    let last = 0
    const call = slow.encodeImage(
      many(400),
      { ...encode, batchSize: 2 },
      {
        cancel,
        onProgress: (done) => {
          last = done
          cancel.cancel()
        },
      },
    )
    expect(await rejected(call)).toHaveCode('ERR_WORDMASK_ABORTED')
    expect(last).toBeGreaterThan(0)
    expect(last).toBeLessThan(400)
    expect((await slow.encodeImage([image], encode, {})).shape).toEqual([1, 32])
    slow.dispose()
  })

  test('while it waits: rejects at once, without waiting for the queue, and leaves its neighbours alone', async () => {
    const busy = await occupy()
    const cancel = new (binding().CancelToken)()
    const order: string[] = []
    const first = clip.encodeImage([image], encode, {}).then(() => order.push('first'))
    const aborted = rejected(clip.encodeImage([image], encode, { cancel }))
    const last = clip.encodeImage([image], encode, {}).then(() => order.push('last'))
    cancel.cancel()
    expect(await aborted).toHaveCode('ERR_WORDMASK_ABORTED')
    expect(busy.running()).toBe(true)
    await Promise.all([busy.done, first, last])
    expect(order).toEqual(['first', 'last'])
  })

  test('after it: changes nothing', async () => {
    const cancel = new (binding().CancelToken)()
    const result = await clip.encodeImage([image], encode, { cancel })
    cancel.cancel()
    cancel.cancel()
    expect(result.shape).toEqual([1, 32])
    expect((await clip.encodeImage([image], encode, {})).data).toEqual(result.data)
  })

  test('one token ends every call it was given to', async () => {
    const busy = await occupy()
    const cancel = new (binding().CancelToken)()
    const calls = [1, 2, 3].map(() => rejected(clip.encodeImage([image], encode, { cancel })))
    cancel.cancel()
    for (const call of calls) expect(await call).toHaveCode('ERR_WORDMASK_ABORTED')
    await busy.done
  })
})

describe('calls', () => {
  test('a rejection is a WordmaskError whose stack names the caller', async () => {
    async function theCaller() {
      return await clip.encodePixels({ data: new Float32Array(12), shape: [1, 3, 2, 2] }, { normalize: true }, {})
    }
    const error = await rejected(theCaller())
    expect(error).toBeInstanceOf(WordmaskError)
    expect(error).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /\[1, 3, 2, 2\]/)
    expect(error?.stack).toMatch(/^WordmaskError: .*\n {4}at .*theCaller/)
    expect(error?.message).not.toMatch(/Exception raised from|frame #/)
  })

  test('input is copied before the call returns: writing to it or giving it away changes nothing', async () => {
    const expected = (await clip.encodeImage([image], encode, {})).data
    const written = { ...image, data: image.data.slice() }
    const moved = { ...image, data: image.data.slice() }
    const calls = [clip.encodeImage([written], encode, {}), clip.encodeImage([moved], encode, {})]
    written.data.fill(0)
    structuredClone(moved.data.buffer, { transfer: [moved.data.buffer] })
    for (const call of calls) expectClose([...(await call).data], [...expected])
    expect(() => expectClose([...expected], [...expected].reverse()), 'other pictures, other answers').toThrow()
    expect(await rejected(clip.encodeImage([moved], encode, {}))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /received 0/)
  })

  test('progress comes in order, at most every 50 ms, and says the end', async () => {
    const slow = await binding().Clip.random(middling, 1, compute, {})
    const seen: { done: number; total: number; at: number }[] = []
    const onProgress = (done: number, total: number) => seen.push({ done, total, at: performance.now() })
    const began = performance.now()
    await slow.encodeImage(many(30), { ...encode, batchSize: 1 }, { onProgress })
    slow.dispose()
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b))
    expect(seen.at(-1)).toMatchObject({ done: 30, total: 30 })
    expect(seen.length).toBeLessThanOrEqual(2 + (seen.at(-1)!.at - began) / 50)
  })

  test('an error thrown by onProgress ends the call and is its rejection', async () => {
    const problem = new Error('the screen is full')
    const call = clip.encodeImage(
      many(200),
      { ...encode, batchSize: 1 },
      {
        onProgress: () => {
          throw problem
        },
      },
    )
    expect(await rejected(call)).toBe(problem)
  })

  test('methods refuse a receiver that is not theirs, and arguments that only look right', async () => {
    const token = new (binding().CancelToken)()
    expect(() => binding().Clip.prototype.info.call(token as never)).toThrow()
    expect(() => binding().Clip.prototype.info.call({} as never)).toThrow()
    const fake = Object.create(binding().Clip.prototype)
    expect(() => fake.info()).toThrow()
    expect(await rejected(clip.encodeImage([image], encode, { cancel: clip as never }))).toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /task\.cancel/,
    )
    expect(
      await rejected(binding().denseScores(token as never, image, { data: new Float32Array(32), shape: [1, 32] }, {} as never, {})),
    ).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /a Clip for clip/)
  })

  test.each([
    ['no task', () => clip.encodeImage([image], encode, undefined as never), /an object for task but received undefined/],
    [
      'a picture of the wrong size',
      () => clip.encodeImage([{ ...image, width: 7 }], encode, {}),
      /2016 elements for images\[0\]\.data but received 27648/,
    ],
    ['a batch of none', () => clip.encodeImage([image], { ...encode, batchSize: 0 }, {}), /options\.batchSize but received 0/],
    ['a std of zero', () => clip.preprocess(image, { ...resize, std: [1, 0, 1] }, {}), /options\.std/],
    [
      'tokens of another length',
      () => clip.encodeText(new Int32Array(15), 1, { normalize: true, batchSize: 1 }, {}),
      /16 elements for tokens but received 15/,
    ],
    ['an unknown dtype', () => binding().Clip.random(tiny, 1, { device: 'cpu', dtype: 'int8' }, {}), /compute\.dtype but received "int8"/],
    ['half a config', () => binding().Clip.random({ ...tiny, vision: {} as never }, 1, compute, {}), /config\.vision/],
  ])('BAD CALL - %s: rejects, naming the argument', async (_, call, pattern) => {
    expect(await rejected(call())).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', pattern)
  })
})

test('memory that cannot be had rejects with ERR_WORDMASK_MEMORY and harms nothing', async () => {
  const grid = { data: new Float32Array(500), shape: [1, 1, 500] }
  expect(await rejected(binding().upsample([grid], 65536, 65536, {}))).toHaveCode('ERR_WORDMASK_MEMORY')
  expect((await binding().upsample([grid], 2, 2, {})).shape).toEqual([500, 2, 2])
})
