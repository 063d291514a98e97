import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { maxLine } from './lines'
import type { ListRow } from './rows'

export interface CsvStart {
  /** Names of the columns, where the header is not to be read; the first row of the stream is then data. */
  header?: readonly string[]
  number: number
  offset: number
}

/** Rows of RFC 4180 CSV (quotes, line ends within quotes) or of tab-separated values. The first row names the columns. */
export async function* csvRows(
  stream: AsyncIterable<Uint8Array>,
  format: 'csv' | 'tsv',
  { header, number, offset }: CsvStart,
): AsyncGenerator<ListRow, void, undefined> {
  const source = Readable.from(stream, { objectMode: false })
  const parser = parse({
    delimiter: format === 'csv' ? ',' : '\t',
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxLine,
  })
  const skipped: CsvError[] = []
  parser.on('skip', (error: CsvError) => skipped.push(error))
  source.on('error', (error) => parser.destroy(error))
  let names = header
  let end = offset
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{ record: string[]; info: { bytes: number } }>) {
      for (const error of skipped.splice(0)) yield { number: number++, end, error: words(error) }
      end = offset + info.bytes
      if (names === undefined) names = record
      else if (record.length !== names.length)
        yield { number: number++, end, error: `has ${record.length} columns, and the header ${names.length}` }
      else yield { number: number++, end, fields: Object.fromEntries(names.map((name, i) => [name, record[i]])) }
    }
    for (const error of skipped) yield { number: number++, end, error: words(error) }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    yield { number, end, error: `and what follows cannot be read: ${words(error)}` }
  } finally {
    source.destroy()
    parser.destroy()
  }
}

const words = (error: CsvError) => error.message.split('\n', 1)[0] as string
