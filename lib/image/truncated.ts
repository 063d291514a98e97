/**
 * Whether the bytes of an image file end before the format says they do. Decoders forgive an end that is missing as long as
 * they have the pixels, and some fill in grey; a file that lost its end was not copied in whole. What follows the end, as
 * some cameras and tools leave it, is nobody's business.
 */
export function isTruncated(bytes: Uint8Array, format: string): boolean {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (format) {
    case 'png':
      return !endsPng(data)
    case 'jpeg':
      return !endsJpeg(data)
    case 'gif':
      return !endsGif(data)
    case 'webp':
      return data.length < 8 + data.readUInt32LE(4)
    default:
      return false
  }
}

/** Chunks of length, type, data, checksum; the last is IEND. */
function endsPng(data: Buffer): boolean {
  for (let at = 8; at + 12 <= data.length; ) {
    const next = at + 12 + data.readUInt32BE(at)
    if (data.toString('latin1', at + 4, at + 8) === 'IEND') return next <= data.length
    at = next
  }
  return false
}

/** Segments up to the end mark; between a scan's header and the next mark lies compressed data. */
function endsJpeg(data: Buffer): boolean {
  for (let at = 2; ; ) {
    at = data.indexOf(0xff, at)
    if (at < 0 || at + 1 >= data.length) return false
    const mark = data[at + 1] as number
    if (mark === 0xd9) return true
    // Fill bytes, stuffed zeros, and marks that stand alone.
    if (mark === 0xff) at += 1
    else if (mark <= 0x01 || (mark >= 0xd0 && mark <= 0xd8)) at += 2
    else if (at + 4 > data.length) return false
    else at += 2 + data.readUInt16BE(at + 2)
  }
}

/** Blocks up to the trailer; the first frame, which is what is decoded, is whole once its data end. */
function endsGif(data: Buffer): boolean {
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  const pastData = (from: number) => {
    let at = from
    while (at < data.length && data[at] !== 0) at += 1 + (data[at] as number)
    return at + 1
  }
  for (let at = 13 + table(data[10] ?? 0); at < data.length; ) {
    if (data[at] === 0x21) at = pastData(at + 2)
    else if (data[at] === 0x2c) return pastData(at + 11 + table(data[at + 9] ?? 0)) <= data.length
    else return data[at] === 0x3b
  }
  return false
}
