import { readFile } from 'node:fs/promises'
import { WordmaskError } from '../errors'
import type { LabelMap } from '../image/labels'

/** Integer types a label map may have, and how one value is read. */
const types: Record<string, { bytes: number; at(data: DataView, offset: number): number }> = {
  '|u1': { bytes: 1, at: (data, offset) => data.getUint8(offset) },
  '|i1': { bytes: 1, at: (data, offset) => data.getInt8(offset) },
  '<u2': { bytes: 2, at: (data, offset) => data.getUint16(offset, true) },
  '<i2': { bytes: 2, at: (data, offset) => data.getInt16(offset, true) },
  '<u4': { bytes: 4, at: (data, offset) => data.getUint32(offset, true) },
  '<i4': { bytes: 4, at: (data, offset) => data.getInt32(offset, true) },
  '<i8': { bytes: 8, at: (data, offset) => Number(data.getBigInt64(offset, true)) },
  '<u8': { bytes: 8, at: (data, offset) => Number(data.getBigUint64(offset, true)) },
}

/**
 * A label map in a NumPy file: integers of shape (height, width), little-endian, row-major. -1 is 255, "does not count".
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IMAGE for anything else
 */
export async function npyLabels(file: string): Promise<Pick<LabelMap, 'labels' | 'width' | 'height'>> {
  const bytes = await readFile(file).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The label map ${file} cannot be read (${cause.code})`, { cause })
  })
  const bad = (what: string) =>
    new WordmaskError('ERR_WORDMASK_IMAGE', `${file} is no label map: ${what}; expected integers of shape (height, width), row-major`)
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') throw bad('it is no .npy file')
  const long = bytes[6]! >= 2
  const start = long ? 12 + bytes.readUInt32LE(8) : 10 + bytes.readUInt16LE(8)
  const head = bytes.toString('latin1', long ? 12 : 10, Math.min(start, bytes.length))
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(head)?.[1] ?? 'none'
  const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,\s*(\d+)\s*,?\s*\)/.exec(head)
  const type = types[descr]
  if (!type) throw bad(`its numbers are ${descr}`)
  if (!shape || !/'fortran_order'\s*:\s*False/.test(head)) throw bad(`its header says ${head.trim().slice(0, 100)}`)
  const [height, width] = [Number(shape[1]), Number(shape[2])]
  if (width * height === 0 || bytes.length < start + width * height * type.bytes)
    throw bad(`it ends before its ${height} x ${width} values`)
  const data = new DataView(bytes.buffer, bytes.byteOffset + start)
  const labels = new Uint16Array(width * height)
  for (let i = 0; i < labels.length; i++) {
    const value = type.at(data, i * type.bytes)
    if (value < -1 || value > 65535) throw bad(`it holds the value ${value}`)
    labels[i] = value === -1 ? 255 : value
  }
  return { labels, width, height }
}
