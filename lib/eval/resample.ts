import { setImmediate } from 'node:timers/promises'

/** Rows, or columns, between two breaths of the event loop. */
const linesAtOnce = 64
/** Weights are whole multiples of 2^-22, as Pillow's are for 8 bits. */
const precision = 22

interface Size {
  width: number
  height: number
}
type Pixels = Uint8Array | Uint16Array

/**
 * The pixel each target pixel is taken from, as Pillow's nearest filter picks them: the step is added up, not multiplied, and
 * its rounding with it.
 */
export function nearestSources(from: number, to: number): Int32Array {
  const step = from / to
  const sources = new Int32Array(to)
  let at = step * 0.5
  for (let i = 0; i < to; i++, at += step) sources[i] = Math.min(from - 1, Math.floor(at))
  return sources
}

/** Nearest-neighbour scaling of row-major pixels of `channels` values each. */
export function nearest<P extends Pixels>(data: P, from: Size, to: Size, channels: number): P {
  const columns = nearestSources(from.width, to.width)
  const rows = nearestSources(from.height, to.height)
  const result = empty(data, to.width * to.height * channels)
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const source = (rows[y]! * from.width + columns[x]!) * channels
      const target = (y * to.width + x) * channels
      for (let c = 0; c < channels; c++) result[target + c] = data[source + c]!
    }
  }
  return result
}

/** Antialiased bilinear scaling of 8-bit RGB, one axis after the other with rounding between, as Pillow does it. */
export async function bilinear(data: Uint8Array, from: Size, to: Size): Promise<Uint8Array> {
  const wide = from.width === to.width ? data : await scaleAxis(data, from.height, from.width, to.width, from.width * 3, 3, to.width * 3)
  if (from.height === to.height) return wide
  return scaleAxis(wide, to.width, from.height, to.height, 3, to.width * 3, 3)
}

/**
 * Scales one axis of RGB pixels: `lines` lines of `from` pixels to lines of `to`.
 * @param lineStep values from one line to the next, outLineStep in the result; step: from one pixel of a line to the next in both
 */
async function scaleAxis(
  data: Uint8Array,
  lines: number,
  from: number,
  to: number,
  lineStep: number,
  step: number,
  outLineStep: number,
): Promise<Uint8Array> {
  const taps = weights(from, to)
  const result = new Uint8Array(lines * to * 3)
  for (let line = 0; line < lines; line++) {
    if (line > 0 && line % linesAtOnce === 0) await setImmediate()
    for (let i = 0; i < to; i++) {
      const { first, shares } = taps[i]!
      for (let c = 0; c < 3; c++) {
        let sum = 1 << (precision - 1)
        for (let k = 0; k < shares.length; k++) sum += data[line * lineStep + (first + k) * step + c]! * shares[k]!
        result[line * outLineStep + i * step + c] = Math.max(0, Math.min(255, sum >> precision))
      }
    }
  }
  return result
}

/** First source pixel of every target pixel, and the share of each from there on: a triangle as wide as the scale, at least 1. */
function weights(from: number, to: number): { first: number; shares: Int32Array }[] {
  const scale = from / to
  const support = Math.max(scale, 1)
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - support + 0.5))
    const end = Math.min(from, Math.trunc(centre + support + 0.5))
    const raw = Array.from({ length: end - first }, (_, k) => Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / support)))
    const total = raw.reduce((a, b) => a + b, 0)
    return { first, shares: Int32Array.from(raw, (share) => Math.trunc((share / total) * 2 ** precision + 0.5)) }
  })
}

/** Of the kind of `data`; its constructor may be Buffer's. */
function empty<P extends Pixels>(data: P, length: number): P {
  return (data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length)) as P
}

/** A part of row-major pixels. */
export function cut<P extends Pixels>(data: P, from: Size, left: number, top: number, size: Size, channels: number): P {
  if (left === 0 && top === 0 && from.width === size.width && from.height === size.height) return data
  const result = empty(data, size.width * size.height * channels)
  for (let y = 0; y < size.height; y++) {
    const start = ((top + y) * from.width + left) * channels
    result.set(data.subarray(start, start + size.width * channels) as never, y * size.width * channels)
  }
  return result
}
