import type { Table } from '@lancedb/lancedb'
import { imagesTable, rejectsTable } from './batches'
import { hashIn, idsAtOnce, lookUp } from './known'
import { type LanceTables, lance, quoted } from './lance'
import type { ArchivePlace } from './place'
import { type ArchiveRecord, readRowsFile } from './records'
import { isUserColumn, newUserColumns } from './schema'
import type { EmbeddedRow, Reject } from './types'

export interface Target {
  place: ArchivePlace
  tables: LanceTables
  dim: number
}

/** Brings the rows of a journal's segment into the tables; what is there already is left, so that it may be done twice. */
export async function commitSegment(target: Target, file: string): Promise<void> {
  const records: ArchiveRecord[] = []
  for await (const { record } of readRowsFile(file)) records.push(record)
  await commitRecords(target, records)
}

/**
 * Joined by id: a row with the same content is there already, one with another content is replaced. Of several records of one
 * id the last counts. The caller holds the lock of commits.
 */
export async function commitRecords({ place, tables, dim }: Target, records: readonly ArchiveRecord[]): Promise<void> {
  const rows = new Map<string, EmbeddedRow>()
  const rejects = new Map<string, Reject>()
  for (const record of records) {
    const { id } = 'row' in record ? record.row : record.reject
    // Deleted first, so that the last one of an id also stands last.
    rows.delete(id)
    rejects.delete(id)
    if ('row' in record) rows.set(id, record.row)
    else rejects.set(id, record.reject)
  }
  await lance(place, async () => {
    await tables.images.checkoutLatest()
    await tables.rejects.checkoutLatest()
    await addRows(place, tables.images, [...rows.values()], dim)
    await addRejects(place, tables.rejects, [...rejects.values()], [...rows.keys()])
  })
}

async function addRows(place: ArchivePlace, table: Table, rows: EmbeddedRow[], dim: number): Promise<void> {
  const known = await lookUp(
    place,
    table,
    rows.map(({ id }) => id),
  )
  const fresh = rows.filter(({ id, sha256 }) => known.get(id)?.sha256 !== sha256)
  if (fresh.length === 0) return
  const old = fresh.filter(({ id }) => known.has(id)).map(({ id }) => id)
  await deleteIds(table, old)
  const { fields } = await table.schema()
  const names = fields.map(({ name }) => name)
  const added = newUserColumns(
    fresh.map(({ metadata }) => metadata),
    names,
  )
  if (added.length > 0) await table.addColumns(added)
  await table.add(await imagesTable(fresh, dim, [...fields.filter(({ name }) => isUserColumn(name)), ...added]))
  // The lock of commits is this machine's; an archive on an object store has writers on others.
  if (place.remote)
    await removeTwins(
      table,
      fresh.map(({ id }) => id),
    )
}

/** Where two machines added one id at the same time, the row that came first stays, whichever of them looks. */
async function removeTwins(table: Table, ids: readonly string[]): Promise<void> {
  await table.checkoutLatest()
  const wanted = new Set(ids)
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const rows = new Map<string, bigint[]>()
    for await (const batch of table
      .query()
      .where(hashIn(ids.slice(from, from + idsAtOnce)))
      .select(['id'])
      .withRowId()) {
      for (let i = 0; i < batch.numRows; i++) {
        const id = batch.getChild('id')?.get(i) as string
        if (wanted.has(id)) rows.set(id, [...(rows.get(id) ?? []), batch.getChild('_rowid')?.get(i) as bigint])
      }
    }
    const later = [...rows.values()].flatMap((all) => all.sort((a, b) => (a < b ? -1 : 1)).slice(1))
    if (later.length > 0) await table.delete(`_rowid IN (${later.join(', ')})`)
  }
}

async function addRejects(place: ArchivePlace, table: Table, rejects: Reject[], taken: string[]): Promise<void> {
  if ((await table.countRows()) > 0) {
    const ids = [...rejects.map(({ id }) => id), ...taken]
    await deleteIds(table, [...(await lookUp(place, table, ids)).keys()])
  }
  const addedAt = new Date().toISOString()
  if (rejects.length > 0) await table.add(await rejectsTable(rejects.map((reject) => ({ ...reject, addedAt }))))
}

export async function deleteIds(table: Table, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const part = ids.slice(from, from + idsAtOnce)
    await table.delete(`${hashIn(part)} AND id IN (${part.map(quoted).join(', ')})`)
  }
}
