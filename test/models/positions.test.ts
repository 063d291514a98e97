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
