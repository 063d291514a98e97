import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { WordmaskError } from '../../errors'
import { maxLine } from './lines'
import type { ListRow } from './rows'

export interface CsvStart {
  /** For messages. */
  uri: string
  format: 'csv' | 'tsv'
  /** Names of the columns, where the header is not to be read; the first row of the stream is then data. */
  header?: readonly string[]
  number: number
  offset: number
}

/** Rows of RFC 4180 CSV (quotes, line ends within quotes) or of tab-separated values. The first row names the columns. */
export async function* csvRows(
  stream: AsyncIterable<Uint8Array>,
  { uri, format, header, number, offset }: CsvStart,
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
  const skipped = new Skipped()
  parser.on('skip', (error: CsvError) => skipped.add(error))
  source.on('error', (error) => parser.destroy(error))
  let names = header
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{ record: string[]; info: Info }>) {
      for (const error of skipped.before(info.records)) yield { number: number++, error }
      const end = offset + info.bytes
      if (names === undefined) names = distinct(uri, record)
      else if (record.length !== names.length)
        yield { number: number++, end, error: `has ${record.length} columns, and the header ${names.length}` }
      else yield { number: number++, end, names, fields: Object.fromEntries(names.map((name, i) => [name, record[i]])) }
    }
    for (const error of skipped.before(Number.POSITIVE_INFINITY)) yield { number: number++, error }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    for (const skip of skipped.before(Number.POSITIVE_INFINITY)) yield { number: number++, error: skip }
    yield { number, error: `and what follows cannot be read: ${words(error)}` }
  } finally {
    source.destroy()
    parser.destroy()
  }
}

function distinct(uri: string, names: string[]): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return names
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${uri} has two columns of the name ${JSON.stringify(twice)}. Rename one of them`,
  )
}

/** Records that were read before this point, and bytes. */
interface Info {
  records: number
  bytes: number
}

/** Rows that the parser left out. It tells of them when it meets them, which is ahead of the rows that are taken from it. */
class Skipped {
  private readonly rows: { records: number; line: number; error: string }[] = []

  add(error: CsvError): void {
    const { records, lines } = error as unknown as { records: number; lines: number }
    // One row may have several faults.
    if (this.rows.at(-1)?.line !== lines) this.rows.push({ records, line: lines, error: words(error) })
  }

  *before(records: number): Generator<string, void, undefined> {
    while (this.rows.length > 0 && this.rows[0]!.records < records) yield `cannot be read: ${this.rows.shift()!.error}`
  }
}

/** Without the line number, which is the slice's and not the file's. */
const words = (error: CsvError) => (error.message.split('\n', 1)[0] as string).replace(/ (at|on) line \d+/, '')
