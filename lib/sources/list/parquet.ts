import { setImmediate } from 'node:timers/promises'
import { WordmaskError } from '../../errors'
import { throwIfAborted } from '../../options'
import { storeOf } from '../../storage'
import { rowsAtOnce } from '../turns'
import type { ListRow } from './rows'

/** Names of its columns and number of rows. */
export async function parquetShape(uri: string, signal?: AbortSignal): Promise<{ names: string[]; rows: number }> {
  const { metadata, parquetSchema } = await open(uri, signal)
  return { names: parquetSchema(metadata).children.map(({ element }) => element.name), rows: Number(metadata.num_rows) }
}

/** One row group is decoded at a time: memory is that of its rows. Whole column chunks are read, so slices of a group cost the same read. */
export async function* parquetRows(
  uri: string,
  [from, to]: readonly [number, number],
  signal?: AbortSignal,
): AsyncGenerator<ListRow, void, undefined> {
  const { file, metadata, parquetReadObjects } = await open(uri, signal)
  const { compressors } = await import('hyparquet-compressors')
  let first = 0
  for (const group of metadata.row_groups) {
    const last = first + Number(group.num_rows)
    const rowStart = Math.max(from, first)
    const rowEnd = Math.min(to, last)
    first = last
    if (rowStart >= rowEnd) continue
    throwIfAborted(signal)
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors }).catch((cause) => damaged(uri, cause))
    for (const [i, fields] of rows.entries()) {
      if ((i + 1) % rowsAtOnce === 0) await setImmediate()
      yield { number: rowStart + i, fields }
    }
  }
}

async function open(uri: string, signal: AbortSignal | undefined) {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet')
  const store = await storeOf(uri)
  const { bytes } = await store.stat(uri, { signal })
  const file = {
    byteLength: bytes,
    async slice(start: number, end = bytes): Promise<ArrayBuffer> {
      const read = await store.read(uri, { range: { offset: start, length: end - start }, signal })
      const { buffer, byteOffset, byteLength } = read
      return byteLength === buffer.byteLength ? (buffer as ArrayBuffer) : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)
    },
  }
  const metadata = await parquetMetadataAsync(file).catch((cause) => damaged(uri, cause))
  return { file, metadata, parquetReadObjects, parquetSchema }
}

function damaged(uri: string, cause: unknown): never {
  if (cause instanceof WordmaskError) throw cause
  throw new WordmaskError('ERR_WORDMASK_IO', `${uri} cannot be read as Parquet: ${(cause as Error).message}`, { cause })
}
