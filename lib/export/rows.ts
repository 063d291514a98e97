import type { CuratedImage } from '../curate/curated-set'

export type Cell = string | number | boolean | null
export type Row = Record<string, Cell>

/** An image as a flat row; user columns keep their names, those that ours have already get `metadata_` before. */
export function rowOf(image: CuratedImage, classIndex: number, file?: string): Row {
  const { id, uri, key, offset, length, width, height, bytes, sha256, phash, caption, parent, box, addedAt } = image
  const own: Row = {
    ...(file !== undefined && { file_name: file }),
    id,
    class: image.class,
    class_index: classIndex,
    rank: image.rank,
    score: image.score,
    margin: image.margin ?? null,
    accepted: image.accepted ?? false,
    caption: caption ?? null,
    width,
    height,
    bytes,
    sha256,
    phash,
    uri,
    key: key ?? null,
    offset: offset ?? null,
    length: length ?? null,
    parent: parent ?? null,
    box: box === undefined ? null : JSON.stringify(box),
    added_at: addedAt,
  }
  const row = { ...own }
  for (const [name, value] of Object.entries(image.metadata ?? {})) row[name in own ? `metadata_${name}` : name] = value
  return row
}

type ColumnType = 'STRING' | 'DOUBLE' | 'BOOLEAN' | 'INT32'

/** Our own columns, in order: their types do not hang on what a set happens to hold. */
const own: Record<string, ColumnType> = {
  ...{ id: 'STRING', class: 'STRING', class_index: 'INT32', rank: 'INT32', score: 'DOUBLE', margin: 'DOUBLE', accepted: 'BOOLEAN' },
  ...{ caption: 'STRING', width: 'INT32', height: 'INT32', bytes: 'DOUBLE', sha256: 'STRING', phash: 'STRING', uri: 'STRING' },
  ...{ key: 'STRING', offset: 'DOUBLE', length: 'DOUBLE', parent: 'STRING', box: 'STRING', added_at: 'STRING' },
}

export interface Column {
  name: string
  type: ColumnType
  nullable: true
}

/** Ours, and those that rows have beside them in the order in which they come, with a type that all values fit: what is mixed becomes text. */
export function columnsOf(rows: readonly Row[]): Column[] {
  const types = new Map<string, ColumnType | undefined>()
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (name in own) continue
      const type = typeOf(value)
      const before = types.get(name)
      types.set(name, before === undefined || type === undefined || before === type ? (before ?? type) : 'STRING')
    }
  }
  return [...Object.entries(own), ...types].map(([name, type]) => ({ name, type: type ?? 'STRING', nullable: true }))
}

function typeOf(value: Cell): ColumnType | undefined {
  if (value === null) return undefined
  if (typeof value === 'boolean') return 'BOOLEAN'
  return typeof value === 'number' ? 'DOUBLE' : 'STRING'
}

/** Every cell as its column's type; absent ones are null. */
export function* typedRows(rows: readonly Row[], columns: readonly Column[]): Generator<Row> {
  for (const row of rows) {
    const typed: Row = {}
    for (const { name, type } of columns) {
      const value = row[name] ?? null
      typed[name] = type === 'STRING' && value !== null && typeof value !== 'string' ? String(value) : value
    }
    yield typed
  }
}
