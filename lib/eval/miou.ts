import { mean } from './retrieval'

/**
 * Intersection over union from sums over a whole data set. A class counts when it occurs in the truth or in the
 * prediction; one that occurs in neither is left out of every mean.
 */
export class IouSums {
  readonly intersection: Float64Array
  readonly truth: Float64Array
  readonly predicted: Float64Array

  constructor(readonly classes: number) {
    this.intersection = new Float64Array(classes)
    this.truth = new Float64Array(classes)
    this.predicted = new Float64Array(classes)
  }

  /** Adds a confusion matrix: matrix[t * n + p] pixels of truth t predicted p. */
  add(matrix: Float64Array): void {
    const n = this.classes
    for (let t = 0; t < n; t++) {
      for (let p = 0; p < n; p++) {
        const pixels = matrix[t * n + p]!
        if (pixels === 0) continue
        this.truth[t]! += pixels
        this.predicted[p]! += pixels
        if (t === p) this.intersection[t]! += pixels
      }
    }
  }

  /** Adds what a guess that is uniform over `choices` scores on average on `truth[t]` pixels of each class t. */
  addUniformGuess(truth: ArrayLike<number>, choices: ArrayLike<number>): void {
    let total = 0
    for (let t = 0; t < truth.length; t++) {
      this.truth[t]! += truth[t]!
      total += truth[t]!
    }
    for (let i = 0; i < choices.length; i++) {
      const p = choices[i]!
      this.predicted[p]! += total / choices.length
      this.intersection[p]! += truth[p]! / choices.length
    }
  }

  /** IoU of one class in [0, 1]; undefined for a class that never occurs. */
  iou(c: number): number | undefined {
    const union = this.truth[c]! + this.predicted[c]! - this.intersection[c]!
    return union > 0 ? this.intersection[c]! / union : undefined
  }

  /** Mean over the classes [from, to) that occur; NaN when none does. */
  mean(from = 0, to = this.classes): number {
    const values: number[] = []
    for (let c = from; c < to; c++) {
      const value = this.iou(c)
      if (value !== undefined) values.push(value)
    }
    return mean(values)
  }

  /** Share of pixels labelled right. */
  accuracy(): number {
    const sum = (a: Float64Array) => a.reduce((x, y) => x + y, 0)
    return sum(this.intersection) / sum(this.truth)
  }
}

/** Pixels of each class in a label map; `ignore` and anything >= classes is left out. */
export function countPixels(labels: Uint8Array | Uint16Array, classes: number, ignore: number): Float64Array {
  const counts = new Float64Array(classes)
  for (const label of labels) if (label !== ignore && label < classes) counts[label]!++
  return counts
}
