import { ignored, outside } from './types'

/** An empty table: every value is outside the class list. */
const table = () => new Uint16Array(65536).fill(outside)

/** `entries` maps values to class indices; `ignore` lists values that do not count. */
export function valueMap(entries: Iterable<readonly [value: number, index: number]>, ignore: readonly number[] = []): Uint16Array {
  const values = table()
  for (const value of ignore) values[value] = ignored
  for (const [value, index] of entries) values[value] = index
  return values
}

/** Values 0 .. n-1 are the classes. */
export function contiguous(n: number, ignore: readonly number[] = [255]): Uint16Array {
  return valueMap(
    Array.from({ length: n }, (_, i) => [i, i] as const),
    ignore,
  )
}

/** Values first .. first+n-1 are the classes: MMSegmentation's reduce_zero_label for first = 1. */
export function shifted(n: number, first: number, ignore: readonly number[]): Uint16Array {
  return valueMap(
    Array.from({ length: n }, (_, i) => [i + first, i] as const),
    ignore,
  )
}

/** Values 0 .. n-1 stand for classes in another order: value i is class order[i]. */
export function reordered(order: readonly number[], ignore: readonly number[] = [255]): Uint16Array {
  return valueMap(
    order.map((index, value) => [value, index] as const),
    ignore,
  )
}
