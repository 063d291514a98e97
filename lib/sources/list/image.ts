import type { SourceImage } from '../../archive/types'
import { WordmaskError } from '../../errors'
import { unsigned } from '../../redact'
import { captionBeside, readWhole } from '../bytes'
import { imageId } from '../ids'
import type { ListPieceColumns } from '../piece'
import { rejectOf } from '../reject'
import type { Context, Found } from '../types'
import { versionOf } from '../version'
import { readColumns } from './columns'
import { resolveEntry, resolveRaw } from './resolve'
import type { ListRow } from './rows'

export interface RowPlace {
  list: string
  columns: ListPieceColumns
  base: string
  /** Captions lie in text files beside the images. */
  beside: boolean
}

/** Undefined for a row that is rejected. @throws for an address on the web in the very first row: all others will be, too */
export async function rowImage(row: ListRow, place: RowPlace, context: Context): Promise<Found | undefined> {
  try {
    return await imageOf(row, place, context)
  } catch (error) {
    if (!(error instanceof WordmaskError)) throw error
    const named = new WordmaskError(error.code, `Row ${row.number + 1} of ${place.list} ${error.message}`, { cause: error })
    if (row.number === 0 && /does not crawl/.test(error.message)) throw named
    context.onReject(rejectOf(imageId(place.list, context.root, `row ${row.number + 1}`), { uri: place.list }, named))
    return undefined
  }
}

async function imageOf(row: ListRow, { list, columns, base, beside }: RowPlace, { captions, root, signal }: Context): Promise<Found> {
  const bad = (text: string) => new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', text)
  if (row.error !== undefined) throw bad(row.error)
  const read = row.raw === undefined ? readColumns(row, columns) : { metadata: {} }
  if ('error' in read) throw bad(read.error)
  const { path = '', id, metadata } = read
  if (row.raw === undefined && path === '') throw bad(`names no image: ${JSON.stringify(columns.uri)} is blank`)
  const uri = row.raw === undefined ? resolveEntry(path, base, list) : resolveRaw(row.raw, base)
  const caption = !captions ? undefined : beside ? await captionBeside(uri, signal) : read.caption
  const image: SourceImage = {
    id: id ?? imageId(uri, root),
    uri: unsigned(uri),
    ...(await versionOf(uri, signal)),
    ...(caption !== undefined && { caption }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    bytes: (signal) => readWhole(uri, signal),
  }
  return { name: path, image }
}
