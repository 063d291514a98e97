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
  const options = { stride: 1, padding: 1, relu: false, dtype: 'float32' as const }
  const run = (other: number[] | undefined, relu: boolean) => [
    ...testing().packedConv(ones([1, 1, 3, 3]), ones([1, 1, 3, 3]), tensor([1], [-5]), other && tensor([1, 1, 3, 3], other), {
      ...options,
      relu,
    }).ours,
  ]
  expect(run(undefined, false)).toEqual([-1, 1, -1, 1, 4, 1, -1, 1, -1])
  expect(run(undefined, true)).toEqual([0, 1, 0, 1, 4, 1, 0, 1, 0])
  expect(run([3, 0, 0, -4, 0, 0, 0, 0, 0], true)).toEqual([2, 1, 0, 0, 4, 1, 0, 1, 0])
})

// The convolutions of ModifiedResNet: the stem, 1x1, 3x3, with and without the shortcut, down to a single pixel.
const cases = [
  { b: 2, input: 3, out: 16, side: 17, kernel: 3, stride: 2, padding: 1 },
  { b: 1, input: 16, out: 16, side: 9, kernel: 3, stride: 1, padding: 1 },
  { b: 2, input: 12, out: 40, side: 7, kernel: 1, stride: 1, padding: 0 },
  { b: 3, input: 64, out: 32, side: 2, kernel: 1, stride: 1, padding: 0 },
  { b: 2, input: 32, out: 64, side: 1, kernel: 1, stride: 1, padding: 0 },
].flatMap((sizes, i) =>
  [false, true].flatMap((shortcut) =>
    [false, true].flatMap((relu) => dtypes.map((dtype) => ({ ...sizes, shortcut, relu, dtype, seed: 500 + i }))),
  ),
)

describe('packed_conv against its float64 reference', () => {
  const title = 'b=$b in=$input out=$out side=$side kernel=$kernel stride=$stride shortcut=$shortcut relu=$relu dtype=$dtype seed=$seed'
  test.each(cases)(title, ({ b, input, out, side, kernel, shortcut, seed, ...options }) => {
    const cells = Math.floor((side + 2 * options.padding - kernel) / options.stride) + 1
    const weight = randomTensor([out, input, kernel, kernel], seed + 1)
    weight.data.forEach((value, i) => {
      weight.data[i] = (2 * value) / (kernel * Math.sqrt(input))
    })
    const other = shortcut ? randomTensor([b, out, cells, cells], seed + 3) : undefined
    const answers = testing().packedConv(randomTensor([b, input, side, side], seed), weight, randomTensor([out], seed + 2), other, options)
    expectAsExact(answers, options.dtype)
    expect(answers.unpacked, 'the weight comes back bit for bit').toBe(true)
  })
})
