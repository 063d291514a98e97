import { setImmediate } from 'node:timers/promises'
import type { Table } from '@lancedb/lancedb'
import { addressWords, hashesOf } from './read-rows'

/**
 * The rows of one version of the table in their order (the order they were added in), and how LanceDB addresses each: fragment in
 * the upper 32 bits, offset in the lower. 12 bytes a row while it is built, 4 afterwards.
 */
export class RowMap {
  private constructor(
    readonly length: number,
    private readonly offsets: Uint32Array,
    /** Ascending `from`. */
    private readonly runs: readonly Run[],
    private readonly byFragment: ReadonlyMap<number, Run>,
  ) {}

  /** @param visit gets the content hash of every row, in order */
  static async read(table: Table, visit: (hashes: BigInt64Array) => void): Promise<RowMap> {
    let offsets = new Uint32Array(Math.max(16, await table.countRows()))
    const runs: Run[] = []
    let length = 0
    for await (const batch of table.query().select(['row_hash']).withRowId()) {
      const words = addressWords(batch)
      if (length + batch.numRows > offsets.length) offsets = grown(offsets, length + batch.numRows)
      for (let i = 0; i < batch.numRows; i++) {
        const fragment = words[2 * i + 1] as number
        const last = runs.at(-1)
        if (last?.fragment === fragment) last.count++
        else runs.push({ fragment, from: length, count: 1 })
        offsets[length++] = words[2 * i] as number
      }
      visit(hashesOf(batch))
      await setImmediate()
    }
    return new RowMap(length, offsets.subarray(0, length), runs, new Map(runs.map((run) => [run.fragment, run])))
  }

  /** -> what LanceDB takes rows by */
  address(row: number): bigint {
    let low = 0
    let high = this.runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.runs[middle] as Run).from <= row) low = middle
      else high = middle - 1
    }
    return (BigInt((this.runs[low] as Run).fragment) << 32n) | BigInt(this.offsets[row] as number)
  }

  /** The row at an address given as its two halves, or -1. */
  row(fragment: number, offset: number): number {
    const run = this.byFragment.get(fragment)
    if (!run) return -1
    // Without deleted rows the offset itself says the place.
    const direct = run.from + offset
    if (offset < run.count && this.offsets[direct] === offset) return direct
    let low = run.from
    let high = run.from + run.count - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.offsets[middle] as number
      if (found === offset) return middle
      if (found < offset) low = middle + 1
      else high = middle - 1
    }
    return -1
  }
}

interface Run {
  fragment: number
  from: number
  count: number
}

function grown(old: Uint32Array, needed: number): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(Math.max(needed, old.length * 2))
  next.set(old)
  return next
}
