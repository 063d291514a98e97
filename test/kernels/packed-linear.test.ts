import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { type Dtype, randomTensor, tensor, testing } from '../helpers/testing'
import { expectAsExact } from '../helpers/tolerance'

/** Numbers that AVX-512 adds at once: one running sum of vectors meets width / 16 roundings, one after the other. */
const lanes = 16

const dtypes: Dtype[] = binding().systemInfo().nativeBfloat16 ? ['float32', 'bfloat16'] : ['float32']

describe('packed_linear by hand', () => {
  const x = tensor([2, 2], [1, 2, -3, 4])
  const weight = tensor([3, 2], [1, 0, 0, 1, 1, -1])
  const bias = tensor([3], [10, 20, 30])

  test('x W^T + b', () => {
    const { ours, unpacked } = testing().packedLinear(x, weight, bias, 'none', 'float32')
    expect([...ours]).toEqual([11, 22, 29, 7, 24, 23])
    expect(unpacked).toBe(true)
  })

  test('swish(h) = h / (1 + exp(-h)); GELU(h) = h * Phi(h): 0 stays 0, 1 becomes .731 and .841, -1 becomes -.269 and -.159', () => {
    const ends = (fused: 'swish' | 'gelu') =>
      [...testing().packedLinear(tensor([3, 1], [0, 1, -1]), tensor([1, 1], [1]), tensor([1], [0]), fused, 'float32').ours].map((value) =>
        Number(value.toFixed(3)),
      )
    expect(ends('swish')).toEqual([0, 0.731, -0.269])
    expect(ends('gelu')).toEqual([0, 0.841, -0.159])
  })
})

const cases = [
  { rows: 1, width: 1, out: 1 },
  { rows: 1, width: 768, out: 512 },
  { rows: 7, width: 33, out: 17 },
  { rows: 50, width: 64, out: 256 },
  { rows: 197, width: 96, out: 100 },
  { rows: 513, width: 40, out: 64 },
].flatMap((sizes, i) =>
  (['none', 'gelu', 'swish'] as const).flatMap((fused) => dtypes.map((dtype) => ({ ...sizes, fused, dtype, seed: 200 + i }))),
)

describe('packed_linear against its float64 reference', () => {
  test.each(cases)('rows=$rows width=$width out=$out fused=$fused dtype=$dtype seed=$seed', ({ rows, width, out, fused, dtype, seed }) => {
    const scaled = randomTensor([out, width], seed + 1)
    const weight = { ...scaled, data: scaled.data.map((value) => (3 * value) / Math.sqrt(width)) }
    const answers = testing().packedLinear(randomTensor([rows, width], seed), weight, randomTensor([out], seed + 2), fused, dtype)
    // For a row alone oneDNN may run through the width in one vector, MKL in many blocks: each order has its own random walk of roundings.
    expectAsExact(answers, dtype, 'error', rows === 1 && dtype === 'float32' ? 2 ** -24 * Math.sqrt(width / lanes) : 0)
    expect(answers.unpacked, 'the weight comes back bit for bit').toBe(true)
  })
})

test('outside InferenceMode nothing packs and a packed product is refused: it has no gradient', () => {
  expect(() => testing().packedOutside()).toThrow(/Expected InferenceMode for a packed product/)
})
