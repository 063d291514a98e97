import { WordmaskError } from '../errors'
import type { ByteRange } from './store'

/** Of `content-range: bytes 0-9/100`; a range that cannot be had has a total only. */
export function contentRange(header: string | null | undefined): { start?: number; end?: number; total?: number } {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header ?? '')
  const number = (text: string | undefined) => (text === undefined || text === '*' ? undefined : Number(text))
  return { start: number(match?.[1]), end: number(match?.[2]), total: number(match?.[3]) }
}

/** Checks that what comes are bytes `from` up to `to`, or up to the end. -> how many. @throws ERR_WORDMASK_IO */
export function checkRange(shown: string, header: string | null | undefined, from: number, to: number | undefined): number {
  const { start, end, total } = contentRange(header)
  const fault = (what: string) => new WordmaskError('ERR_WORDMASK_IO', `Cannot read ${shown}: ${what}`)
  if (start === undefined || end === undefined)
    throw fault(
      'the server has no byte ranges (it would send the whole file, which was not taken). Download the file, or put it on a server ' +
        'that has them (nginx, Apache, Caddy, an object store)',
    )
  if (start !== from) throw fault(`bytes from ${from} were asked for, but the server sent those from ${start}`)
  if (to !== undefined && end + 1 !== to)
    throw fault(`bytes ${from} to ${to - 1} were asked for, but ${total === undefined ? `those to ${end} came` : `it has ${total}`}`)
  if (to === undefined && total !== undefined && end + 1 !== total)
    throw fault(`it has ${total} bytes, but the server sent those to ${end}`)
  return end + 1 - from
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function checkBytes(shown: string, range: ByteRange | undefined): void {
  if (range === undefined || [range.offset, range.length].every((value) => Number.isSafeInteger(value) && value >= 0)) return
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected a range of bytes but received offset ${range.offset}, length ${range.length} of ${shown}`,
  )
}
