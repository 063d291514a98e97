import { setImmediate } from 'node:timers/promises'

/** Multiply-adds between two breaths of the event loop: some 10 ms. */
const workAtOnce = 10_000_000

/** a [n, d] times b [m, d] transposed, both row-major -> [n, m]. Breathes on the way. */
export async function products(a: Float32Array, b: Float32Array, d: number): Promise<Float32Array> {
  const n = a.length / d
  const m = b.length / d
  const out = new Float32Array(n * m)
  let since = 0
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * d, (i + 1) * d)
    let j = 0
    // Four columns share the loads of the row.
    for (; j + 4 <= m; j += 4) {
      const at = j * d
      let [s0, s1, s2, s3] = [0, 0, 0, 0]
      for (let k = 0; k < d; k++) {
        const x = row[k]!
        s0 += x * b[at + k]!
        s1 += x * b[at + d + k]!
        s2 += x * b[at + 2 * d + k]!
        s3 += x * b[at + 3 * d + k]!
      }
      out[i * m + j] = s0
      out[i * m + j + 1] = s1
      out[i * m + j + 2] = s2
      out[i * m + j + 3] = s3
    }
    for (; j < m; j++) {
      let sum = 0
      for (let k = 0; k < d; k++) sum += row[k]! * b[j * d + k]!
      out[i * m + j] = sum
    }
    since += m * d
    if (since < workAtOnce) continue
    since = 0
    await setImmediate()
  }
  return out
}
