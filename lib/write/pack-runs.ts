/** Bits that the length of a run may have; these are what Label Studio's editor writes. */
const lengthBits = [3, 4, 8, 16]
const longestRun = 2 ** 16

/**
 * A mask as the bytes of thi.ng's rle-pack, which Label Studio's brush holds: 8-bit words, four a pixel (red, green, blue, alpha),
 * all 255 inside and 0 outside. The library itself packs word by word, 0.13 s a megapixel and mask; here the runs are
 * known, and the bytes are the same.
 * @param runs row-major run lengths in pixels, outside first; their sum is the number of pixels
 */
export function packRuns(runs: Iterable<number>, pixels: number): number[] {
  const bytes: number[] = []
  let held = 0
  let bits = 0
  const write = (value: number, width: number) => {
    for (let rest = width; rest > 0; ) {
      const take = Math.min(rest, 8 - bits)
      rest -= take
      held = (held << take) | (Math.floor(value / 2 ** rest) & ((1 << take) - 1))
      bits += take
      if (bits < 8) continue
      bytes.push(held)
      held = 0
      bits = 0
    }
  }
  write(pixels * 4, 32)
  write(8 - 1, 5)
  for (const size of lengthBits) write(size - 1, 4)
  let inside = true
  for (const run of runs) {
    inside = !inside
    for (let words = run * 4; words > 0; words -= longestRun) {
      const count = Math.min(words, longestRun) - 1
      const size = lengthBits.findIndex((width) => count < 2 ** width)
      write(1, 1)
      write(size, 2)
      write(count, lengthBits[size] as number)
      write(inside ? 255 : 0, 8)
    }
  }
  if (bits > 0) bytes.push(held << (8 - bits))
  return bytes
}
