import type { SourceImage } from '../../archive/types'
import { WordmaskError } from '../../errors'
import { isWeb } from '../../storage/uri'
import { readWhole } from '../bytes'
import { imageId } from '../ids'
import { readColumns } from '../list/columns'
import { parquetRows } from '../list/parquet'
import { resolveEntry } from '../list/resolve'
import type { ListRow } from '../list/rows'
import { checkVersion } from '../list/source'
import type { DumpPiece } from '../piece'
import { rejectOf } from '../reject'
import type { Context, Found } from '../types'
import { npyMatrix, npyRows } from './npy'

/** Rows of one part, each with its vector. */
export async function* dumpPieceImages(piece: DumpPiece, context: Context): AsyncGenerator<Found, void, undefined> {
  const { vectors, metadata, rows, version } = piece
  await checkVersion(vectors, version, context)
  const matrix = await npyMatrix(vectors, context.signal)
  const vector = npyRows(matrix, rows[0], rows[1], context.signal)
  try {
    for await (const row of parquetRows(metadata, rows, context.signal)) {
      const next = await vector.next()
      if (next.done) return
      const found = rowImage(row, next.value, piece, context)
      if (found) yield found
    }
  } finally {
    await vector.return()
  }
}

/** Undefined for a row that is rejected. */
function rowImage(row: ListRow, vector: Float32Array, piece: DumpPiece, context: Context): Found | undefined {
  const key = `row ${row.number + 1}`
  const read = readColumns(row, piece.columns)
  try {
    if ('error' in read) throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `${key} of ${piece.metadata} ${read.error}`)
    const { caption, metadata } = read
    const file = read.path === undefined ? undefined : fileOf(read.path, piece)
    if (file === undefined && read.path !== undefined) metadata[piece.columns.uri] = read.path
    const place = file === undefined ? { uri: piece.metadata, key } : { uri: file }
    const image: SourceImage = {
      id: read.id ?? imageId(place.uri, context.root, file === undefined ? key : undefined),
      ...place,
      ...(context.captions && caption !== undefined && { caption }),
      ...(Object.keys(metadata).length > 0 && { metadata }),
      vector,
      bytes: (signal) => (file === undefined ? Promise.reject(noFile(piece.metadata, key)) : readWhole(file, signal)),
    }
    return { name: read.path ?? key, image }
  } catch (error) {
    context.onReject(rejectOf(imageId(piece.metadata, context.root, key), { uri: piece.metadata, key }, error))
    return undefined
  }
}

/** Undefined for an address on the web: the row keeps it among its metadata, and its place is the dump. */
function fileOf(path: string, { base, metadata }: DumpPiece): string | undefined {
  if (isWeb(path)) return undefined
  return resolveEntry(path, base, metadata)
}

const noFile = (uri: string, key: string) =>
  new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${key} of ${uri} names no file of its image, and wordmask does not crawl`)
