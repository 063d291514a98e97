import { afterAll, describe, expect, test } from 'vitest'
import { type Labels, random, testing } from '../helpers/testing'

const types = {
  uint8: (values: number[]) => Uint8Array.from(values),
  uint16: (values: number[]) => Uint16Array.from(values),
  int32: (values: number[]) => Int32Array.from(values),
  int64: (values: number[]) => BigInt64Array.from(values, BigInt),
} satisfies Record<string, (values: number[]) => Labels>
type Type = keyof typeof types

describe('confusion by hand', () => {
  test('rows are the truth, columns the prediction; 255 is ignored whatever is predicted', () => {
    const counts = testing().confusion(Uint8Array.of(0, 0, 1, 2, 255, 255), Uint8Array.of(0, 1, 1, 0, 2, 99), 3, 255, false)
    expect([...counts]).toEqual([1, 1, 0, 0, 1, 0, 1, 0, 0])
  })

  test('a class can be ignored, and nothing', () => {
    expect([...testing().confusion(Uint8Array.of(0, 1), Uint8Array.of(0, 1), 2, 0, false)]).toEqual([0, 0, 0, 1])
    expect([...testing().confusion(Uint8Array.of(0, 1), Uint8Array.of(0, 1), 2, -1, false)]).toEqual([1, 0, 0, 1])
  })

  test('no places, no counts', () => {
    expect([...testing().confusion(new Uint8Array(0), new Uint16Array(0), 2, 255, false)]).toEqual([0, 0, 0, 0])
  })
})

const cases = (['uint8', 'uint16', 'int32', 'int64'] as Type[]).flatMap((truth, a) =>
  (['uint8', 'uint16', 'int32', 'int64'] as Type[]).flatMap((prediction, b) =>
    [1, 15, 16, 17, 33, 5000].map((places, c) => ({
      truth,
      prediction,
      places,
      classes: [1, 7, 171][(a + b + c) % 3]!,
      seed: 500 + a * 40 + b * 8 + c,
    })),
  ),
)

/** Runs of labels, as maps have them, some of them ignored, some predicted wrongly. */
function maps(places: number, classes: number, seed: number) {
  const next = random(seed)
  const draw = (n: number) => Math.floor(((next() + 1) / 2) * n)
  const truth: number[] = []
  while (truth.length < places) {
    const label = draw(10) === 0 ? 255 : draw(classes)
    for (let left = 1 + draw(60); left > 0 && truth.length < places; left--) truth.push(label)
  }
  return { truth, prediction: truth.map((label) => (label === 255 || draw(8) === 0 ? draw(classes) : label)) }
}

describe('confusion against counting one by one', () => {
  afterAll(() => testing().setThreads(1))

  test.each(cases)(
    '$truth and $prediction, $places places, $classes classes, seed $seed',
    ({ truth, prediction, places, classes, seed }) => {
      const made = maps(places, classes, seed)
      const [a, b] = [types[truth](made.truth), types[prediction](made.prediction)]
      const exact = testing().confusionReference(a, b, classes, 255)
      expect(testing().confusion(a, b, classes, 255, false)).toEqual(exact)
      expect(testing().confusion(a, b, classes, 255, true)).toEqual(exact)
    },
  )

  test('half a million places on two threads, the sums of both', () => {
    const { truth, prediction } = maps(500_001, 20, 9)
    testing().setThreads(2)
    const counts = testing().confusion(types.uint8(truth), types.uint16(prediction), 20, 255, false)
    expect(counts).toEqual(testing().confusionReference(types.uint8(truth), types.uint16(prediction), 20, 255))
    expect(counts.reduce((a, b) => a + b)).toBe(truth.filter((label) => label !== 255).length)
  })

  test('of several labels out of range the first is named, on two threads too', () => {
    const [truth, prediction] = [new Int32Array(400_000), new Int32Array(400_000)]
    truth[390_000] = -1
    prediction[150_003] = 9
    truth[150_004] = 7
    testing().setThreads(2)
    expect(() => testing().confusion(truth, prediction, 3, 255, false)).toThrow(/truth 0 and prediction 9 at place 150003/)
  })
})

describe('BAD CALL - confusion', () => {
  const call = (...args: [Labels | Float32Array, Labels, number, number]) => {
    try {
      testing().confusion(...args, false)
    } catch (error) {
      return error
    }
    return undefined
  }
  test.each([
    [
      'a truth beyond the classes',
      [Uint8Array.of(3), Uint8Array.of(0), 3, 255],
      /0 to 2 or truth == ignore \(255\).*truth 3 and prediction 0 at place 0/,
    ],
    ['a prediction below 0', [Uint8Array.of(0), Int32Array.of(-1), 3, 255], /prediction -1/],
    ['maps of two sizes', [new Uint8Array(4), new Uint8Array(5), 3, 255], /\[4\] and \[5\]/],
    ['scores instead of labels', [new Float32Array(4), new Uint8Array(4), 3, 255], /true labels as uint8.*Float/],
    ['no classes', [new Uint8Array(4), new Uint8Array(4), 0, 255], /1 to 65536 classes but received 0/],
  ] as [string, [Labels | Float32Array, Labels, number, number], RegExp][])('%s', (_, args, message) => {
    expect(call(...args)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})
