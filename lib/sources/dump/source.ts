import { WordmaskError } from '../../errors'
import { storeOf } from '../../storage'
import { baseName, joinUri } from '../../storage/uri'
import { imageId } from '../ids'
import { chooseColumns } from '../list/columns'
import { parquetShape } from '../list/parquet'
import type { DumpPiece, ListPieceColumns } from '../piece'
import type { Context, Found, ListColumns, Piece, Source } from '../types'
import { dumpPieceImages } from './images'
import { npyMatrix } from './npy'

interface Part {
  vectors: string
  metadata: string
}

/**
 * What clip-retrieval writes: `img_emb/img_emb_N.npy` and `metadata/metadata_N.parquet`, row for row. Vectors come with the images, so nothing is
 * embedded again.
 */
export class DumpSource implements Source {
  readonly looked = 'img_emb/img_emb_N.npy and metadata/metadata_N.parquet'
  constructor(
    readonly name: string,
    private readonly wanted: ListColumns = {},
    private readonly base = name,
  ) {}

  async *images(context: Context): AsyncGenerator<Found, void, undefined> {
    for await (const { source } of this.pieces(context, Number.POSITIVE_INFINITY)) yield* dumpPieceImages(source as DumpPiece, context)
  }

  async *pieces(context: Context, size: number): AsyncGenerator<Piece, void, undefined> {
    for (const { vectors, metadata } of await this.parts(context)) {
      const matrix = await npyMatrix(vectors, context.signal)
      const shape = await parquetShape(metadata, context.signal)
      if (matrix.rows !== shape.rows)
        throw new WordmaskError(
          'ERR_WORDMASK_IO',
          `${vectors} has ${matrix.rows} rows and ${metadata} ${shape.rows}, so it is not known which vector is whose. Write the dump again`,
        )
      if (matrix.whole < matrix.rows)
        context.onReject({
          id: imageId(vectors, context.root),
          uri: vectors,
          code: 'ERR_WORDMASK_IO',
          reason: `${vectors} is torn: of ${matrix.rows} rows ${matrix.whole} are there, which are taken. Copy it again for the rest`,
        })
      const columns = this.columns(metadata, shape.names)
      const version = matrix.version === undefined ? {} : { version: matrix.version }
      for (let from = 0; from < matrix.whole; from += size) {
        const rows: [number, number] = [from, Math.min(from + size, matrix.whole)]
        const source: DumpPiece = { kind: 'clip-retrieval', vectors, metadata, ...version, base: this.base, columns, rows }
        yield { name: `${vectors}: rows ${rows[0] + 1} to ${rows[1]}`, source, images: rows[1] - rows[0] }
      }
    }
  }

  /** A dump of a list of addresses has no column of files: its vectors are of use all the same. */
  private columns(metadata: string, names: readonly string[]): ListPieceColumns {
    const web = this.wanted.uri === undefined ? ['url', 'URL'].find((name) => names.includes(name)) : undefined
    return chooseColumns(metadata, web ? [...names, 'image_path'] : names, this.wanted)
  }

  /** In the order of their numbers. */
  private async parts({ signal }: Context): Promise<Part[]> {
    const numbered = async (folder: string, pattern: RegExp) => {
      const found = new Map<number, string>()
      for await (const { uri } of (await storeOf(this.name)).list(joinUri(this.name, folder), { signal })) {
        const number = pattern.exec(baseName(uri))?.[1]
        if (number !== undefined) found.set(Number(number), uri)
      }
      return found
    }
    const vectors = await numbered('img_emb', /^img_emb_(\d+)\.npy$/)
    const metadata = await numbered('metadata', /^metadata_(\d+)\.parquet$/)
    for (const [one, other, folder, ending] of [
      [vectors, metadata, 'metadata/metadata', 'parquet'],
      [metadata, vectors, 'img_emb/img_emb', 'npy'],
    ] as const)
      for (const [number, uri] of one)
        if (!other.has(number))
          throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${uri} has no partner ${folder}_${number}.${ending} in ${this.name}`)
    return [...vectors].sort(([a], [b]) => a - b).map(([number, uri]) => ({ vectors: uri, metadata: metadata.get(number)! }))
  }
}
