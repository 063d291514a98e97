import type { Table } from '@lancedb/lancedb'
import { arrow } from './arrow'
import type { Target } from './commit'
import { hashIn, idsAtOnce } from './known'
import { filtered, lance, quoted } from './lance'
import { hashesOf } from './read-rows'
import { hiddenSchema } from './schema'

/** Content hashes of hidden rows: 8 bytes a row. */
export class HiddenRows {
  private constructor(
    readonly version: number,
    private readonly hashes: BigInt64Array,
  ) {}

  /** As of now. */
  static async read({ place, tables }: Target): Promise<HiddenRows> {
    return lance(place, async () => {
      await tables.hidden.checkoutLatest()
      const version = await tables.hidden.version()
      const hashes = new BigInt64Array(await tables.hidden.countRows())
      let count = 0
      if (hashes.length > 0) {
        for await (const batch of tables.hidden.query().select(['row_hash'])) {
          const part = hashesOf(batch)
          hashes.set(part.subarray(0, hashes.length - count), count)
          count = Math.min(hashes.length, count + part.length)
        }
      }
      return new HiddenRows(version, hashes.subarray(0, count).sort())
    })
  }

  get none(): boolean {
    return this.hashes.length === 0
  }

  has(hash: bigint): boolean {
    let low = 0
    let high = this.hashes.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.hashes[middle] as bigint
      if (found === hash) return true
      if (found < hash) low = middle + 1
      else high = middle - 1
    }
    return false
  }
}

/** Hides what a SQL condition holds for. @returns how many rows that were not hidden */
export async function hideWhere(target: Target, where: string, reason: string): Promise<number> {
  const { place, tables } = target
  const { table } = await tables.latest()
  const hidden = await HiddenRows.read(target)
  let count = 0
  await filtered(place, where, async () => {
    for await (const batch of table.query().where(where).select(['row_hash']))
      count += await hideHashes(target, hidden, hashesOf(batch), reason)
  })
  return count
}

/** Hides the rows of these ids; ids that no row has are passed over. */
export async function hideIds(target: Target, ids: Iterable<string> | AsyncIterable<string>, reason: string): Promise<number> {
  const { place, tables } = target
  const { table } = await tables.latest()
  const hidden = await HiddenRows.read(target)
  let count = 0
  let part: string[] = []
  const send = async () => {
    const where = `${hashIn(part)} AND id IN (${part.map(quoted).join(', ')})`
    const hashes: bigint[] = []
    await lance(place, async () => {
      for await (const batch of table.query().where(where).select(['row_hash'])) hashes.push(...hashesOf(batch))
    })
    count += await hideHashes(target, hidden, hashes, reason)
    part = []
  }
  for await (const id of ids) if (part.push(id) >= idsAtOnce) await send()
  if (part.length > 0) await send()
  return count
}

/** @param reason only what was hidden for it; undefined: everything */
export async function restore({ place, tables }: Target, reason: string | undefined): Promise<number> {
  return lance(place, async () => {
    await tables.hidden.checkoutLatest()
    return (await tables.hidden.delete(reason === undefined ? 'true' : `reason = ${quoted(reason)}`)).numDeletedRows
  })
}

async function hideHashes({ place, tables }: Target, hidden: HiddenRows, all: Iterable<bigint>, reason: string): Promise<number> {
  const hashes = BigInt64Array.from([...all].filter((hash) => !hidden.has(hash)))
  if (hashes.length > 0) await lance(place, () => add(tables.hidden, hashes, reason))
  return hashes.length
}

async function add(table: Table, hashes: BigInt64Array, reason: string): Promise<void> {
  const { length } = hashes
  const column = arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: hashes })
  const reasons = arrow.vectorFromArray(Array<string>(length).fill(reason), new arrow.Utf8()).data[0]!
  const data = arrow.makeData({ type: new arrow.Struct(hiddenSchema.fields), length, nullCount: 0, children: [column, reasons] })
  await table.add(new arrow.Table(hiddenSchema, [new arrow.RecordBatch(hiddenSchema, data)]))
}
