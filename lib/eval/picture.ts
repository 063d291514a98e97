import { WordmaskError } from '../errors'
import { answers, type ClassMap, countIgnored, toClasses } from './class-map'
import { ConfusionMatrix, type SparseMatrix } from './confusion'
import type { Layout, Pair } from './datasets/types'
import { meet } from './fit'
import { readLabels } from './read-labels'
import type { ResizeRule } from './resize-rule'

/** binding.d.ts's confusion. */
export type CountConfusion = (truth: Uint16Array, prediction: Uint16Array, n: number, ignore: number) => Float64Array

/** What one picture adds; the figures are sums over these, so that a run can be left and gone on with. */
export interface PictureScore {
  matrix: SparseMatrix
  /** Pixels scored at, and those of them that do not count. */
  pixels: number
  ignored: number
  /** Over the classes in this picture's truth or prediction, 0..1; null where every pixel is ignored. */
  miou: number | null
}

/** The truth of a pair in class indices. @throws ERR_WORDMASK_CLASSES for a value that no class has */
export async function readTruth({ labels: file }: Pair, { values, read }: Layout, n: number): Promise<ClassMap> {
  const { labels, width, height } = await readLabels(file, read)
  const { classes, strange } = await toClasses(labels, values)
  if (strange.size > 0) {
    const shown = [...strange.keys()].sort((a, b) => a - b).slice(0, 8)
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `The label map ${file} holds values that none of the ${n} classes has: ${shown.join(', ')}`,
    )
  }
  return { classes, width, height }
}

/** Truth against prediction. @throws ERR_WORDMASK_IMAGE for two sizes that do not belong together */
export function scorePicture(
  id: string,
  truth: ClassMap,
  prediction: ClassMap,
  rule: ResizeRule,
  n: number,
  confusion: CountConfusion,
): PictureScore {
  const both = meet(truth, prediction, rule)
  if (both === undefined) {
    throw new WordmaskError(
      'ERR_WORDMASK_IMAGE',
      `${id}: the prediction is ${prediction.width} x ${prediction.height}, the label map ${truth.width} x ${truth.height}`,
    )
  }
  const matrix = new ConfusionMatrix(n)
  matrix.add(confusion(both.truth.classes, answers(both.prediction.classes, n), n + 1, 65535))
  return {
    matrix: matrix.sparse(),
    pixels: both.truth.classes.length,
    ignored: countIgnored(both.truth.classes),
    miou: matrix.meanIou('mmseg') ?? null,
  }
}
