export interface Line {
  /** Without its end; undefined for a line above the limit. */
  bytes?: Buffer
  /** Number from 0, blank lines counted. */
  number: number
  /** Offset of the byte after its end. */
  end: number
}

/** Longest line that is read, in bytes. */
export const maxLine = 16 << 20

/** Lines of a stream, `\n` or `\r\n`; memory is bounded by `maxLine`. A byte order mark is no part of the first. */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  { number = 0, offset = 0 }: { number?: number; offset?: number } = {},
): AsyncGenerator<Line, void, undefined> {
  let parts: Buffer[] = []
  let length = 0
  let at = offset
  const first = offset === 0
  const line = (end: number): Line => {
    const whole = Buffer.concat(parts)
    const isFirst = first && number === 0
    const tooLong = length > maxLine
    parts = []
    length = 0
    return { ...(!tooLong && { bytes: trimmed(whole, isFirst) }), number: number++, end }
  }
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      take(bytes.subarray(from, end))
      from = end + 1
      yield line(at + from)
    }
    take(bytes.subarray(from))
    at += bytes.length
  }
  if (length > 0) yield line(at)

  function take(part: Buffer): void {
    length += part.length
    if (length <= maxLine) parts.push(part)
    else parts = []
  }
}

function trimmed(line: Buffer, first: boolean): Buffer {
  const from = first && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0
  return line.subarray(from, line.at(-1) === 13 ? -1 : undefined)
}
