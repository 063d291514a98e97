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

/** What its transforms may add to the error: 1.4e-7 has been measured; with points at 1 and 2 it would be 5e-7. */
const TRANSFORMS = 2 ** -22

describe('Winograd’s form', () => {
  const run = (sizes: { b: number; input: number; out: number; h: number; w: number; dilation?: number; seed: number }, more = {}) => {
    const { b, input, out, h, w, dilation = 1, seed } = sizes
    const weight = randomTensor([out, input, 3, 3], seed + 1)
    weight.data.forEach((value, i) => {
      weight.data[i] = (2 * value) / (3 * Math.sqrt(input))
    })
    const options = { stride: 1, padding: dilation, dilation, groups: 1, ceiling: 0, relu: true, dtype: 'float32' as const }
    const x = randomTensor([b, input, h, w], seed)
    return (other: boolean, bias = true) =>
      testing().packedConv(
        x,
        weight,
        bias ? randomTensor([out], seed + 2) : undefined,
        other ? randomTensor([b, out, h, w], seed + 3) : undefined,
        { ...options, winograd: true, ...more },
      )
  }

  test('by hand: of ones, every pixel counts its neighbours in every channel', () => {
    const ones = (shape: number[]) => tensor(shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(1))
    const { ours } = testing().packedConv(ones([1, 2, 3, 5]), ones([48, 2, 3, 3]), undefined, undefined, {
      ...{ stride: 1, padding: 1, ...plain, relu: false, dtype: 'float32', winograd: true },
    })
    const counts = [4, 6, 6, 6, 4, 6, 9, 9, 9, 6, 4, 6, 6, 6, 4].map((count) => 2 * count)
    expect(ours).toHaveLength(48 * 15)
    ours.forEach((value, i) => {
      expect(value, `channel ${Math.floor(i / 15)}, pixel ${i % 15}`).toBeCloseTo(counts[i % 15]!, 4)
    })
  })

  test.each([
    { b: 1, input: 16, out: 48, h: 1, w: 1, dilation: 1, seed: 700 },
    { b: 2, input: 48, out: 64, h: 3, w: 5, dilation: 1, seed: 710 },
    { b: 1, input: 96, out: 96, h: 10, w: 10, dilation: 1, seed: 720 },
    { b: 4, input: 64, out: 64, h: 7, w: 6, dilation: 1, seed: 730 },
    { b: 3, input: 37, out: 80, h: 9, w: 4, dilation: 1, seed: 740 }, // no whole vector of channels, three blocks of eight tiles
    { b: 1, input: 193, out: 48, h: 8, w: 13, dilation: 1, seed: 750 }, // three blocks of channels, the last one short
    { b: 1, input: 20, out: 128, h: 33, w: 31, dilation: 1, seed: 760 }, // more than one run of tiles
    { b: 2, input: 32, out: 64, h: 11, w: 9, dilation: 2, seed: 770 },
    { b: 1, input: 32, out: 48, h: 5, w: 17, dilation: 4, seed: 780 },
    { b: 1, input: 32, out: 160, h: 3, w: 2, dilation: 6, seed: 790 }, // wider than the picture
  ])('b=$b in=$input out=$out h=$h w=$w dilation=$dilation seed=$seed: its error is near that of the plain sum', (sizes) => {
    const answers = run(sizes)
    for (const [other, bias] of [
      [false, true],
      [true, false],
    ] as const) {
      const found = answers(other, bias)
      expectAsExact(found, 'float32', other ? 'with an addend' : 'with a bias', TRANSFORMS)
      expect([found.unpacked, found.winograd]).toEqual([true, true])
    }
  })

  test('an empty batch gives an empty answer', () => {
    expect(run({ b: 0, input: 16, out: 48, h: 4, w: 4, seed: 1 })(false).ours).toHaveLength(0)
  })

  test('one that is not a number spoils what it reaches, through the ReLU too, and nothing beyond its tiles', () => {
    const x = randomTensor([1, 16, 12, 12], 5)
    x.data[6 * 12 + 6] = Number.NaN
    const options = { stride: 1, padding: 1, ...plain, relu: true, dtype: 'float32' as const, winograd: true }
    const { ours } = testing().packedConv(x, randomTensor([48, 16, 3, 3], 6), undefined, undefined, options)
    const at = (row: number, column: number) => ours[row * 12 + column]!
    for (const row of [5, 6, 7]) for (const column of [5, 6, 7]) expect(at(row, column)).toBeNaN()
    expect([at(0, 0), at(3, 11), at(11, 3)].map(Number.isNaN)).toEqual([false, false, false])
  })

  test('the answer does not depend on the number of threads', () => {
    const answers = run({ b: 3, input: 10, out: 96, h: 21, w: 19, seed: 800 }) // more than one run of tiles, and of channels
    const [one, two, four] = [1, 2, 4].map((threads) => {
      testing().setThreads(threads)
      return [...answers(true).ours]
    })
    testing().setThreads(1)
    expect(two).toEqual(one)
    expect(four).toEqual(one)
  })

  const chosen = { kernel: 3, stride: 1, padding: 1, ...plain, dtype: 'float32' as const }
  test.each([
    ['RN50x16, first stage', [4, 96, 80, 80], 96, {}, true],
    ['RN50x16, last stage, batch 4', [4, 768, 10, 10], 768, {}, true],
    ['RN50x4', [1, 80, 72, 72], 80, {}, true],
    ['ResNet-50 dilated by 2', [1, 512, 32, 32], 512, { dilation: 2, padding: 2 }, true],
    ['two images of 7x7: 8 tiles', [2, 512, 7, 7], 512, {}, false],
    ['a dilation of 12 on 32x32', [1, 512, 32, 32], 512, { dilation: 12, padding: 12 }, false],
    ['few channels: RN50x16 at its beginning', [4, 48, 160, 160], 96, {}, false],
    ['outputs in no whole panel', [4, 96, 80, 80], 56, {}, false],
    ['1x1', [4, 96, 80, 80], 96, { kernel: 1, padding: 0 }, false],
    ['a stride', [4, 96, 80, 80], 96, { stride: 2 }, false],
    ['no padding', [4, 96, 80, 80], 96, { padding: 0 }, false],
    ['groups', [4, 96, 80, 80], 96, { groups: 2 }, false],
    ['a ceiling', [4, 96, 80, 80], 96, { ceiling: 6 }, false],
    ['bfloat16', [4, 96, 80, 80], 96, { dtype: 'bfloat16' as const }, false],
    ['an empty batch', [0, 96, 80, 80], 96, {}, false],
  ] as const)('%s: %j to %i channels, %j: %s', (_, input, out, more, expected) => {
    expect(testing().winogradSuits([...input], out, { ...chosen, ...more })).toBe(expected)
  })
})
