import { describe, expect, test } from 'vitest'
import { relativeError } from '../helpers/golden'
import { randomTensor, testing } from '../helpers/testing'

// Head widths of the published towers: 64, and 80 in H/14; 8 and 20 are the small ones of tests.
const cases = [
  { width: 16, heads: 2, tokens: 1 },
  { width: 64, heads: 1, tokens: 50 },
  { width: 160, heads: 2, tokens: 257 },
  { width: 128, heads: 2, tokens: 77 },
  { width: 60, heads: 3, tokens: 33 },
].flatMap((item, i) => [false, true].flatMap((causal) => [false, true].map((packed) => ({ ...item, causal, packed, seed: 40 + i }))))

describe('attention against softmax(q k / sqrt(d)) v in float64', () => {
  const title = 'width $width, $heads heads, $tokens tokens, causal $causal, packed $packed, seed $seed'
  test.each(cases)(title, ({ width, heads, tokens, causal, packed, seed }) => {
    const answers = testing().attention(randomTensor([2, tokens, width], seed), heads, causal, packed)
    expect(relativeError(answers.ours.data, answers.exact.data)).toBeLessThan(2e-6)
    expect(relativeError(answers.value.data, answers.exactValue.data)).toBeLessThan(2e-6)
    if (tokens > 1) expect(relativeError(answers.value.data, answers.exact.data), 'attention matters').toBeGreaterThan(0.01)
  })

  test.each([false, true])('the first token of a causal sequence hands over its own value, packed %s', (packed) => {
    const { ours, value } = testing().attention(randomTensor([1, 9, 16], 3), 2, true, packed)
    expect(relativeError(ours.data.subarray(0, 16), value.data.subarray(0, 16))).toBeLessThan(1e-6)
    expect(relativeError(ours.data.subarray(16, 32), value.data.subarray(16, 32))).toBeGreaterThan(0.01)
  })
})
