import { describe, expect, test } from 'vitest'
import { type Dtype, randomTensor, tensor, testing } from '../helpers/testing'
import { expectAsExact } from '../helpers/tolerance'

const float32 = { strided: true, dtype: 'float32' as Dtype }

describe('attention by hand', () => {
  // One head of width 1: q, k, v of each token. Scores are q k; weights exp(q k) over the sum.
  test('two tokens: a query of 0 takes the mean, a large one the value of its key', () => {
    const { ours } = testing().attentionKernel(tensor([1, 2, 3], [0, 0, 2, 100, 1, 4]), 2, 1, { ...float32, causal: false })
    expect([...ours]).toEqual([3, 4])
  })

  test('a query of ln 3 against keys 0 and 1: a quarter and three quarters', () => {
    const { ours } = testing().attentionKernel(tensor([1, 2, 3], [Math.log(3), 0, 2, 0, 1, 4]), 1, 1, { ...float32, causal: false })
    expect(ours[0]).toBeCloseTo(3.5, 6)
  })

  test('causal: the first token sees itself, the second both; lengths: nobody sees beyond', () => {
    const qkv = tensor([1, 3, 3], [0, 0, 3, 0, 0, 5, 0, 0, 10])
    expect([...testing().attentionKernel(qkv, 3, 1, { ...float32, causal: true }).ours]).toEqual([3, 4, 6])
    expect([...testing().attentionKernel(qkv, 3, 1, { ...float32, causal: false, lengths: [2] }).ours]).toEqual([4, 4, 4])
  })

  test('scores of hundreds neither overflow nor vanish', () => {
    const { ours } = testing().attentionKernel(tensor([1, 2, 3], [40, -40, 1, -40, 40, 2]), 2, 1, { ...float32, causal: false })
    expect([...ours]).toEqual([2, 1])
  })

  test('no queries, no answers', () => {
    expect(testing().attentionKernel(randomTensor([2, 3, 12], 1), 0, 2, { ...float32, causal: false }).ours.length).toBe(0)
  })

  test('a NaN among the keys is an answer of NaN, not a guess', () => {
    const qkv = randomTensor([1, 20, 12], 2)
    qkv.data[5 * 12 + 4] = Number.NaN
    expect(
      testing()
        .attentionKernel(qkv, 20, 1, { ...float32, causal: false })
        .ours.some(Number.isNaN),
    ).toBe(true)
  })
})

// Blocks are 48 queries, panels 16 to 64 keys, rescalings come every 512 keys; widths are those of published towers and odd ones.
const cases = [
  { b: 1, n: 1, heads: 1, d: 1 },
  { b: 2, n: 7, heads: 3, d: 20 },
  { b: 2, n: 49, heads: 2, d: 8 },
  { b: 1, n: 64, heads: 2, d: 64 },
  { b: 3, n: 65, heads: 1, d: 80 },
  { b: 1, n: 197, heads: 4, d: 64 },
  { b: 1, n: 512, heads: 1, d: 16 },
  { b: 1, n: 577, heads: 1, d: 64 },
  { b: 1, n: 1030, heads: 1, d: 33 },
].flatMap((sizes, i) =>
  [false, true].flatMap((causal) => (['float32', 'bfloat16'] as const).map((dtype) => ({ ...sizes, causal, dtype, seed: 300 + i }))),
)

describe('attention against its float64 reference', () => {
  test.each(cases)('b=$b n=$n heads=$heads d=$d causal=$causal dtype=$dtype seed=$seed', ({ b, n, heads, d, causal, dtype, seed }) => {
    const qkv = randomTensor([b, n, 3 * heads * d], seed)
    qkv.data.forEach((value, i) => {
      qkv.data[i] = 3 * value
    })
    const answers = testing().attentionKernel(qkv, n, heads, { causal, dtype, strided: true })
    expectAsExact(answers, dtype)
    expect(testing().attentionKernel(qkv, n, heads, { causal, dtype, strided: false }).ours, 'strides').toEqual(answers.ours)
  })

  test.each(['float32', 'bfloat16'] as const)('fewer queries than keys, and a length an image, %s', (dtype) => {
    const qkv = randomTensor([3, 70, 3 * 32], 350)
    const options = { causal: false, dtype, strided: true, lengths: [1, 33, 70] }
    expectAsExact(testing().attentionKernel(qkv, 1, 2, options), dtype)
    expectAsExact(testing().attentionKernel(qkv, 50, 2, options), dtype)
  })

  test('two threads give the bits of one', () => {
    const qkv = randomTensor([1, 300, 3 * 64], 360)
    const answer = () => testing().attentionKernel(qkv, 300, 1, { ...float32, causal: true }).ours
    const one = answer()
    testing().setThreads(2)
    try {
      expect(answer()).toEqual(one)
    } finally {
      testing().setThreads(1)
    }
  })
})
