import type { RecordBatch } from 'apache-arrow'
import { throwIfAborted } from '../options'
import type { Target } from './commit'
import type { RowField } from './contract'
import { HiddenRows } from './hidden'
import { filtered, lance } from './lance'
import { columnsOf, hashesOf, readBatch } from './read-rows'
import type { ArchiveRow, Reject } from './types'

/** Of the newest version, whatever is written meanwhile. */
export async function* readRows(
  target: Target,
  fields: readonly RowField[],
  { where, signal, hidden = false }: { where?: string | undefined; signal?: AbortSignal | undefined; hidden?: boolean | undefined },
): AsyncGenerator<ArchiveRow> {
  const { place, tables } = target
  const wanted = [...new Set<RowField>(['id', ...fields])]
  const without = hidden ? undefined : await HiddenRows.read(target)
  const skips = without !== undefined && !without.none
  const table = await tables.pinned((await tables.latest()).version)
  try {
    const all = table.query().select([...columnsOf(wanted), ...(skips ? ['row_hash'] : [])])
    const batches = (where === undefined ? all : all.where(where))[Symbol.asyncIterator]()
    while (true) {
      throwIfAborted(signal)
      const { value, done } = await filtered(place, where, () => batches.next())
      if (done) return
      const hashes = skips ? hashesOf(value as RecordBatch) : undefined
      let i = 0
      for (const row of readBatch(value as RecordBatch, wanted)) if (!hashes || !without?.has(hashes[i++] as bigint)) yield row
    }
  } finally {
    table.close()
  }
}

export async function* readRejects({ place, tables }: Target): AsyncGenerator<Reject> {
  await lance(place, () => tables.rejects.checkoutLatest())
  const names = ['id', 'uri', 'key', 'offset', 'length', 'version', 'code', 'reason'] as const
  for await (const batch of tables.rejects.query().select([...names])) {
    for (let i = 0; i < batch.numRows; i++) {
      const entries = names.map((name) => [name, batch.getChild(name)?.get(i)] as const)
      yield Object.fromEntries(entries.filter(([, value]) => value !== null)) as unknown as Reject
    }
  }
}
