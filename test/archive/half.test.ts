import { expect, test } from 'vitest'
import { fromHalf, toHalf } from '../../lib/archive/half'

test.each([
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [65504, 0x7bff],
  [65520, 0x7c00],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [3 * 2 ** -26, 0x0001],
  [2 ** -14 - 2 ** -24, 0x03ff],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [-0, 0x8000],
  [Number.POSITIVE_INFINITY, 0x7c00],
])('%f is %i', (value, half) => {
  expect(toHalf(Float32Array.of(value))[0]).toBe(half)
})

test('every half that is a number comes back as itself', () => {
  const finite = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((half) => (half & 0x7c00) !== 0x7c00)
  expect(toHalf(fromHalf(finite))).toEqual(finite)
  expect(fromHalf(toHalf(Float32Array.of(Number.NaN)))[0]).toBeNaN()
})
