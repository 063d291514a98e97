import { setImmediate } from 'node:timers/promises'
import type { Bool, Data, DataType, Field, RecordBatch, Schema, Table } from 'apache-arrow'
import { arrow } from './arrow'
import { hash64, rowHash } from './hashes'
import { imagesSchema, isUserColumn, rejectsSchema, userColumn } from './schema'
import type { ArchiveRow, EmbeddedRow, Metadata, Reject } from './types'

/** Rows turned into columns between two breaths of the event loop. */
const rowsAtOnce = 500

type Column<T> = (row: T) => unknown

const imageColumns: Record<string, Column<EmbeddedRow>> = {
  box_left: ({ box }) => box?.[0],
  box_top: ({ box }) => box?.[1],
  box_width: ({ box }) => box?.[2],
  box_height: ({ box }) => box?.[3],
  added_at: ({ addedAt }) => BigInt(Date.parse(addedAt)),
  metadata: ({ metadata }) => (metadata && Object.keys(metadata).length > 0 ? JSON.stringify(metadata) : undefined),
  id_hash: ({ id }) => hash64(id),
  row_hash: rowHash,
}

const rejectColumns: Record<string, Column<Reject & { addedAt: string }>> = {
  added_at: ({ addedAt }) => BigInt(Date.parse(addedAt)),
  id_hash: ({ id }) => hash64(id),
}

/** Rows as a table that LanceDB takes; `user` are the columns of the user's that the archive has. */
export async function imagesTable(rows: readonly EmbeddedRow[], dim: number, user: readonly Field[]): Promise<Table> {
  const used = user.filter((field) => rows.some(({ metadata }) => userValue(metadata, field.name.toLowerCase(), field.type) !== null))
  const schema = new arrow.Schema([...imagesSchema(dim).fields, ...used])
  return batched(rows, schema, (part, field) => {
    if (field.name === 'vector') return vectors(part, field, dim)
    if (isUserColumn(field.name)) return userValues(part, field)
    return values(part, field, imageColumns[field.name])
  })
}

export async function rejectsTable(rejects: readonly (Reject & { addedAt: string })[]): Promise<Table> {
  return batched(rejects, rejectsSchema, (part, field) => values(part, field, rejectColumns[field.name]))
}

async function batched<T>(rows: readonly T[], schema: Schema, column: (part: readonly T[], field: Field) => Data): Promise<Table> {
  const batches: RecordBatch[] = []
  // A batch whose booleans are all null cannot be written (bools): with such a column the rows stay together.
  const step = schema.fields.some(({ type }) => type.toString() === 'Bool') ? Math.max(1, rows.length) : rowsAtOnce
  for (let from = 0; from < rows.length; from += step) {
    if (from > 0) await setImmediate()
    const part = rows.slice(from, from + step)
    const children = schema.fields.map((field) => column(part, field))
    batches.push(
      new arrow.RecordBatch(schema, arrow.makeData({ type: new arrow.Struct(schema.fields), length: part.length, nullCount: 0, children })),
    )
  }
  return new arrow.Table(schema, batches)
}

function values<T>(rows: readonly T[], field: Field, column: Column<T> | undefined): Data {
  const read = column ?? ((row: T) => (row as Record<string, unknown>)[field.name])
  return dataOf(
    rows.map((row) => read(row) ?? null),
    field.type,
  )
}

function userValues(rows: readonly EmbeddedRow[], { name, type }: Field): Data {
  return dataOf(
    rows.map(({ metadata }) => userValue(metadata, name.toLowerCase(), type)),
    type,
  )
}

/** A value of another type than the column's is in the JSON alone. */
function userValue(metadata: Metadata | undefined, column: string, type: DataType): unknown {
  if (!metadata) return null
  const wanted = type.toString()
  for (const [key, value] of Object.entries(metadata)) {
    if (value === null || userColumn(key).toLowerCase() !== column) continue
    if (wanted === 'Utf8') return typeof value === 'string' ? value : String(value)
    if (typeof value === (wanted === 'Bool' ? 'boolean' : 'number')) return value
  }
  return null
}

function dataOf(list: unknown[], type: DataType): Data {
  if (type.toString() === 'Bool') return bools(list as (boolean | null)[], type)
  return arrow.vectorFromArray(list as never[], type).data[0] as Data
}

/** apache-arrow leaves the bits away where every row is null, which LanceDB refuses: imagesTable leaves such columns out. */
function bools(list: (boolean | null)[], type: DataType): Data {
  const data = new Uint8Array(Math.ceil(list.length / 8))
  const nullBitmap = new Uint8Array(data.length)
  for (const [i, value] of list.entries()) {
    if (value === null) continue
    const bit = 1 << (i & 7)
    nullBitmap[i >> 3] = (nullBitmap[i >> 3] as number) | bit
    if (value) data[i >> 3] = (data[i >> 3] as number) | bit
  }
  const nullCount = list.filter((value) => value === null).length
  return arrow.makeData({ type: type as Bool, length: list.length, nullCount, nullBitmap, data })
}

function vectors(rows: readonly EmbeddedRow[], { type }: Field, dim: number): Data {
  const half = new Uint16Array(rows.length * dim)
  for (const [i, { vector }] of rows.entries()) half.set(vector, i * dim)
  const child = arrow.makeData({ type: new arrow.Float16(), length: half.length, nullCount: 0, data: half })
  return arrow.makeData({ type: type as never, length: rows.length, nullCount: 0, child } as never) as unknown as Data
}

/** Names a caller may ask for -> the columns they are made of. */
export const rowColumns: Record<keyof ArchiveRow, readonly string[]> = {
  id: ['id'],
  uri: ['uri'],
  key: ['key'],
  offset: ['offset'],
  length: ['length'],
  version: ['version'],
  width: ['width'],
  height: ['height'],
  bytes: ['bytes'],
  sha256: ['sha256'],
  phash: ['phash'],
  caption: ['caption'],
  parent: ['parent'],
  box: ['box_left', 'box_top', 'box_width', 'box_height'],
  addedAt: ['added_at'],
  metadata: ['metadata'],
  vector: ['vector'],
}
