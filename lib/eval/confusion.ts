/** Entries of a confusion matrix that are not 0: truth, prediction, pixels, over and over. */
export type SparseMatrix = number[]

/** How a class that the truth does not show enters the mean. */
export type MeanRule =
  /** MMSegmentation's: a class counts where it occurs in the truth or in a prediction; predicted and never true is 0. */
  | 'mmseg'
  /** detectron2's SemSegEvaluator: only classes that the truth shows. */
  | 'detectron2'

/**
 * Pixels by true class and predicted class, summed over images. Column `classes` holds pixels without an answer: they count
 * in the truth and are wrong. Pixels whose truth is ignored are not in it.
 */
export class ConfusionMatrix {
  readonly pixels: Float64Array
  private readonly side: number

  constructor(readonly classes: number) {
    this.side = classes + 1
    this.pixels = new Float64Array(this.side * this.side)
  }

  /** @param matrix [classes + 1, classes + 1], row = truth; the last row is empty, the last column is "no answer". */
  add(matrix: Float64Array): void {
    for (let i = 0; i < matrix.length; i++) this.pixels[i]! += matrix[i]!
  }

  addSparse(entries: SparseMatrix): void {
    for (let i = 0; i < entries.length; i += 3) this.pixels[entries[i]! * this.side + entries[i + 1]!]! += entries[i + 2]!
  }

  sparse(): SparseMatrix {
    const entries: SparseMatrix = []
    this.pixels.forEach((count, at) => {
      if (count > 0) entries.push(Math.floor(at / this.side), at % this.side, count)
    })
    return entries
  }

  at(truth: number, predicted: number): number {
    return this.pixels[truth * this.side + predicted]!
  }

  /** Pixels whose truth is c. */
  truth(c: number): number {
    let sum = 0
    for (let p = 0; p <= this.classes; p++) sum += this.at(c, p)
    return sum
  }

  /** Pixels that count and are predicted c; c = classes: without an answer. */
  predicted(c: number): number {
    let sum = 0
    for (let t = 0; t < this.classes; t++) sum += this.at(t, c)
    return sum
  }

  /** Intersection over union in [0, 1]; undefined for a class that is never true and never predicted. */
  iou(c: number): number | undefined {
    const union = this.truth(c) + this.predicted(c) - this.at(c, c)
    return union > 0 ? this.at(c, c) / union : undefined
  }

  /** Share of a class's true pixels that are predicted so; undefined for a class that is never true. */
  accuracy(c: number): number | undefined {
    const truth = this.truth(c)
    return truth > 0 ? this.at(c, c) / truth : undefined
  }

  /** Mean IoU over `among`, by the rule; undefined where no class counts. */
  meanIou(rule: MeanRule, among: readonly number[] = this.all()): number | undefined {
    return mean(among.map((c) => (rule === 'detectron2' && this.truth(c) === 0 ? undefined : this.iou(c))))
  }

  /** Mean accuracy over the classes that are true somewhere. */
  meanAccuracy(): number | undefined {
    return mean(this.all().map((c) => this.accuracy(c)))
  }

  /** Share of all pixels that are right. */
  overallAccuracy(): number | undefined {
    const total = this.total()
    return total > 0 ? this.all().reduce((sum, c) => sum + this.at(c, c), 0) / total : undefined
  }

  /** IoU weighted by how often a class is true. */
  frequencyWeightedIou(): number | undefined {
    const total = this.total()
    if (total === 0) return undefined
    return this.all().reduce((sum, c) => sum + ((this.iou(c) ?? 0) * this.truth(c)) / total, 0)
  }

  /** Pixels that count. */
  total(): number {
    return this.all().reduce((sum, c) => sum + this.truth(c), 0)
  }

  /** The wrong entries with the most pixels, largest first; `share` is of the true class's pixels. */
  confused(most: number): { truth: number; predicted: number; pixels: number; share: number }[] {
    const pairs: { truth: number; predicted: number; pixels: number; share: number }[] = []
    for (const truth of this.all()) {
      const total = this.truth(truth)
      for (let predicted = 0; predicted <= this.classes; predicted++) {
        const pixels = this.at(truth, predicted)
        if (predicted !== truth && pixels > 0) pairs.push({ truth, predicted, pixels, share: pixels / total })
      }
    }
    return pairs.sort((a, b) => b.pixels - a.pixels || a.truth - b.truth || a.predicted - b.predicted).slice(0, most)
  }

  private all(): number[] {
    return Array.from({ length: this.classes }, (_, c) => c)
  }
}

/** Over the values that are there; undefined when none is. */
export function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined
}

/** 2ab / (a + b): 0 where one of them is. */
export function harmonic(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined
  return a + b > 0 ? (2 * a * b) / (a + b) : 0
}
