/** A present name shows in at least so many images. */
export const leastImages = 5
/** Best rows by cosine that a name is judged by. */
export const firstRows = 32
/** Of larger archives a name is judged by the mean of more: one of so many images. */
const imagesAMean = 600
/** Share of the false alarms that the five best alone may cause there. */
const fewShare = 0.1

/** A way to tell whether a name is present: the mean of its largest evidences, and what it must reach, from null names on the same archive. */
export interface PresenceTest {
  /** So many evidences make the mean. */
  count: number
  level: number
  location: number
  scale: number
  /** Of all false alarms this test may cause. In (0, 1]. */
  share: number
}

/** What the tests say of a name; figures are those of the test that found it, else of the one that came nearest. */
export interface Judgement {
  present: boolean
  statistic: number
  level: number
  /** One-sided, over the share of that test. */
  pValue: number
}

/**
 * The tests for an archive of so many images: the mean of 5, of more than 3,000 images of one for every 600, up to 32. The more images there
 * are, the better are the few best of an absent name; a name that is shown often has many as good, and one that the model knows very
 * well still stands out by 5 alone. (Scenes, seeds 10 and 11, 20,000 images: with a mean of 5 alone names not shown are called present in 9%,
 * with these in 4%, and 54% of those shown are found both times. At 2,000 images a mean of 32 finds a quarter of what 5 find.)
 * @param evidence of the best rows of each null name @param rivals whether names have any, so that 0 means something
 */
export function testsOf(evidence: readonly number[][], images: number, rivals: boolean, falseAlarms: number): PresenceTest[] {
  const count = Math.min(firstRows, Math.max(leastImages, Math.round(images / imagesAMean)))
  const test = (count: number, share: number): PresenceTest => {
    const sorted = Float64Array.from(evidence, (one) => statistic(one, count)).sort()
    const location = quantileOf(sorted, 0.5)
    const scale = location - quantileOf(sorted, 0.16)
    const level = Math.max(rivals ? scale : Number.NEGATIVE_INFINITY, location + upperQuantile(falseAlarms * share) * scale)
    return { count, level, location, scale, share }
  }
  return count === leastImages ? [test(count, 1)] : [test(count, 1), test(leastImages, fewShare)]
}

/** @param evidence of the name's best rows */
export function judge(tests: readonly PresenceTest[], evidence: readonly number[]): Judgement {
  const said = tests.map((test) => {
    const value = statistic(evidence, test.count)
    const { level, share } = test
    return { present: value >= level, statistic: value, level, pValue: Math.min(1, pValueOf(value, test) / share) }
  })
  return said.toSorted((a, b) => Number(b.present) - Number(a.present) || a.pValue - b.pValue)[0]!
}

/** How far a statistic lies above the null names, in their scales, as a one-sided p-value. */
export function pValueOf(value: number, { location, scale }: Pick<PresenceTest, 'location' | 'scale'>): number {
  return scale > 0 ? upperTail((value - location) / scale) : value > location ? 0 : 1
}

/** Mean of the `count` largest; -Infinity of fewer. */
export function statistic(evidence: readonly number[], count: number): number {
  if (evidence.length < count) return Number.NEGATIVE_INFINITY
  const best = [...evidence].sort((a, b) => b - a).slice(0, count)
  return best.reduce((sum, value) => sum + value, 0) / count
}

/** The value below which a share `q` of sorted values lies, interpolated. */
export function quantileOf(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  const next = sorted[Math.min(low + 1, sorted.length - 1)]!
  return sorted[low]! + (at - low) * (next - sorted[low]!)
}

/** Value that a largest value of many is above with chance p, in scales above its median (Gumbel's distribution). */
export function upperQuantile(p: number): number {
  return (-Math.log(-Math.log1p(-p)) - middle) / (middle - low)
}

/** The other way round. */
export function upperTail(z: number): number {
  return -Math.expm1(-Math.exp(-(middle + z * (middle - low))))
}

/** Gumbel's median and 16% quantile. */
const middle = -Math.log(Math.log(2))
const low = -Math.log(-Math.log(0.16))
