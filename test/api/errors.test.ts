import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { invalidArgument, WordmaskError } from '../../lib/errors'
import { checkOptions, nearest, positiveInteger, runOptions, slideOptions, throwIfAborted } from '../../lib/options'
import { orAbort, SharedTask } from '../../lib/task'

describe('WordmaskError', () => {
  test('is an Error with a stable code, a name and a cause', () => {
    const error = new WordmaskError('ERR_WORDMASK_IO', 'no', { cause: 1 })
    expect([error instanceof Error, error.name, error.code, error.message, error.cause]).toEqual([
      true,
      'WordmaskError',
      'ERR_WORDMASK_IO',
      'no',
      1,
    ])
  })

  test.each([
    ['x', '"x"'],
    ['y'.repeat(80), `"${'y'.repeat(57)}..."`],
    [undefined, 'undefined'],
    [null, 'null'],
    [[1, 2], 'an array of 2'],
    [new Map(), 'a Map'],
    [new AbortController().signal, 'an AbortSignal'],
    [new Uint8Array(2), 'a Uint8Array'],
    [new URL('file:///a'), 'a URL'],
  ])('what came is described: %j', (value, described) => {
    expect(invalidArgument('size', 'a number', value).message).toBe(`Expected a number for size but received ${described}`)
  })
})

describe('checkOptions', () => {
  const schema = z.strictObject({
    ...runOptions,
    batchSize: positiveInteger.optional(),
    dtype: z.enum(['float32', 'auto']).optional(),
    share: z.number().gt(0).lt(1).optional(),
    slide: slideOptions,
  })
  const check = (options: unknown) => () => checkOptions('encode', schema, options)

  test('good options come back', () => {
    const { signal } = new AbortController()
    expect(checkOptions('encode', schema, { batchSize: 3, signal })).toEqual({ batchSize: 3, signal })
    expect(checkOptions('encode', schema, {})).toEqual({})
  })

  test.each([
    [{ batchsize: 3 }, /encode has no option "batchsize"\. Did you mean "batchSize"\?/],
    [{ slide: { crop: 8, strid: 8 } }, /encode\.slide has no option "strid"\. Did you mean "stride"\?/],
    [{ zebra: 1 }, /no option "zebra"\. Known are signal, onProgress, batchSize, dtype, share, slide\./],
  ])('unknown option %j: the near miss is named', (options, message) => {
    expect(check(options)).toThrow(expect.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', message))
  })

  test.each([
    [{ batchSize: 0 }, /Expected more than 0 for encode: batchSize but received 0/],
    [{ batchSize: '3' }, /Expected a number for encode: batchSize but received "3"/],
    [{ batchSize: 1.5 }, /Expected a whole number for encode: batchSize/],
    [{ dtype: 'int8' }, /Expected "float32" or "auto" for encode: dtype but received "int8"/],
    [{ share: 1 }, /Expected less than 1 for encode: share/],
    [{ slide: { crop: 8 } }, /slide\.stride/],
    [{ signal: {} }, /signal/],
    [{ onProgress: 3 }, /Expected a function for encode: onProgress/],
    [null, /Expected an object for the options of encode but received null/],
    [[], /an array of 0/],
    ['fast', /"fast"/],
  ])('bad value %j: expected and received are named', (options, message) => {
    expect(check(options)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message))
  })

  test('nearest: slips of a letter or two, not other words', () => {
    const known = ['batchSize', 'normalize', 'orient']
    expect(['batchsize', 'normalise', 'orinet', 'bathSize'].map((name) => nearest(name, known))).toEqual([
      'batchSize',
      'normalize',
      'orient',
      'batchSize',
    ])
    expect(['color', 'x', 'size'].map((name) => nearest(name, known))).toEqual([undefined, undefined, undefined])
  })
})

describe('signals', () => {
  const reason = new Error('enough')

  test('an aborted signal throws with its reason as the cause', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow()
    try {
      throwIfAborted(AbortSignal.abort(reason))
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: reason })
    }
  })

  test('orAbort: whichever comes first', async () => {
    const controller = new AbortController()
    expect(await orAbort(Promise.resolve(3), controller.signal)).toBe(3)
    const waiting = orAbort(new Promise(() => {}), controller.signal)
    controller.abort(reason)
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: reason })
  })

  test('SharedTask: cancelled when the last one who waits has given up, not before', async () => {
    const [a, b] = [new AbortController(), new AbortController()]
    let stopped = false
    const task = new SharedTask(
      (signal) =>
        new Promise<number>((_, reject) => {
          signal.addEventListener('abort', () => {
            stopped = true
            reject(new Error('stopped'))
          })
        }),
    )
    const waits = [task.wait(a.signal), task.wait(b.signal)].map((wait) => wait.catch((error) => error.code))
    a.abort()
    expect(await waits[0]).toBe('ERR_WORDMASK_ABORTED')
    expect(stopped).toBe(false)
    b.abort()
    expect(await waits[1]).toBe('ERR_WORDMASK_ABORTED')
    expect([stopped, task.cancelled]).toEqual([true, true])
  })

  test('SharedTask: a result is kept after it was taken', async () => {
    const task = new SharedTask(async () => 7)
    expect(await task.wait(undefined)).toBe(7)
    expect(await task.wait(undefined)).toBe(7)
    expect(task.cancelled).toBe(false)
  })
})
