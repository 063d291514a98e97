import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { type Dtype, randomTensor, tensor, testing } from '../helpers/testing'
import { expectAsExact } from '../helpers/tolerance'

const dtypes: Dtype[] = binding().systemInfo().nativeBfloat16 ? ['float32', 'bfloat16'] : ['float32']

test('by hand: a 3 x 3 sum over a padded picture of ones counts neighbours, less 5, plus another, cut at zero', () => {
  const ones = (shape: number[]) =>
    tensor(
      shape,
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1),
    )
  const options = { stride: 1, padding: 1, dilation: 1, groups: 1, ceiling: 0, relu: false, dtype: 'float32' as const }
  const run = (other: number[] | undefined, relu: boolean, ceiling = 0) => [
    ...testing().packedConv(ones([1, 1, 3, 3]), ones([1, 1, 3, 3]), tensor([1], [-5]), other && tensor([1, 1, 3, 3], other), {
      ...options,
      relu,
      ceiling,
    }).ours,
  ]
  expect(run(undefined, false)).toEqual([-1, 1, -1, 1, 4, 1, -1, 1, -1])
  expect(run(undefined, true)).toEqual([0, 1, 0, 1, 4, 1, 0, 1, 0])
  expect(run([3, 0, 0, -4, 0, 0, 0, 0, 0], true)).toEqual([2, 1, 0, 0, 4, 1, 0, 1, 0])
  expect(run(undefined, true, 3)).toEqual([0, 1, 0, 1, 3, 1, 0, 1, 0])
})

test('by hand: dilated by 2 and a channel at a time, the corners of each channel meet in its middle', () => {
  const x = tensor(
    [1, 2, 5, 5],
    Array.from({ length: 50 }, (_, i) => i),
  )
  const corners = [1, 0, 1, 0, 0, 0, 1, 0, 1]
  const options = { stride: 1, padding: 0, dilation: 2, groups: 2, ceiling: 0, relu: false, dtype: 'float32' as const }
  const { ours } = testing().packedConv(x, tensor([2, 1, 3, 3], [...corners, ...corners]), undefined, undefined, options)
  expect([...ours]).toEqual([0 + 4 + 20 + 24, 25 + 29 + 45 + 49])
})

// The convolutions of ModifiedResNet: the stem, 1x1, 3x3, with and without the shortcut, down to a single pixel.
const plain = { dilation: 1, groups: 1, ceiling: 0 }
const cases = [
  { b: 2, input: 3, out: 16, side: 17, kernel: 3, stride: 2, padding: 1 },
  { b: 1, input: 16, out: 16, side: 9, kernel: 3, stride: 1, padding: 1 },
  { b: 2, input: 12, out: 40, side: 7, kernel: 1, stride: 1, padding: 0 },
  { b: 3, input: 64, out: 32, side: 2, kernel: 1, stride: 1, padding: 0 },
  { b: 2, input: 32, out: 64, side: 1, kernel: 1, stride: 1, padding: 0 },
].flatMap((sizes, i) =>
  [false, true].flatMap((shortcut) =>
    [false, true].flatMap((relu) => dtypes.map((dtype) => ({ ...sizes, ...plain, shortcut, relu, dtype, bias: true, seed: 500 + i }))),
  ),
)
// Those of DeepLabv3+ and MobileNetV2: dilated, depthwise, cut at 6, without a bias; the dilation wider than the picture, too.
const dilated = [
  { b: 2, input: 8, out: 12, side: 9, kernel: 3, stride: 1, padding: 2, dilation: 2, groups: 1, ceiling: 0, relu: true, bias: true },
  { b: 1, input: 24, out: 24, side: 7, kernel: 3, stride: 2, padding: 1, dilation: 1, groups: 24, ceiling: 6, relu: true, bias: true },
  { b: 2, input: 32, out: 32, side: 6, kernel: 3, stride: 1, padding: 12, dilation: 12, groups: 32, ceiling: 0, relu: false, bias: false },
  { b: 1, input: 40, out: 40, side: 1, kernel: 3, stride: 1, padding: 4, dilation: 4, groups: 40, ceiling: 6, relu: true, bias: true },
  { b: 1, input: 12, out: 8, side: 5, kernel: 3, stride: 1, padding: 1, dilation: 1, groups: 4, ceiling: 0, relu: false, bias: true },
  { b: 2, input: 16, out: 96, side: 5, kernel: 1, stride: 1, padding: 0, dilation: 1, groups: 1, ceiling: 6, relu: true, bias: true },
].flatMap((sizes, i) => dtypes.map((dtype) => ({ ...sizes, shortcut: false, dtype, seed: 600 + i })))

describe('packed_conv against its float64 reference', () => {
  const title =
    'b=$b in=$input out=$out side=$side kernel=$kernel stride=$stride dilation=$dilation groups=$groups shortcut=$shortcut relu=$relu ceiling=$ceiling dtype=$dtype seed=$seed'
  test.each([...cases, ...dilated])(title, ({ b, input, out, side, kernel, shortcut, bias, seed, ...options }) => {
    const { padding, dilation, stride, groups } = options
    const cells = Math.floor((side + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    const weight = randomTensor([out, input / groups, kernel, kernel], seed + 1)
    weight.data.forEach((value, i) => {
      weight.data[i] = ((options.ceiling > 0 ? 12 : 2) * value) / (kernel * Math.sqrt(input / groups))
    })
    const other = shortcut ? randomTensor([b, out, cells, cells], seed + 3) : undefined
    const shift = bias ? randomTensor([out], seed + 2) : undefined
    const answers = testing().packedConv(randomTensor([b, input, side, side], seed), weight, shift, other, options)
    expectAsExact(answers, options.dtype)
    expect(answers.unpacked, 'the weight comes back bit for bit').toBe(true)
  })
})
