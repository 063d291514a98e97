import type { RecordBatch, Vector } from 'apache-arrow'
import { checkArray } from '../arguments'
import { invalidArgument } from '../errors'
import { nearest } from '../options'
import { rowColumns } from './batches'
import type { RowField } from './contract'
import { fromHalf } from './half'
import type { ArchiveRow, Box, Metadata } from './types'

/** Everything but the vector. */
export const usualFields = Object.keys(rowColumns).filter((name) => name !== 'vector') as RowField[]

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for a name that no row has */
export function checkFields(given: unknown): readonly RowField[] {
  if (given === undefined) return usualFields
  checkArray('return', given, `a list of ${Object.keys(rowColumns).join(', ')}`)
  for (const name of given) {
    if (typeof name === 'string' && Object.hasOwn(rowColumns, name)) continue
    const meant = nearest(String(name), Object.keys(rowColumns))
    throw invalidArgument('return', `names out of ${Object.keys(rowColumns).join(', ')}${meant ? ` (${meant}?)` : ''}`, name)
  }
  return given as RowField[]
}

/** Columns of the table behind these fields, and those that everything needs. */
export function columnsOf(fields: readonly RowField[], more: readonly RowField[] = []): string[] {
  return [...new Set([...fields, ...more].flatMap((name) => rowColumns[name]))]
}

/** Reads rows out of a batch that holds the columns of `fields`. */
export function* readBatch(batch: RecordBatch, fields: readonly RowField[]): Generator<ArchiveRow> {
  const column = (name: string) => batch.getChild(name)
  const readers = fields.map((name) => [name, reader(name, column)] as const)
  for (let i = 0; i < batch.numRows; i++) {
    const row: Record<string, unknown> = {}
    for (const [name, read] of readers) {
      const value = read(i)
      if (value !== undefined && value !== null) row[name] = value
    }
    yield row as unknown as ArchiveRow
  }
}

type Reader = (row: number) => unknown

function reader(name: RowField, column: (name: string) => Vector | null): Reader {
  const one = column(rowColumns[name][0] as string)
  if (!one) return () => undefined
  switch (name) {
    case 'box': {
      const sides = rowColumns.box.map(column)
      return (i) => (one.get(i) === null ? undefined : (sides.map((side) => side?.get(i) as number) as Box))
    }
    case 'addedAt':
      return (i) => new Date(Number(one.get(i))).toISOString()
    case 'metadata':
      return (i) => (one.get(i) === null ? undefined : (JSON.parse(one.get(i) as string) as Metadata))
    case 'vector': {
      const halves = halvesOf(one)
      return (i) => fromHalf(halves.values.subarray(i * halves.dim, (i + 1) * halves.dim))
    }
    default:
      return (i) => one.get(i)
  }
}

/** Content hashes of a batch that holds the column row_hash. */
export function hashesOf(batch: RecordBatch): BigInt64Array {
  return (batch.getChild('row_hash') as Vector).toArray() as BigInt64Array
}

/** LanceDB's addresses of the rows of a batch, as pairs of words: offset, fragment. */
export function addressWords(batch: RecordBatch): Uint32Array {
  const addresses = (batch.getChild('_rowid') as Vector).toArray() as BigUint64Array
  return new Uint32Array(addresses.buffer, addresses.byteOffset, addresses.length * 2)
}

/** The half-precision values of a vector column, row-major. */
export function halvesOf(column: Vector): { values: Uint16Array; dim: number } {
  const data = column.data[0] as unknown as {
    offset: number
    length: number
    type: { listSize: number }
    children: { values: Uint16Array }[]
  }
  const dim = data.type.listSize
  const { values } = data.children[0] as { values: Uint16Array }
  return { values: values.subarray(0, data.length * dim), dim }
}
