import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { WordmaskError } from '../../errors'
import { storeOf } from '../../storage'
import type { ByteRange } from '../../storage/store'
import { isGzip, type ListFormat } from '../endings'
import { inTurns } from '../turns'
import { csvRows } from './csv'
import { maxLine, splitLines } from './lines'
import { parquetRows } from './parquet'

/** A row of a list, of whatever format. */
export interface ListRow {
  /** From 0; of text and JSONL the line, of CSV the row after the header. */
  number: number
  /** Offset of the byte after it, where that is known: not of a row that a CSV parser left out. */
  end?: number
  fields?: Record<string, unknown>
  /** Of CSV: the columns in order. */
  names?: readonly string[]
  /** A text line that is not UTF-8, one character a byte. */
  raw?: string
  /** What is wrong with the row. */
  error?: string
}

export interface ListFile {
  uri: string
  format: ListFormat
  /** Of CSV: names of the columns, where the header is not to be read. */
  header?: readonly string[]
  /** Where the rows from `rows[0]` on lie. */
  range?: ByteRange
  /** First and one after the last. */
  rows?: readonly [number, number]
}

/** Whether slices of it can be read by byte range. */
export const hasRanges = (file: { uri: string; format: ListFormat }): boolean => file.format !== 'parquet' && !isGzip(file.uri)

/**
 * The rows of a list or of a slice of it, streamed.
 * @throws ERR_WORDMASK_IO for a gzip stream or a Parquet file that is damaged
 */
export async function* listRows(file: ListFile, signal?: AbortSignal): AsyncGenerator<ListRow, void, undefined> {
  const { uri, format, header, range, rows = [0, Number.POSITIVE_INFINITY] } = file
  if (format === 'parquet') return yield* parquetRows(uri, rows, signal)
  const stream = (await storeOf(uri)).stream(uri, { range, signal })
  const bytes = isGzip(uri) ? gunzipped(uri, stream) : inTurns(stream)
  const start = { number: range ? rows[0] : 0, offset: range?.offset ?? 0 }
  const all = format === 'csv' || format === 'tsv' ? csvRows(bytes, { uri, format, header, ...start }) : lineRows(bytes, format, start)
  for await (const row of all) {
    if (row.number >= rows[1]) return
    if (row.number >= rows[0]) yield row
  }
}

async function* lineRows(
  stream: AsyncIterable<Uint8Array>,
  format: 'text' | 'jsonl',
  start: { number: number; offset: number },
): AsyncGenerator<ListRow, void, undefined> {
  for await (const { bytes, number, end } of splitLines(stream, start)) {
    const place = { number, end }
    if (bytes === undefined) yield { ...place, error: `is longer than ${maxLine} bytes` }
    else if (!isUtf8(bytes)) yield format === 'text' ? { ...place, raw: bytes.toString('latin1') } : { ...place, error: 'is not UTF-8' }
    else {
      const text = bytes.toString('utf8').trim()
      if (text === '') continue
      yield format === 'text' ? { ...place, fields: { uri: text } } : { ...place, ...parsed(text) }
    }
  }
}

function parsed(line: string): Pick<ListRow, 'fields' | 'error'> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return { error: `is no JSON: ${(error as Error).message}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { error: 'is no JSON object' }
  return { fields: value as Record<string, unknown> }
}

async function* gunzipped(uri: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = Readable.from(stream, { objectMode: false })
  const unpacked = createGunzip()
  source.on('error', (error) => unpacked.destroy(error))
  try {
    yield* source.pipe(unpacked)
  } catch (error) {
    if (error instanceof WordmaskError) throw error
    throw new WordmaskError('ERR_WORDMASK_IO', `${uri} cannot be unpacked: ${(error as Error).message}. Copy it again`, { cause: error })
  } finally {
    source.destroy()
  }
}
