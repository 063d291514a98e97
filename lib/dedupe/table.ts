import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { DedupeSource, RowFacts } from './source'

/** What deduplication holds of all rows, by row number: 33 bytes each. */
export interface RowTable {
  /** Rows that are not hidden, a bitmap (row i is bit i % 8 of byte i / 8). */
  shown: Uint8Array
  rows: number
  /** Pixels, of a crop its own: of near-duplicates the largest is kept, of equal ones the first. */
  pixels: Float64Array
  phash: BigUint64Array
  /** Rows that have a perceptual hash, a bitmap. */
  hashed: Uint8Array
  /** 128 bits of the hash of the content. */
  high: BigUint64Array
  low: BigUint64Array
}

export const bitmap = (size: number) => new Uint8Array(Math.ceil(size / 8))
export const setBit = (bits: Uint8Array, i: number) => {
  bits[i >> 3]! |= 1 << (i & 7)
}
export const hasBit = (bits: Uint8Array, i: number) => ((bits[i >> 3]! >> (i & 7)) & 1) === 1

export async function readTable(source: DedupeSource, signal?: AbortSignal): Promise<RowTable> {
  const { size } = source
  const numbers = () => new BigUint64Array(size)
  const bits = () => bitmap(size)
  const table: RowTable = {
    ...{ shown: bits(), rows: 0, pixels: new Float64Array(size), phash: numbers(), hashed: bits() },
    ...{ high: numbers(), low: numbers() },
  }
  for await (const block of source.facts(signal)) {
    for (const facts of block) {
      const { row, box, phash } = facts
      const content = contentHash(facts)
      setBit(table.shown, row)
      table.rows++
      table.high[row] = BigInt(`0x${content.slice(0, 16)}`)
      table.low[row] = BigInt(`0x${content.slice(16, 32)}`)
      table.pixels[row] = box === undefined ? facts.width * facts.height : box[2] * box[3]
      if (!/^[0-9a-f]{16}$/.test(phash)) continue
      table.phash[row] = BigInt(`0x${phash}`)
      setBit(table.hashed, row)
    }
    await setImmediate()
  }
  return table
}

/** A crop has its parent's bytes; its box makes it what it is. */
function contentHash({ sha256, box }: RowFacts): string {
  return box === undefined
    ? sha256
    : createHash('sha256')
        .update(`${sha256} ${box.join(' ')}`)
        .digest('hex')
}

/** Rows with the same content as a better one: `found` is told. Rows are taken apart by their first byte, so that no map grows large. */
export async function exactStars(table: RowTable, found: (row: number, keeper: number) => void): Promise<void> {
  const { high, low, pixels, shown } = table
  const buckets: number[][] = Array.from({ length: 256 }, () => [])
  for (let row = 0; row < high.length; row++) if (hasBit(shown, row)) buckets[Number(high[row]! >> 56n)]!.push(row)
  for (const bucket of buckets) {
    const groups = new Map<string, number[]>()
    for (const row of bucket) {
      const content = `${high[row]} ${low[row]}`
      const same = groups.get(content)
      if (same) same.push(row)
      else groups.set(content, [row])
    }
    for (const rows of groups.values()) {
      if (rows.length === 1) continue
      const keeper = rows.reduce((best, row) => (pixels[row]! > pixels[best]! ? row : best))
      for (const row of rows) if (row !== keeper) found(row, keeper)
    }
    await setImmediate()
  }
}
