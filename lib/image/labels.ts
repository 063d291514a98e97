import { checkPath } from '../arguments'
import { WordmaskError } from '../errors'
import type { Color } from '../text/colors'
import { defaultMaxPixels } from './input'
import { decodePng } from './png'
import { readWhole } from './read'
import { isTruncated } from './truncated'

/** One label value a pixel, row-major. */
export interface LabelMap {
  labels: Uint8Array | Uint16Array
  width: number
  height: number
  /** Colour of each value, for palette files. */
  palette?: Color[]
}

/**
 * Reads a label map: palette PNG (the indices, not the colours) or grey PNG of 8 or 16 bits.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, or ERR_WORDMASK_IMAGE for colour, broken or truncated files
 */
export async function readLabelMap(file: string): Promise<LabelMap> {
  checkPath('file', file)
  const bytes = await readWhole(file).catch((cause) => {
    if (cause.code === 'ENOENT') throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The label map is missing: ${file}`, { cause })
    throw new WordmaskError('ERR_WORDMASK_IO', `${file} cannot be read (${cause.code})`, { cause })
  })
  checkSize(file, bytes)
  const { width, height, data, depth, channels, palette } = await decodePng(bytes).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${file} is not a readable PNG: ${cause.message}`, { cause })
  })
  if (isTruncated(bytes, 'png')) throw new WordmaskError('ERR_WORDMASK_IMAGE', `${file} is truncated: it stops before the end of the image`)
  if (channels !== 1) {
    throw new WordmaskError(
      'ERR_WORDMASK_IMAGE',
      `${file} has ${channels} channels. A label map is a palette PNG or a grey PNG of 8 or 16 bits.`,
    )
  }
  if (depth < 8 && !palette)
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${file} is grey with ${depth} bits. A grey label map has 8 or 16 bits.`)
  const labels = depth < 8 ? unpack(data as Uint8Array, width, height, depth) : data instanceof Uint16Array ? data : new Uint8Array(data)
  return { labels, width, height, ...(palette && { palette: palette.map(([r, g, b]) => [r, g, b] as unknown as Color) }) }
}

/** The header says how many pixels there are, before they take memory. */
function checkSize(file: string, bytes: Buffer): void {
  if (bytes.length < 24 || bytes.toString('latin1', 12, 16) !== 'IHDR') return
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  if (width * height <= defaultMaxPixels) return
  throw new WordmaskError(
    'ERR_WORDMASK_IMAGE_TOO_LARGE',
    `${file} has ${width} x ${height} = ${width * height} pixels; the limit is ${defaultMaxPixels}`,
  )
}

/** Rows of packed indices, each row from a byte of its own, high bits first. */
function unpack(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const stride = Math.ceil((width * depth) / 8)
  const labels = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth
      const byte = data[y * stride + (bit >> 3)] as number
      labels[y * width + x] = (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1)
    }
  }
  return labels
}
