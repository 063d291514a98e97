import { WordmaskError } from '../errors'
import { type Evidence, firstRows, judge, type Looks, leastImages, type PresenceTest, testsOf } from './presence'
import { Rivals } from './rivals'
import type { CurateSource } from './source'
import { fallOffOf, ranksOf, standing } from './standing'

/** Null names that are needed to say how such names score. */
export const leastNulls = 16

export interface NullTexts {
  /** Class vectors [n, dim], of the same templates as the others: a mean of more prompts lies nearer to every image. */
  names: Float32Array
  /** Vectors of other names of things [m, dim]; may be empty. */
  bank: Float32Array
  /** Vectors of names that mean nothing in particular: random words. [b, dim] */
  nulls: Float32Array
}

/** What null names on the same archive say. */
export interface Level {
  /** When a name is present. */
  tests: readonly PresenceTest[]
  /** Of each null name that is not called present. */
  below: readonly Looks[]
}

/**
 * The null level of an archive: when a name is shown at all, and which images show it. Nothing here depends on the model's scale of cosines.
 *
 * - Evidence of a row for a name: by rivals, how much larger its cosine with the name is than with any rival. Rivals are the other classes and the
 *   bank, less the names of the bank that lie nearest to the name itself. By standing, in archives of 4,000 images and more, how far the
 *   cosine stands out of the archive (standing.ts).
 * - Statistics of a name: the means of its largest evidences among its 32 best rows (presence.ts). Its images are chosen by the evidence that
 *   found it.
 * - Null: the statistics of random words in the name's place, all names their rivals. How they go on above what so few of them tell is taken
 *   from their quantiles (presence.ts).
 * - Level: the quantile of 1 - falseAlarms, by rivals no less than one scale. So a present name fits its best images clearly better than every
 *   other name does, and by more than words that mean nothing do; the second matters where the names do not cover what the archive shows.
 * - Images of a present name are taken down to the least evidence at which a null name below the level has, on the average, at most a tenth as
 *   many images above it as the class has: the false discovery rate as far as null names tell.
 * - Estimated precision: 1 less the images that a null name below the level has above the least evidence taken, on the average, over those
 *   that the class has.
 *
 * Memory: 4 * dim bytes a name.
 */
export class NullLevel {
  private constructor(
    private readonly rivals: Rivals,
    /** The same for every name. */
    readonly level: Level,
  ) {}

  /** @throws ERR_WORDMASK_INVALID_ARGUMENT where there are too few images or the model knows too few words to tell */
  static async fit(source: CurateSource, { names, bank, nulls }: NullTexts, falseAlarms: number, signal?: AbortSignal): Promise<NullLevel> {
    const { dim } = source
    const count = nulls.length / dim
    if (source.size < leastImages) throw untold(`at least ${leastImages} images`, `${source.size} images`)
    if (count < leastNulls) throw untold(`a model that knows at least ${leastNulls} words beside the classes`, `${count} words`)
    const rivals = new Rivals(names, bank, dim)
    const ranks = ranksOf(source.size)
    const { rows, scores, k } = await source.top(nulls, Math.min(ranks?.far ?? firstRows, source.size), signal)
    const looks: Looks[] = []
    for (let i = 0; i < count; i++) {
      const best = Array.from(rows.subarray(i * k, i * k + Math.min(firstRows, k))).filter((row) => row >= 0)
      const own = scores.subarray(i * k, i * k + best.length)
      const fall = fallOffOf(scores.subarray(i * k, (i + 1) * k), ranks)
      const beyond = await rivals.margins(nulls.subarray(i * dim, (i + 1) * dim), own, await source.vectors(best, signal))
      looks.push({ rivals: beyond, standing: fall === undefined ? [] : Array.from(own, (score) => standing(score, fall)) })
    }
    return new NullLevel(rivals, levelOf(looks, source.size, rivals.any, falseAlarms))
  }

  /** Evidence by rivals of rows for class `index`. `vectors` are unit rows [n, dim]. */
  async beyondRivals(index: number, vectors: Float32Array): Promise<number[]> {
    return this.rivals.ofClass(index, vectors)
  }
}

/** @param looks of each null name @param rivals whether names have any, so that 0 means something */
export function levelOf(looks: readonly Looks[], images: number, rivals: boolean, falseAlarms: number): Level {
  const tests = testsOf(looks, images, rivals, falseAlarms)
  return { tests, below: looks.filter((one) => !judge(tests, one).present) }
}

/** Share of the images of a present name that null names may account for. */
const mostFalse = 0.1

/** The least evidence of images that a present name is given; `evidence` is that of its best rows. Infinity: none. */
export function imageLevel({ below }: Pick<Level, 'below'>, by: Evidence, evidence: readonly number[]): number {
  const nulls = Float64Array.from(below.flatMap((looks) => looks[by]))
    .sort()
    .reverse()
  // What lies below the last row that was looked at of any null name cannot be counted.
  const seen = below.reduce(
    (most, { [by]: rows }) => (rows.length < firstRows ? most : Math.max(most, Math.min(...rows))),
    Number.NEGATIVE_INFINITY,
  )
  let least = Number.POSITIVE_INFINITY
  let above = 0
  for (const [i, value] of [...evidence].sort((a, b) => b - a).entries()) {
    while (above < nulls.length && nulls[above]! >= value) above++
    if (value >= seen && above / Math.max(1, below.length) <= mostFalse * (i + 1)) least = value
  }
  return least
}

/** Of the `count` images of a class with an evidence of `least` or more. In [0, 1]; not a measurement. */
export function estimatedPrecision({ below }: Pick<Level, 'below'>, by: Evidence, least: number, count: number): number {
  const expected = below.reduce((sum, looks) => sum + looks[by].filter((value) => value >= least).length, 0) / Math.max(1, below.length)
  return Math.max(0, 1 - expected / count)
}

function untold(expected: string, received: string): WordmaskError {
  const next = 'falseAlarms: false takes the best images untested'
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected ${expected} to tell whether names are present but received ${received}; ${next}`,
  )
}
