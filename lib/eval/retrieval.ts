/** Text-to-image retrieval: for each query, is one of the first k images right? */
export interface Retrieval {
  /** Share of queries with a right image among the first k, for each asked k. */
  recall: number[]
  /** The same for a random order: 1 - C(n - m, k) / C(n, k), averaged over the queries. */
  chance: number[]
  /** Queries that count: those with at least one right image. */
  queries: number
  /** For each query, the position (0 = first) of the best-placed right image; -1 where no image is right. */
  ranks: number[]
}

/**
 * @param scores row-major [queries, images]; higher is better. Equal scores rank the lower image index first.
 * @param right says whether image i answers query q; queries without any right image are left out.
 */
export function retrieval(
  scores: Float32Array,
  queries: number,
  images: number,
  right: (query: number, image: number) => boolean,
  ks: number[],
): Retrieval {
  const ranks = Array.from({ length: queries }, (_, q) => {
    const row = scores.subarray(q * images, (q + 1) * images)
    return bestRank(row, (i) => right(q, i))
  })
  const counted = ranks.filter((rank) => rank >= 0)
  const chances = Array.from({ length: queries }, (_, q) => {
    let answers = 0
    for (let i = 0; i < images; i++) if (right(q, i)) answers++
    return answers
  }).filter((answers) => answers > 0)
  return {
    recall: ks.map((k) => mean(counted.map((rank) => (rank < k ? 1 : 0)))),
    chance: ks.map((k) => mean(chances.map((answers) => chanceAtK(answers, images, k)))),
    queries: counted.length,
    ranks,
  }
}

/** Probability that k of n images drawn at random hold at least one of the m right ones. */
export function chanceAtK(m: number, n: number, k: number): number {
  let miss = 1
  for (let j = 0; j < Math.min(k, n); j++) miss *= Math.max(0, n - m - j) / (n - j)
  return 1 - miss
}

/** Position of the best-placed right image: the number of images placed before it. */
function bestRank(row: Float32Array, right: (image: number) => boolean): number {
  let best = -1
  for (let i = 0; i < row.length; i++) if (right(i) && (best < 0 || row[i]! > row[best]!)) best = i
  if (best < 0) return -1
  let before = 0
  for (let i = 0; i < row.length; i++) if (row[i]! > row[best]! || (row[i] === row[best] && i < best)) before++
  return before
}

/** queries [n, d] times images [m, d], both row-major -> [n, m]. */
export function products(queries: Float32Array, images: Float32Array, d: number): Float32Array {
  const n = queries.length / d
  const m = images.length / d
  const out = new Float32Array(n * m)
  for (let q = 0; q < n; q++) {
    for (let i = 0; i < m; i++) {
      let sum = 0
      for (let j = 0; j < d; j++) sum += queries[q * d + j]! * images[i * d + j]!
      out[q * m + i] = sum
    }
  }
  return out
}

export function mean(values: number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => a + b, 0) / values.length
}
