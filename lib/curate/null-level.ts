import { WordmaskError } from '../errors'
import { products } from './matrix'
import type { CurateSource } from './source'

/** A present name shows in at least so many images: the statistic is the mean evidence of as many. */
export const leastImages = 5
/** Best rows by cosine that a name's statistic is taken from. */
export const firstRows = 32
/** Null names that are needed to say how such names score. */
export const leastNulls = 16

export interface NullTexts {
  /** Class vectors [n, dim], of the same templates as the others: a mean of more prompts lies nearer to every image. */
  names: Float32Array
  /** Vectors of other names of things [m, dim]; may be empty. */
  bank: Float32Array
  /** Vectors of names that mean nothing in particular: random words. [b, dim] */
  nulls: Float32Array
  /** The model's logit scale: what a difference of cosines is worth in log-odds. */
  logitScale: number
}

/** What a name's statistic must reach, from null names on the same archive. */
export interface Level {
  level: number
  location: number
  scale: number
  /** Evidence of the best rows of each null name whose statistic is below the level. */
  below: readonly number[][]
}

/**
 * The null level of an archive: how well its best images fit a name that means nothing.
 *
 * - Evidence of a row for a name: s - b / 2, where s is their cosine and b = log mean exp(t s_m) / t over the other classes and the bank, t
 *   the model's logit scale. That is the mean of how well the name fits (s) and of how much better it fits than other names do (s - b).
 * - Statistic of a name: the mean of its 5 largest evidences among its 32 best rows.
 * - Null: the statistics of random words in the name's place. Some of them may be shown after all, which moves only the upper half: so
 *   their location is the median, and their scale the median less the 16% quantile.
 * - Level: location + z(falseAlarms) scale. A name is present when its statistic reaches the level.
 * - Images of a present name are taken down to the least evidence at which a null name below the level has, on the average, at most a tenth as
 *   many images above it as the class has: the false discovery rate as far as null names tell.
 * - Estimated precision: 1 less the images that a null name below the level has above the least evidence taken, on the average, over those
 *   that the class has.
 *
 * Memory: 32 KB a class and name of the bank.
 */
export class NullLevel {
  private constructor(
    private readonly texts: Float32Array,
    private readonly dim: number,
    private readonly logitScale: number,
    /** By null name: cosines of its best rows with it, and with all texts [rows, texts]. */
    private readonly nulls: { own: Float32Array; others: Float32Array }[],
    private readonly quantile: number,
  ) {}

  /** @throws ERR_WORDMASK_INVALID_ARGUMENT where there are too few images or the model knows too few words to tell */
  static async fit(
    source: CurateSource,
    { names, bank, nulls, logitScale }: NullTexts,
    falseAlarms: number,
    signal?: AbortSignal,
  ): Promise<NullLevel> {
    const { dim } = source
    const count = nulls.length / dim
    if (source.size < leastImages) throw untold(`at least ${leastImages} images`, `${source.size} images`)
    if (count < leastNulls) throw untold(`a model that knows at least ${leastNulls} words beside the classes`, `${count} words`)
    const texts = new Float32Array(names.length + bank.length)
    texts.set(names)
    texts.set(bank, names.length)
    const { rows, scores, k } = await source.top(nulls, Math.min(firstRows, source.size), signal)
    const found: NullLevel['nulls'] = []
    for (let i = 0; i < count; i++) {
      const best = Array.from(rows.subarray(i * k, (i + 1) * k)).filter((row) => row >= 0)
      const others = await products(await source.vectors(best, signal), texts, dim)
      found.push({ own: scores.slice(i * k, i * k + best.length), others })
    }
    return new NullLevel(texts, dim, logitScale, found, upperQuantile(falseAlarms))
  }

  /** Evidence of rows for class `index`. `vectors` are unit rows [n, dim]. */
  async evidence(index: number, vectors: Float32Array): Promise<number[]> {
    const m = this.texts.length / this.dim
    const cosines = await products(vectors, this.texts, this.dim)
    const own = Float32Array.from({ length: vectors.length / this.dim }, (_, row) => cosines[row * m + index]!)
    return this.less(index, own, cosines)
  }

  /** Of class `index`. */
  of(index: number): Level {
    const evidence = this.nulls.map(({ own, others }) => this.less(index, own, others))
    const statistics = evidence.map(statistic)
    const sorted = Float64Array.from(statistics).sort()
    const location = quantileOf(sorted, 0.5)
    const scale = location - quantileOf(sorted, 0.16)
    const level = location + this.quantile * scale
    return { location, scale, level, below: evidence.filter((_, i) => statistics[i]! < level) }
  }

  /** Cosines with a name less half of what all other texts have; `cosines` [rows, texts]. */
  private less(index: number, scores: ArrayLike<number>, cosines: Float32Array): number[] {
    const t = this.logitScale
    const m = this.texts.length / this.dim
    return Array.from(scores, (score, i) => {
      if (m === 1) return score
      let sum = 0
      // Cosines are at most 1, so that nothing overflows.
      for (let j = 0; j < m; j++) if (j !== index) sum += Math.exp(t * (cosines[i * m + j]! - 1))
      return score - (1 + Math.log(sum / (m - 1)) / t) / 2
    })
  }
}

/** Share of the images of a present name that null names may account for. */
const mostFalse = 0.1

/** The least evidence of images that a present name is given; `evidence` is that of its best rows. Infinity: none. */
export function imageLevel({ below }: Level, evidence: readonly number[]): number {
  const nulls = Float64Array.from(below.flat()).sort().reverse()
  // What lies below the last row that was looked at of any null name cannot be counted.
  const seen = below.reduce((most, rows) => (rows.length < firstRows ? most : Math.max(most, Math.min(...rows))), Number.NEGATIVE_INFINITY)
  let least = Number.POSITIVE_INFINITY
  let above = 0
  for (const [i, value] of [...evidence].sort((a, b) => b - a).entries()) {
    while (above < nulls.length && nulls[above]! >= value) above++
    if (value >= seen && above / Math.max(1, below.length) <= mostFalse * (i + 1)) least = value
  }
  return least
}

/** Of the `count` images of a class with an evidence of `least` or more. In [0, 1]; not a measurement. */
export function estimatedPrecision({ below }: Level, least: number, count: number): number {
  const expected = below.reduce((sum, evidence) => sum + evidence.filter((value) => value >= least).length, 0) / Math.max(1, below.length)
  return Math.max(0, 1 - expected / count)
}

/** How far a statistic lies above the null names, in their scales, as a one-sided p-value. */
export function pValueOf(value: number, { location, scale }: Pick<Level, 'location' | 'scale'>): number {
  return scale > 0 ? upperTail((value - location) / scale) : value > location ? 0 : 1
}

function untold(expected: string, received: string): WordmaskError {
  const next = 'falseAlarms: false takes the best images untested'
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected ${expected} to tell whether names are present but received ${received}; ${next}`,
  )
}

/** Mean of the largest `leastImages`; -Infinity of fewer. */
export function statistic(evidence: readonly number[]): number {
  if (evidence.length < leastImages) return Number.NEGATIVE_INFINITY
  const best = [...evidence].sort((a, b) => b - a).slice(0, leastImages)
  return best.reduce((sum, value) => sum + value, 0) / leastImages
}

/** The value below which a share `q` of sorted values lies, interpolated. */
export function quantileOf(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  const next = sorted[Math.min(low + 1, sorted.length - 1)]!
  return sorted[low]! + (at - low) * (next - sorted[low]!)
}

/** Chance that a standard normal number is above z (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
export function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z)
  const t = 1 / (1 + 0.2316419 * z)
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series
}

/** z with upperTail(z) = p, by bisection. */
export function upperQuantile(p: number): number {
  let [low, high] = [-10, 10]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (upperTail(middle) > p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
