import { type ConfusionMatrix, harmonic, type MeanRule } from './confusion'
import type { Dataset } from './datasets/types'

/** In percent; undefined where nothing can be said. */
export interface Figures {
  mIoU: number | undefined
  mAcc: number | undefined
  aAcc: number | undefined
  fwIoU: number | undefined
  seen?: number | undefined
  unseen?: number | undefined
  harmonic?: number | undefined
}

export interface ClassRow {
  class: string
  iou: number | undefined
  acc: number | undefined
  /** Shares of the pixels that count, in percent. */
  truth: number
  predicted: number
  part?: 'seen' | 'unseen'
}

const percent = (share: number | undefined) => (share === undefined ? undefined : 100 * share)

/** @param unseen indices of the classes kept out of training, if the set has such a split. */
export function figuresOf(matrix: ConfusionMatrix, rule: MeanRule, unseen: ReadonlySet<number> | undefined): Figures {
  const figures: Figures = {
    mIoU: percent(matrix.meanIou(rule)),
    mAcc: percent(matrix.meanAccuracy()),
    aAcc: percent(matrix.overallAccuracy()),
    fwIoU: percent(matrix.frequencyWeightedIou()),
  }
  if (unseen === undefined) return figures
  const classes = Array.from({ length: matrix.classes }, (_, c) => c)
  const mean = (kept: boolean) =>
    matrix.meanIou(
      rule,
      classes.filter((c) => unseen.has(c) === kept),
    )
  const [seen, kept] = [mean(false), mean(true)]
  return { ...figures, seen: percent(seen), unseen: percent(kept), harmonic: percent(harmonic(seen, kept)) }
}

export function classRows(matrix: ConfusionMatrix, { classes }: Dataset, unseen: ReadonlySet<number> | undefined): ClassRow[] {
  const total = matrix.total()
  return classes.map(({ name }, c) => ({
    class: name,
    iou: percent(matrix.iou(c)),
    acc: percent(matrix.accuracy(c)),
    truth: (100 * matrix.truth(c)) / total,
    predicted: (100 * matrix.predicted(c)) / total,
    ...(unseen && { part: unseen.has(c) ? ('unseen' as const) : ('seen' as const) }),
  }))
}

export interface ConfusionRow {
  truth: string
  predicted: string
  pixels: number
  /** Of the true class's pixels, in percent. */
  share: number
}

/** The most confused pairs; a pixel without an answer is "(no answer)". */
export function confusionRows(matrix: ConfusionMatrix, { classes }: Dataset, most = 100): ConfusionRow[] {
  const name = (c: number) => classes[c]?.name ?? '(no answer)'
  return matrix.confused(most).map(({ truth, predicted, pixels, share }) => ({
    truth: name(truth),
    predicted: name(predicted),
    pixels,
    share: 100 * share,
  }))
}
