import type { Pixels } from '../../binding'
import { binding } from '../binding'

/** The image is looked at as 32 x 32 grey values; 8 x 8 of its lowest frequencies, the mean aside, make the bits. */
const side = 32
const low = 8
/** What an archive records of its hashes: those of two rules cannot be compared. Another rule gets another name. */
export const hashRule = 'mean-luma-32'

/**
 * cos((2i + 1) u pi / 64) cos((2j + 1) v pi / 64) for u, v of 1 .. 8, row-major [u, v, i, j]: the factors sharp-phash multiplies in
 * this order, so that sums round as its do.
 */
const factors = new Float64Array(low * low * side * side)
for (let u = 0; u < low; u++) {
  for (let v = 0; v < low; v++) {
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) factors[((u * low + v) * side + i) * side + j] = cosine(i, u + 1) * cosine(j, v + 1)
    }
  }
}

function cosine(k: number, n: number): number {
  return Math.cos(((2 * k + 1) / (2.0 * side)) * n * Math.PI)
}

/**
 * A 64-bit perceptual hash, 16 hex digits: which of the low frequencies of a picture lie above their mean. Bits of sharp-phash, over another
 * small picture: each of its 32 x 32 values is the mean luma (ITU-R BT.601) of its part. That library's filter in linear light takes as
 * long as decoding does. Near pictures differ by few bits; compare with `hamming`.
 */
export async function perceptualHash(pixels: Pixels): Promise<string> {
  return hashGrey(await binding().greyThumbnail(pixels, side, {}))
}

/** @param grey 32 x 32, row-major */
export function hashGrey(grey: Uint8Array): string {
  const frequencies = new Float64Array(low * low)
  let total = 0
  for (let f = 0; f < low * low; f++) {
    let sum = 0
    const from = f * side * side
    for (let x = 0; x < side; x++) {
      for (let y = 0; y < side; y++) sum += (factors[from + x * side + y] as number) * (grey[side * y + x] as number)
    }
    sum *= 1 / 4
    frequencies[f] = sum
    total += sum
  }
  const mean = total / (low * low)
  let bits = 0n
  for (const frequency of frequencies) bits = (bits << 1n) | (frequency > mean ? 1n : 0n)
  return bits.toString(16).padStart(16, '0')
}
