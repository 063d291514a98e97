import path from 'node:path'
import type { ArchiveRow } from '../archive/types'
import { invalidArgument } from '../errors'
import type { CurateOptions } from './options'
import type { CurateSource } from './source'

type GroupBy = CurateOptions['groupBy']

/** As a function: 'folder' is the folder (or shard) that the image lies in, where no column has that name. */
export function groupFunction(groupBy: GroupBy): Exclude<GroupBy, string> {
  if (groupBy !== 'folder') return typeof groupBy === 'string' ? (row) => columnOf(row, groupBy) : groupBy
  return (row) => row.metadata?.folder?.toString() ?? (row.key === undefined ? path.posix.dirname(row.uri) : row.uri)
}

/** The group of a row; undefined for one that belongs to none. */
export function groupIn(row: ArchiveRow, groupBy: GroupBy): string | undefined {
  const value = groupFunction(groupBy)?.(row)
  return value === undefined || value === null ? undefined : textOf(value)
}

function columnOf(row: ArchiveRow, name: string): string | undefined {
  const value = row.metadata?.[name] ?? (row as unknown as Record<string, unknown>)[name]
  return value === undefined || value === null ? undefined : textOf(value)
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw invalidArgument('groupBy', 'something that gives strings or numbers', value)
}

/**
 * A column that no row has would put nothing into groups, and nobody would notice.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT naming it
 */
export async function checkColumn(groupBy: GroupBy, rows: AsyncIterable<ArchiveRow>): Promise<void> {
  if (typeof groupBy !== 'string') return
  let any = false
  for await (const row of rows) {
    any = true
    if (groupIn(row, groupBy) !== undefined) return
  }
  if (any) throw invalidArgument('groupBy', "a column that some image of the archive has, 'folder', or a function", groupBy)
}

/** All rows of a source, few at first: mostly the first one has the column. */
export async function* rowsOf(source: CurateSource, signal: AbortSignal | undefined): AsyncGenerator<ArchiveRow> {
  for (let from = 0, count = 16; from < source.size; from += count, count = 4096) {
    const numbers = Array.from({ length: Math.min(count, source.size - from) }, (_, i) => from + i)
    yield* await source.rows(numbers, signal)
  }
}
