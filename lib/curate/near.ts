export interface NearOptions {
  /** Perceptual hashes of 64 bits that differ in at most this many are near-duplicates. 0 .. 64 */
  maxHamming: number
  /** Image vectors with at least this cosine are near-duplicates. 0 .. 1 */
  minCosine: number
}

export const defaultNear: NearOptions = { maxHamming: 4, minCosine: 0.96 }

/** Bits in which two hashes of 16 hex digits differ. */
export function hamming(a: string, b: string): number {
  let bits = 0
  for (let i = 0; i < 16; i += 8) {
    let x = (Number.parseInt(a.slice(i, i + 8), 16) ^ Number.parseInt(b.slice(i, i + 8), 16)) >>> 0
    for (; x !== 0; x &= x - 1) bits++
  }
  return bits
}

/** An image as near-duplicates are told: rows of `vectors` are unit vectors. */
export interface Fingerprint {
  /** sha256 of the file; crops of one picture have the same. */
  content: string
  phash: string
  vector: Float32Array
}

/** What makes `a` a near-duplicate of `b`: the same bytes, the perceptual hash, the vectors; undefined if nothing does. */
export function nearBy(a: Fingerprint, b: Fingerprint, { maxHamming, minCosine }: NearOptions): 'bytes' | 'hash' | 'cosine' | undefined {
  if (a.content === b.content) return 'bytes'
  if (a.phash !== '' && b.phash !== '' && hamming(a.phash, b.phash) <= maxHamming) return 'hash'
  return dot(a.vector, b.vector) >= minCosine ? 'cosine' : undefined
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
