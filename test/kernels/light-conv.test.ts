import { describe, expect, test } from 'vitest'
import { randomTensor, tensor, testing } from '../helpers/testing'
import { expectAsExact } from '../helpers/tolerance'

const machines = ['default', 'avx2', 'avx512'] as const
const plain = { stride: 1, padding: 0, dilation: 1, groups: 1, ceiling: 0, relu: false }
/** A test for machines with these vectors, skipped on others. */
const on = (isa: (typeof machines)[number]) => {
  const one = tensor([1, 1, 1, 1], [1])
  return test.skipIf(testing().lightConv(one, one, undefined, undefined, { ...plain, isa }) === undefined)
}
const count = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i)

describe.each(machines)('by hand, %s', (isa) => {
  on(isa)('1x1: two channels are mixed at every pixel; the bias, an addend and the cut at 6 follow', () => {
    const x = tensor([1, 2, 1, 3], [1, 2, 3, 10, 20, 30])
    const run = (options: Partial<typeof plain>, other?: number[]) => {
      const addend = other && tensor([1, 2, 1, 3], other)
      return testing().lightConv(x, tensor([2, 2, 1, 1], [1, 0.1, -1, 0]), tensor([2], [0.5, 1]), addend, { ...plain, ...options, isa })
    }
    const linear = run({})
    const close = (answer: ReturnType<typeof run>, expected: number[]) =>
      expected.forEach((value, i) => {
        expect(answer!.ours[i]).toBeCloseTo(value, 5)
      })
    close(linear, [2.5, 4.5, 6.5, 0, -1, -2])
    close(run({ relu: true }), [2.5, 4.5, 6.5, 0, 0, 0])
    close(run({ relu: true, ceiling: 6 }), [2.5, 4.5, 6, 0, 0, 0])
    close(run({ relu: true }, [0, 0, -7, 1, 2, 3]), [2.5, 4.5, 0, 1, 1, 1])
  })

  on(isa)('3x3 of a channel by itself: in the corner four taps are in the picture, and of a dilation as wide as it one is', () => {
    const x = tensor([1, 1, 3, 3], count(9, 1))
    const taps = tensor([1, 1, 3, 3], count(9, 1))
    const run = (dilation: number) =>
      testing().lightConv(x, taps, tensor([1], [100]), undefined, { ...plain, padding: dilation, dilation, isa })
    expect(run(1)!.ours[0]).toBe(100 + 5 * 1 + 6 * 2 + 8 * 4 + 9 * 5)
    expect([...run(3)!.ours]).toEqual(count(9, 1).map((value) => 100 + 5 * value))
  })
})

const pointwise = [
  { b: 1, input: 1, out: 1, h: 2, w: 3, shortcut: false },
  { b: 1, input: 320, out: 64, h: 1, w: 1, shortcut: false },
  { b: 2, input: 8, out: 48, h: 5, w: 7, shortcut: false },
  { b: 1, input: 48, out: 8, h: 6, w: 4, shortcut: true },
  { b: 1, input: 24, out: 40, h: 3, w: 9, shortcut: true },
  { b: 3, input: 17, out: 33, h: 1, w: 5, shortcut: true },
  { b: 1, input: 320, out: 21, h: 13, w: 11, shortcut: false },
  // More pixels than stay in the cache together, and more than one thread's share.
  { b: 1, input: 96, out: 64, h: 61, w: 53, shortcut: true },
].flatMap((sizes) => [true, false].map((relu) => ({ ...plain, ...sizes, kernel: 1, relu, ceiling: relu && !sizes.shortcut ? 6 : 0 })))

const depthwise = [
  { b: 2, input: 48, h: 9, w: 7, stride: 1, padding: 1, dilation: 1 },
  { b: 1, input: 24, h: 8, w: 9, stride: 2, padding: 1, dilation: 1 },
  { b: 2, input: 8, h: 6, w: 6, stride: 2, padding: 1, dilation: 1 },
  { b: 1, input: 13, h: 5, w: 6, stride: 1, padding: 2, dilation: 2 },
  { b: 1, input: 16, h: 12, w: 12, stride: 1, padding: 4, dilation: 4 },
  { b: 1, input: 80, h: 12, w: 12, stride: 1, padding: 36, dilation: 36 },
  { b: 1, input: 40, h: 1, w: 1, stride: 1, padding: 6, dilation: 6 },
  { b: 1, input: 3, h: 7, w: 3, stride: 3, padding: 0, dilation: 1 },
  { b: 1, input: 20, h: 2, w: 90, stride: 1, padding: 5, dilation: 2 },
  // A row of more numbers than are walked together.
  { b: 1, input: 144, h: 4, w: 150, stride: 1, padding: 1, dilation: 1 },
].flatMap((sizes) =>
  [true, false].map((relu) => ({
    ...sizes,
    out: sizes.input,
    groups: sizes.input,
    kernel: 3,
    relu,
    ceiling: relu ? 6 : 0,
    shortcut: false,
  })),
)

const few = [
  { b: 2, input: 3, out: 8, h: 9, w: 11, stride: 2, padding: 1, dilation: 1 },
  { b: 1, input: 3, out: 32, h: 16, w: 16, stride: 2, padding: 1, dilation: 1 },
  { b: 1, input: 4, out: 20, h: 5, w: 7, stride: 1, padding: 2, dilation: 2 },
  { b: 1, input: 1, out: 3, h: 1, w: 1, stride: 1, padding: 1, dilation: 1 },
  { b: 2, input: 2, out: 16, h: 6, w: 30, stride: 1, padding: 0, dilation: 1 },
].flatMap((sizes) => [true, false].map((relu) => ({ ...sizes, groups: 1, kernel: 3, relu, ceiling: relu ? 6 : 0, shortcut: false })))

describe.each(machines)('light_conv against its float64 reference, %s', (isa) => {
  const title = 'b=$b in=$input out=$out $h x $w kernel=$kernel stride=$stride dilation=$dilation relu=$relu shortcut=$shortcut'
  on(isa).each([...pointwise, ...depthwise, ...few])(title, ({ b, input, out, h, w, kernel, shortcut, ...options }) => {
    const { padding, dilation, stride, groups } = options
    const seed = 700 + input + out + h
    const cells = (side: number) => Math.floor((side + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    const weight = randomTensor([out, input / groups, kernel, kernel], seed + 1)
    weight.data.forEach((value, i) => {
      weight.data[i] = ((options.ceiling > 0 ? 12 : 2) * value) / (kernel * Math.sqrt(input / groups))
    })
    const other = shortcut ? randomTensor([b, out, cells(h), cells(w)], seed + 3) : undefined
    const bias = stride === 1 ? randomTensor([out], seed + 2) : undefined
    const answers = testing().lightConv(randomTensor([b, input, h, w], seed), weight, bias, other, { ...options, isa })
    expectAsExact(answers!, 'float32')
    expect(answers!.unpacked, 'the weight comes back bit for bit').toBe(true)
  })
})

test.each([
  ['a stride', [4, 4, 1, 1], { stride: 2 }],
  ['padding', [4, 4, 1, 1], { padding: 1 }],
  ['some groups', [4, 2, 1, 1], { groups: 2 }],
  ['neighbours and more than four channels', [4, 5, 3, 3], { padding: 1 }],
  ['two results of a channel', [8, 1, 3, 3], { groups: 4 }],
  ['five taps a side', [4, 1, 5, 5], { groups: 4 }],
] as const)('what it has no kernel for is not light: %s', (_, shape, options) => {
  const x = randomTensor([1, shape[1], 6, 6], 1)
  const answer = testing().lightConv(x, randomTensor([...shape], 2), undefined, undefined, { ...plain, ...options, isa: 'default' })
  expect(answer).toEqual({ light: false })
})

describe.each(machines)('NaN, %s', (isa) => {
  on(isa)('stays NaN where it is read, and goes nowhere else', () => {
    const x = tensor([1, 1, 1, 5], [1, Number.NaN, 1, 1, 1])
    const one = { ...plain, relu: true, ceiling: 6, isa }
    const wide = testing().lightConv(x, tensor([1, 1, 3, 3], count(9, 1)), undefined, undefined, { ...one, padding: 1 })
    expect([...wide!.ours].map(Number.isNaN)).toEqual([true, true, true, false, false])
    const narrow = testing().lightConv(x, tensor([1, 1, 1, 1], [1]), undefined, undefined, one)
    expect([...narrow!.ours].map(Number.isNaN)).toEqual([false, true, false, false, false])
  })
})
