import { WordmaskError } from '../../errors'
import { storeOf } from '../../storage'
import type { StoredFile } from '../../storage/store'
import { folderOf } from '../../storage/uri'
import type { ListFormat } from '../endings'
import { inOrder } from '../ordered'
import type { ListPiece, ListPieceColumns } from '../piece'
import type { Context, Found, ListColumns, Piece, Source } from '../types'
import { asVersion, looksAtOnce } from '../version'
import { chooseColumns, headRows, isUntyped } from './columns'
import { rowImage } from './image'
import { parquetShape } from './parquet'
import { hasRanges, type ListFile, type ListRow, listRows } from './rows'

/** Slices of a compressed list are each unpacked from its beginning: said from here on. */
const manySlices = 100

type Slice = Pick<ListPiece, 'rows' | 'range' | 'header'> & { images: number }

/** A list of images: lines of text, CSV, JSONL, Parquet. */
export class ListSource implements Source {
  readonly looked = 'rows that name images'
  private readonly base: string

  constructor(
    readonly name: string,
    private readonly format: ListFormat,
    private readonly wanted: ListColumns = {},
    base?: string,
  ) {
    this.base = base ?? folderOf(name)
  }

  async *images(context: Context): AsyncGenerator<Found, void, undefined> {
    const { columns } = await this.head(context)
    const file: ListFile = { uri: this.name, format: this.format }
    yield* rowImages(file, columns, this.base, context)
  }

  async *pieces(context: Context, size: number): AsyncGenerator<Piece, void, undefined> {
    const { columns, header } = await this.head(context)
    const file = await (await storeOf(this.name)).stat(this.name, { signal: context.signal })
    const slices: Iterable<Slice> | AsyncIterable<Slice> =
      this.format === 'parquet' ? await this.rowSlices(size, context) : this.cut(size, file.bytes, header, context)
    let count = 0
    for await (const slice of slices) {
      const { rows } = slice
      const name = `${this.name}: rows ${rows[0] + 1} to ${rows[1]}`
      const { images, ...source } = slice
      yield {
        name,
        source: { kind: 'list', uri: this.name, format: this.format, ...asVersion(file.version), base: this.base, columns, ...source },
        images,
        files: [file],
      }
      if (++count === manySlices && !hasRanges({ uri: this.name, format: this.format }) && this.format !== 'parquet')
        context.onNotice(`${this.name} is compressed, so each of its many slices is unpacked from its beginning: gunzip it first`)
    }
  }

  /** Columns by the names and the first rows of the file. */
  private async head(context: Context): Promise<{ columns: ListPieceColumns; header?: string[] }> {
    const { name: uri, format, wanted } = this
    if (format === 'text') return { columns: { uri: 'uri' } }
    if (format === 'parquet') return { columns: chooseColumns(uri, (await parquetShape(uri, context.signal)).names, wanted) }
    const rows: Record<string, unknown>[] = []
    let header: readonly string[] = []
    for await (const row of listRows({ uri, format }, context.signal)) {
      header = row.names ?? header
      if (row.fields && rows.push(row.fields) === headRows) break
    }
    if (rows.length === 0) throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `${uri} has no row that can be read`)
    const names = [...new Set(rows.flatMap((fields) => Object.keys(fields)))]
    const columns = chooseColumns(uri, names, wanted, isUntyped(format) ? rows : [])
    return isUntyped(format) ? { columns, header: [...header] } : { columns }
  }

  private async rowSlices(size: number, { signal }: Context): Promise<Slice[]> {
    const { rows } = await parquetShape(this.name, signal)
    return Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
      const slice: [number, number] = [i * size, Math.min((i + 1) * size, rows)]
      return { rows: slice, images: slice[1] - slice[0] }
    })
  }

  /** The first slice of a CSV file has its header; the others carry the names. */
  private async *cut(
    size: number,
    bytes: number,
    header: string[] | undefined,
    { signal }: Context,
  ): AsyncGenerator<Slice, void, undefined> {
    const { name: uri, format } = this
    const ranges = hasRanges({ uri, format })
    let images = 0
    let first = 0
    let from = 0
    let last = 0
    const slice = (end: number): Slice => ({
      rows: [first, last],
      ...(ranges && { range: { offset: from, length: end - from } }),
      ...(ranges && from > 0 && header && { header }),
      images,
    })
    for await (const row of listRows({ uri, format }, signal)) {
      last = row.number + 1
      if (++images < size || (ranges && row.end === undefined)) continue
      yield slice(row.end ?? 0)
      images = 0
      first = last
      from = row.end ?? 0
    }
    if (images > 0) yield slice(bytes)
  }
}

/** @throws ERR_WORDMASK_IO where the list changed since it was cut */
export async function* listPieceImages(piece: ListPiece, context: Context): AsyncGenerator<Found, void, undefined> {
  const { uri, format, columns, base, header, range, rows, version } = piece
  await checkVersion(uri, version, context)
  yield* rowImages({ uri, format, rows, ...(header && { header }), ...(range && { range }) }, columns, base, context)
}

async function* rowImages(
  file: ListFile,
  columns: ListPieceColumns,
  base: string,
  context: Context,
): AsyncGenerator<Found, void, undefined> {
  const beside = context.captions && columns.caption === undefined
  const open = (row: ListRow, within: Context) => rowImage(row, { list: file.uri, columns, base, beside }, within)
  for await (const found of inOrder(listRows(file, context.signal), open, context, looksAtOnce)) if (found) yield found
}

/** A shard is a slice of the file as it was. */
export async function checkVersion(uri: string, version: string | undefined, { signal }: Context): Promise<StoredFile> {
  const file = await (await storeOf(uri)).stat(uri, { signal })
  if (version !== undefined && file.version !== version)
    throw new WordmaskError('ERR_WORDMASK_IO', `${uri} has changed since the shards were planned. Plan them again`)
  return file
}
