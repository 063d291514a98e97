import { gumbel, normal, type Tail } from './tails'

/** A present name shows in at least so many images. */
export const leastImages = 5
/** Best rows by cosine that a name is judged by. */
export const firstRows = 32
/** Of larger archives a name is judged by the mean of more: one of so many images. */
const imagesAMean = 600
/** Shares of the false alarms where both are asked; less than all of them, for what the nulls say is a little kind. */
const shares: Record<Evidence, number> = { rivals: 0.6, standing: 0.2 }

/**
 * What the images of a name are judged by: `rivals`, how much larger an image's cosine with the name is than with any rival; `standing`, how
 * far it stands out of the archive by the cosine with the name alone (standing.ts).
 */
export type Evidence = 'rivals' | 'standing'

/**
 * How the statistics of null names go on above their median. Rivals: as a largest value, from the lower half alone, for some may be shown
 *after all. Standing: as the normal distribution, from the wider half; as a largest value the level lay far above nearly all words of scenes.
 */
const tails: Record<Evidence, Tail> = { rivals: gumbel, standing: normal }

/** Both, of the best rows of a name; `standing` is empty where the archive is too small for it. */
export type Looks = Record<Evidence, readonly number[]>

/** A way to tell whether a name is present: the mean of its largest evidences, and what it must reach, from null names on the same archive. */
export interface PresenceTest {
  by: Evidence
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
  by: Evidence
  present: boolean
  statistic: number
  level: number
  /** One-sided, over the share of that test. */
  pValue: number
}

/**
 * The tests for an archive of so many images. By rivals: the mean of 5, of more than 3,000 images of one for every 600, up to 32; the more
 * images there are, the better are the few best of an absent name, and a name that is shown often has many as good. By standing, from 4,000
 * images on: the mean of 5; a name in a few of very many images hardly beats its rivals by more than an absent one does, but those few stand out.
 * Shares and ranks were chosen on scenes of 20,000 images, seeds 10 to 12 (`npm run bench -- curation`).
 * @param nulls of each null name @param rivals whether names have any, so that 0 means something
 */
export function testsOf(nulls: readonly Looks[], images: number, rivals: boolean, falseAlarms: number): PresenceTest[] {
  const test = (by: Evidence, count: number, share: number): PresenceTest => {
    const said = nulls.map((looks) => statistic(looks[by], count))
    const sorted = Float64Array.from(said).sort()
    const location = quantileOf(sorted, 0.5)
    const below = location - quantileOf(sorted, 0.16)
    const scale = by === 'rivals' ? below : Math.max(below, quantileOf(sorted, 0.84) - location)
    const floor = by === 'rivals' && rivals ? scale : Number.NEGATIVE_INFINITY
    return { by, count, level: Math.max(floor, location + tails[by].quantile(falseAlarms * share) * scale), location, scale, share }
  }
  const count = Math.min(firstRows, Math.max(leastImages, Math.round(images / imagesAMean)))
  if (nulls.some(({ standing }) => standing.length === 0)) return [test('rivals', count, 1)]
  return [test('rivals', count, shares.rivals), test('standing', leastImages, shares.standing)]
}

export function judge(tests: readonly PresenceTest[], looks: Looks): Judgement {
  const said = tests.map((test) => {
    const { by, level, share } = test
    const value = statistic(looks[by], test.count)
    return { by, present: value >= level, statistic: value, level, pValue: Math.min(1, pValueOf(value, test) / share) }
  })
  return said.toSorted((a, b) => Number(b.present) - Number(a.present) || a.pValue - b.pValue)[0]!
}

/** How far a statistic lies above the null names, in their scales, as a one-sided p-value. */
export function pValueOf(value: number, { by, location, scale }: Pick<PresenceTest, 'by' | 'location' | 'scale'>): number {
  return scale > 0 ? tails[by].above((value - location) / scale) : value > location ? 0 : 1
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
