import { WordmaskError } from '../../errors'
import type { ListFormat } from '../endings'
import type { ListPieceColumns } from '../piece'
import { metadataOf, typed, typeOf } from '../scalars'
import type { ListColumns, Metadata } from '../types'
import type { ListRow } from './rows'

const uriNames = ['path', 'uri', 'file', 'file_path', 'filepath', 'file_name', 'filename', 'image', 'image_path']
const captionNames = ['caption', 'text', 'TEXT']
/** Addresses on the web, which are no files of one's own. */
const webNames = ['url', 'URL']

/** Rows looked at to tell numbers from text in a CSV file. */
export const headRows = 100

/**
 * Which column is what: those that were named, else the usual names.
 *
 * @param names the columns there are
 * @param head the first rows, by which a CSV file's columns get their types
 * @throws ERR_WORDMASK_INVALID_ARGUMENT with the columns there are
 */
export function chooseColumns(
  uri: string,
  names: readonly string[],
  wanted: ListColumns,
  head: readonly Record<string, unknown>[] = [],
): ListPieceColumns {
  for (const name of [wanted.uri, wanted.caption, wanted.id, ...(wanted.text ?? [])])
    if (name !== undefined && !names.includes(name)) throw noColumn(uri, `no column ${JSON.stringify(name)}`, names)
  const path = wanted.uri ?? uriNames.find((name) => names.includes(name))
  if (path === undefined) throw noColumn(uri, noPath(names), names)
  const caption = wanted.caption ?? captionNames.find((name) => names.includes(name) && name !== path)
  const types: Record<string, 'number' | 'boolean'> = {}
  for (const name of names) {
    if (name === path || name === caption || name === wanted.id || wanted.text?.includes(name)) continue
    const type = typeOf(head.map((fields) => String(fields[name] ?? '')))
    if (type) types[name] = type
  }
  return {
    uri: path,
    ...(caption !== undefined && { caption }),
    ...(wanted.id !== undefined && { id: wanted.id }),
    ...(head.length > 0 && Object.keys(types).length > 0 && { types }),
  }
}

const noPath = (names: readonly string[]) =>
  names.some((name) => webNames.includes(name))
    ? `addresses on the web but no column of files. wordmask does not crawl: download the images first (img2dataset writes tars that wordmask reads). ` +
      `Looked for ${uriNames.join(', ')}`
    : `no column of paths; looked for ${uriNames.join(', ')}`

function noColumn(uri: string, what: string, names: readonly string[]): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${uri} has ${what}. Its columns are ${names.join(', ') || 'none'}: name the right ones with columns: { uri, caption, id }`,
  )
}

export interface Columns {
  path?: string
  caption?: string
  id?: string
  metadata: Metadata
}

/** What the row says, or what is wrong with it. */
export function readColumns({ fields = {} }: ListRow, columns: ListPieceColumns): Columns | { error: string } {
  const text = (name: string | undefined) => {
    const value = name === undefined ? undefined : fields[name]
    return value === undefined || value === null ? undefined : String(value).trim() || undefined
  }
  const metadata = metadataOf(fields, [columns.uri, columns.caption, columns.id])
  for (const [name, type] of Object.entries(columns.types ?? {})) {
    const value = typed(String(metadata[name] ?? ''), type)
    if (value === undefined)
      return {
        error:
          `has ${JSON.stringify(metadata[name])} in column ${JSON.stringify(name)}, whose first ${headRows} rows are each a ${type}. ` +
          `Where it is text, say columns: { text: [${JSON.stringify(name)}] }`,
      }
    metadata[name] = value
  }
  const id = text(columns.id)
  if (columns.id !== undefined && id === undefined) return { error: `has no ${columns.id}, which is to be its id` }
  const path = text(columns.uri)
  const caption = text(columns.caption)
  return { metadata, ...(path !== undefined && { path }), ...(caption !== undefined && { caption }), ...(id !== undefined && { id }) }
}

/** Columns that have types are those of files without any. */
export const isUntyped = (format: ListFormat): boolean => format === 'csv' || format === 'tsv'
