const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** To IEEE half precision, rounded to the nearest, ties to even; what is too large becomes infinity. */
export function toHalf(values: Float32Array): Uint16Array {
  const half = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i] as number
    half[i] = halfBits(bits[0] as number)
  }
  return half
}

function halfBits(x: number): number {
  const sign = (x >>> 16) & 0x8000
  const magnitude = x & 0x7fffffff
  if (magnitude >= 0x47800000) return magnitude > 0x7f800000 ? sign | 0x7e00 : sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
    return sign | ((rounded - 0x38000000) >>> 13)
  }
  if (magnitude < 0x33000000) return sign
  // Subnormal: the implicit bit is written out, then shifted by how far the exponent is below -14.
  const shift = 126 - (magnitude >>> 23)
  const mantissa = (magnitude & 0x7fffff) | 0x800000
  const kept = mantissa >>> shift
  const rest = mantissa & ((1 << shift) - 1)
  const middle = 1 << (shift - 1)
  return sign | (kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0))
}

/** Exact. */
export function fromHalf(half: Uint16Array): Float32Array {
  const values = new Float32Array(half.length)
  for (let i = 0; i < half.length; i++) values[i] = halfValue(half[i] as number)
  return values
}

function halfValue(h: number): number {
  const sign = h & 0x8000 ? -1 : 1
  const exponent = (h >>> 10) & 31
  const mantissa = h & 1023
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}
