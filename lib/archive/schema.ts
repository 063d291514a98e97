import type { DataType, Field, Schema } from 'apache-arrow'
import { arrow } from './arrow'
import type { Metadata } from './types'

/** Names of columns as SQL filters write them. `vector` is fixed_size_list<float16>[dim]. */
export function imagesSchema(dim: number): Schema {
  return new arrow.Schema([
    field('id', new arrow.Utf8(), false),
    field('uri', new arrow.Utf8(), false),
    field('key', new arrow.Utf8()),
    field('offset', new arrow.Float64()),
    field('length', new arrow.Float64()),
    field('version', new arrow.Utf8()),
    field('width', new arrow.Int32(), false),
    field('height', new arrow.Int32(), false),
    field('bytes', new arrow.Float64(), false),
    field('sha256', new arrow.Utf8(), false),
    field('phash', new arrow.Utf8(), false),
    field('caption', new arrow.Utf8()),
    field('parent', new arrow.Utf8()),
    field('box_left', new arrow.Float64()),
    field('box_top', new arrow.Float64()),
    field('box_width', new arrow.Float64()),
    field('box_height', new arrow.Float64()),
    field('added_at', new arrow.TimestampMillisecond('UTC'), false),
    field('metadata', new arrow.Utf8()),
    field('id_hash', new arrow.Int64(), false),
    field('row_hash', new arrow.Int64(), false),
    field('vector', new arrow.FixedSizeList(dim, new arrow.Field('item', new arrow.Float16(), true)), false),
  ])
}

export const rejectsSchema = new arrow.Schema([
  field('id', new arrow.Utf8(), false),
  field('uri', new arrow.Utf8(), false),
  field('key', new arrow.Utf8()),
  field('offset', new arrow.Float64()),
  field('length', new arrow.Float64()),
  field('version', new arrow.Utf8()),
  field('code', new arrow.Utf8(), false),
  field('reason', new arrow.Utf8(), false),
  field('added_at', new arrow.TimestampMillisecond('UTC'), false),
  field('id_hash', new arrow.Int64(), false),
])

/** Rows that are taken out of searches, and may come back: content hash and why. */
export const hiddenSchema = new arrow.Schema([field('row_hash', new arrow.Int64(), false), field('reason', new arrow.Utf8(), false)])

function field(name: string, type: DataType, nullable = true): Field {
  return new arrow.Field(name, type, nullable)
}

const reserved = new Set([...imagesSchema(1).fields.map(({ name }) => name), 'box', 'score', '_rowid', '_distance'])

/** Columns of the user's own keys; more stay in the JSON of `metadata` alone. */
export const mostUserColumns = 200

/**
 * The column that holds a key of the user's metadata, for SQL: the key itself, other characters than letters, digits and _
 * become _; a name that the archive uses, a leading digit or _ gets `meta_` before it. Case does not tell columns apart.
 */
export function userColumn(key: string): string {
  const plain = key.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z]/.test(plain) && !reserved.has(plain.toLowerCase()) ? plain : `meta_${plain}`
}

/** The columns that these metadata need beside those that are there: the first value that is not null says the type. */
export function newUserColumns(all: Iterable<Metadata | undefined>, known: readonly string[]): Field[] {
  const taken = new Set(known.map((name) => name.toLowerCase()))
  let room = mostUserColumns - known.filter((name) => !reserved.has(name)).length
  const fields: Field[] = []
  for (const metadata of all) {
    for (const [key, value] of Object.entries(metadata ?? {})) {
      const name = userColumn(key)
      if (value === null || taken.has(name.toLowerCase()) || room <= 0) continue
      taken.add(name.toLowerCase())
      room--
      const type = typeof value === 'number' ? new arrow.Float64() : typeof value === 'boolean' ? new arrow.Bool() : new arrow.Utf8()
      fields.push(new arrow.Field(name, type, true))
    }
  }
  return fields
}

export function isUserColumn(name: string): boolean {
  return !reserved.has(name)
}
