import { type Interval, wilson } from '../curate/wilson'

/** What the specialist says of an image, and what the image is taken to show. */
export interface Answer {
  /** Highest probability of the name anywhere in the image, 0..1. */
  score: number
  /** Whether the image shows the name. */
  shown: boolean
}

/** Image-level figures at a threshold, with Wilson's 95% intervals; NaN where there is nothing to measure on. */
export interface ImageFigures {
  images: { shown: number; without: number }
  found: { right: number; wrong: number }
  precision: Interval
  recall: Interval
  /** Images without the name in which it is found, of 1,000. */
  falsePositivesPer1000: Interval
}

export function imageFigures(answers: readonly Answer[], threshold: number): ImageFigures {
  const shown = answers.filter((answer) => answer.shown)
  const without = answers.length - shown.length
  const right = shown.filter(({ score }) => score >= threshold).length
  const wrong = answers.filter((answer) => !answer.shown && answer.score >= threshold).length
  const share = wilson(wrong, without)
  return {
    images: { shown: shown.length, without },
    found: { right, wrong },
    precision: wilson(right, right + wrong),
    recall: wilson(right, shown.length),
    falsePositivesPer1000: { value: 1000 * share.value, low: 1000 * share.low, high: 1000 * share.high },
  }
}

/** Less than this is none: where it is the most likely of two. */
export const leastThreshold = 0.5
const mostThreshold = 1 - 1e-6

export interface Threshold {
  value: number
  why: string
}

/**
 * The lowest threshold with at most `perThousand` of 1,000 images without the name above it, and no lower than 0.5: just above the score
 * of the best image that is one too many.
 */
export function chooseThreshold(answers: readonly Answer[], perThousand: number): Threshold {
  const without = answers
    .filter(({ shown }) => !shown)
    .map(({ score }) => score)
    .sort((a, b) => b - a)
  if (without.length === 0)
    return { value: leastThreshold, why: 'no image without the name was held out: 0.5, where it is more likely than not' }
  const allowed = Math.floor((without.length * perThousand) / 1000)
  const first = without[allowed]
  const rule = `at most ${perThousand} of 1,000 held-out images without the name (${allowed} of ${without.length}) are above it`
  if (first === undefined || first < leastThreshold)
    return { value: leastThreshold, why: `0.5, where the name is more likely than not: ${rule}` }
  const value = Math.min(mostThreshold, first + Math.max(1e-6, (1 - first) * 1e-3))
  const over = without.filter((score) => score >= value).length
  if (over <= allowed) return { value, why: `the lowest at which ${rule}` }
  return {
    value,
    why: `the highest there is, though ${over} of ${without.length} held-out images without the name reach it (asked: ${allowed})`,
  }
}

/** Intersection over union of one label, over all images together; NaN where it is nowhere. */
export class Iou {
  private both = 0
  private either = 0

  add(labels: ArrayLike<number>, truth: ArrayLike<number>, label: number, ignore = 255): void {
    for (let i = 0; i < truth.length; i++) {
      if (truth[i] === ignore) continue
      const [a, b] = [labels[i] === label, truth[i] === label]
      if (a && b) this.both++
      if (a || b) this.either++
    }
  }

  get value(): number {
    return this.either === 0 ? Number.NaN : this.both / this.either
  }
}
