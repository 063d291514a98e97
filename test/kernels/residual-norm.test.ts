import { describe, expect, test } from 'vitest'
import { relativeError } from '../helpers/golden'
import { type Dtype, randomTensor, tensor, testing } from '../helpers/testing'
import { expectAsExact } from '../helpers/tolerance'

const plain = { deltaScale: 1, scale: 1, eps: 1e-5, dtype: 'float32' as Dtype, deltaDtype: 'float32' as Dtype }

describe('residual_norm by hand', () => {
  const gain = tensor([2], [1, 10])
  const bias = tensor([2], [0, 5])

  // 1 and 3 have mean 2 and deviation 1, so -1 and 1 before gain and bias.
  test('stream 0 1 plus half of 2 4: 1 3, and -1 15 normalised', () => {
    const { stream, added, normed } = testing().residualNorm(tensor([1, 2], [0, 1]), tensor([1, 2], [2, 4]), gain, bias, {
      ...plain,
      deltaScale: 0.5,
      eps: 1e-12,
    })
    expect([...stream]).toEqual([1, 3])
    expect([...added]).toEqual([1, 3])
    expect([...normed]).toEqual([-1, 15])
  })

  test('without a delta the stream stays; the scale comes last', () => {
    const { stream, normed } = testing().residualNorm(tensor([1, 2], [1, 3]), undefined, gain, bias, { ...plain, scale: 2, eps: 1e-12 })
    expect([...stream]).toEqual([1, 3])
    expect([...normed]).toEqual([-2, 30])
  })

  test('a constant row is its bias, whatever its height', () => {
    const { normed } = testing().residualNorm(tensor([1, 2], [1e4, 1e4]), undefined, gain, bias, plain)
    expect([...normed]).toEqual([0, 5])
  })
})

const cases = [
  { rows: 1, width: 1 },
  { rows: 3, width: 15 },
  { rows: 5, width: 16 },
  { rows: 9, width: 33 },
  { rows: 64, width: 768 },
].flatMap((sizes, i) =>
  (['float32', 'bfloat16'] as const).flatMap((dtype) =>
    (['float32', 'bfloat16'] as const).map((deltaDtype) => ({ ...sizes, dtype, deltaDtype, seed: 400 + i })),
  ),
)

describe('residual_norm against its float64 reference', () => {
  test.each(cases)('rows=$rows width=$width dtype=$dtype delta=$deltaDtype seed=$seed', ({ rows, width, dtype, deltaDtype, seed }) => {
    const stream = randomTensor([rows, width], seed)
    stream.data.forEach((value, i) => {
      stream.data[i] = 5 * value + 20 // far from zero: a one-pass variance would lose it
    })
    const answers = testing().residualNorm(
      stream,
      randomTensor([rows, width], seed + 1),
      randomTensor([width], seed + 2),
      randomTensor([width], seed + 3),
      { deltaScale: 0.7, scale: 1.702, eps: 1e-5, dtype, deltaDtype },
    )
    expectAsExact({ ours: answers.normed, plain: answers.plain, exact: answers.exact }, dtype)
    expect(relativeError(answers.stream, answers.exactStream)).toBeLessThan(1e-6)
    expect(answers.added).toEqual(answers.stream)
  })
})
