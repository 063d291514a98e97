import { describe, expect, test } from 'vitest'
import { randomTensor, tensor, testing } from '../helpers/testing'

const rows = (shape: number[], data: Float32Array) =>
  Array.from({ length: shape[0]! }, (_, i) => [...data.subarray(i * shape[1]!, (i + 1) * shape[1]!)])

describe('position tables', () => {
  test('at the native grid the table comes back bit for bit', () => {
    const table = randomTensor([1 + 49, 6], 1)
    expect(testing().resizePosition(table, 7, 7)).toEqual(table)
  })

  // Cubic weights (A = -.75) at distance .25: -.10546875 .87890625 .26171875 -.03515625; borders repeat.
  test('2 -> 4 cells of a ramp by hand, the class row kept', () => {
    const { data, shape } = testing().resizePosition(tensor([5, 1], [9, 0, 1, 0, 1]), 2, 4)
    const ramp = [-0.10546875, 0.2265625, 0.7734375, 1.10546875]
    expect(shape).toEqual([9, 1])
    expect([...data]).toEqual([9, ...ramp, ...ramp])
  })

  test('a constant grid stays constant at every size', () => {
    const table = tensor([10, 1], [5, ...Array(9).fill(0.25)])
    for (const [h, w] of [
      [1, 1],
      [2, 9],
      [23, 77],
    ]) {
      const { data } = testing().resizePosition(table, h!, w!)
      expect(Math.max(...data.subarray(1).map((value) => Math.abs(value - 0.25)))).toBeLessThan(1e-6)
    }
  })

  test('7 x 28 is resized although it has as many cells as 14 x 14', () => {
    const table = randomTensor([197, 2], 3)
    const resized = testing().resizePosition(table, 7, 28)
    expect(resized.shape).toEqual([197, 2])
    expect(resized.data).not.toEqual(table.data)
  })

  const plain = { special: 1, offset: 0, antialias: false, byCount: false }

  test('byCount: 7 x 28 cells get the rows of 14 x 14 as they lie, as ReCo has it; two rows before the grid are kept', () => {
    const table = randomTensor([198, 2], 3)
    expect(testing().resizePosition(table, 7, 28, { ...plain, special: 2, byCount: true }).data).toEqual(table.data)
    const resized = testing().resizePosition(table, 7, 27, { ...plain, special: 2, byCount: true })
    expect(resized.shape).toEqual([2 + 7 * 27, 2])
    expect([...resized.data.subarray(0, 4)]).toEqual([...table.data.subarray(0, 4)])
  })

  // Sampled at (i + .5) * 2 / 4.1 - .5: the first cell lies at -.25610, its weights are those of distance .74390.
  test('offset: 2 -> 4 cells are sampled as if there were 4.1', () => {
    const { data } = testing().resizePosition(tensor([5, 1], [9, 0, 1, 0, 1]), 4, 4, { ...plain, offset: 0.1 })
    const sample = (i: number) => {
      const at = ((i + 0.5) * 2) / 4.1 - 0.5
      const from = Math.floor(at)
      const near = (x: number) => (1.25 * x - 2.25) * x * x + 1
      const far = (x: number) => ((-0.75 * x + 3.75) * x - 6) * x + 3
      const t = at - from
      const weights = [far(t + 1), near(t), near(1 - t), far(2 - t)]
      return weights.reduce((sum, weight, j) => sum + weight * Math.min(1, Math.max(0, from - 1 + j)), 0)
    }
    for (let i = 0; i < 4; i++) expect(data[1 + i]).toBeCloseTo(sample(i), 5)
    expect(data[1]).not.toBeCloseTo(-0.10546875, 4)
  })

  test('antialias: a shrunk ramp keeps its mean and is smoother than samples of it', () => {
    const grid = Array.from({ length: 64 }, (_, i) => (i % 8) % 2)
    const table = tensor([65, 1], [0, ...grid])
    const spread = (antialias: boolean) => {
      const { data } = testing().resizePosition(table, 3, 3, { ...plain, antialias })
      return Math.max(...data.subarray(1)) - Math.min(...data.subarray(1))
    }
    expect(spread(true)).toBeLessThan(0.5 * spread(false))
  })

  test('a window is the class row and its cells in raster order', () => {
    const table = tensor(
      [17, 2],
      Array.from({ length: 34 }, (_, i) => i),
    )
    const { data, shape } = testing().windowPosition(table, 1, 2, 2, 2)
    expect(rows(shape, data)).toEqual([
      [0, 1],
      [14, 15],
      [16, 17],
      [22, 23],
      [24, 25],
    ])
  })

  test.each([
    [-1, 0, 2, 2],
    [3, 0, 2, 2],
    [0, 3, 2, 2],
  ])('a window outside the grid: y %i x %i', (y, x, h, w) => {
    expect(() => testing().windowPosition(randomTensor([17, 2], 1), y, x, h, w)).toThrow(/inside the 4x4 position grid/)
  })

  test('a table that is no square grid', () => {
    expect(() => testing().resizePosition(randomTensor([8, 2], 1), 2, 2)).toThrow(/1 \+ g \* g rows but received 8/)
  })
})
