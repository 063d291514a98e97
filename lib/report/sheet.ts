import type { ArchiveRow } from '../archive/types'
import { readPlaces } from '../sources'
import { contactSheet } from './contact-sheet'

/** Most pictures of one sheet: it is for a look, and all of it is in memory. */
export const sheetImages = 120

/** A contact sheet of rows, each image read by one request. */
export async function sheetOf(
  title: string,
  rows: readonly ArchiveRow[],
  labels: readonly string[],
  signal?: AbortSignal,
): Promise<Buffer> {
  const shown = rows.slice(0, sheetImages)
  const bytes = new Array<Uint8Array | undefined>(shown.length)
  const places = shown.map(({ uri, key, offset, length }, at) => ({
    uri,
    at,
    ...(key !== undefined && { key }),
    ...(offset !== undefined && { offset, length }),
  }))
  for await (const { place, bytes: read } of readPlaces(places, { signal })) bytes[place.at] = read
  return contactSheet(
    title,
    shown.map(({ box }, i) => ({ bytes: bytes[i] ?? new Uint8Array(), box, label: labels[i] ?? '' })),
  )
}
