import { stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import type { Segmentation } from '../index'
import { IouSums } from './miou'

/** Truth and prediction of one picture on the same scale: class i is i, `ignore` counts nowhere. */
export interface Truth {
  labels: Uint8Array | Uint16Array
  width: number
  height: number
}

/** What one picture adds to the figures: pixels of the classes that occur in its truth or prediction. */
export interface PictureSums {
  classes: number[]
  intersection: number[]
  truth: number[]
  predicted: number[]
  /** Which label values were asked for; absent: all. */
  asked?: number[]
}

/**
 * Collects mIoU of segmentations against label maps whose values are class indices (0 .. n-1), or, with background,
 * 0 for background and i + 1 for class i; `ignore` (255, or 65535) is left out.
 */
export class FolderEvaluation {
  readonly sums: IouSums
  readonly chance: IouSums
  images = 0

  /** @param names every label value's name, in order of the values. */
  constructor(
    readonly names: string[],
    private readonly confusion: (
      truth: Uint8Array | Uint16Array,
      prediction: Uint8Array | Uint16Array,
      n: number,
      ignore: number,
    ) => Float64Array,
    private readonly ignore: number,
  ) {
    this.sums = new IouSums(names.length)
    this.chance = new IouSums(names.length)
  }

  /**
   * One picture, not yet added.
   *
   * @param values which label values were asked for, when the picture was segmented by a part of the names: label i of the
   *   prediction is value values[i].
   * @returns mIoU of this picture alone, over the values that occur in it (NaN where all of it is ignored), and its sums
   */
  measure(
    image: string,
    truth: Truth,
    prediction: Pick<Segmentation, 'labels' | 'width' | 'height'>,
    values?: number[],
  ): { miou: number; sums: PictureSums } {
    if (truth.width !== prediction.width || truth.height !== prediction.height) {
      throw new WordmaskError(
        'ERR_WORDMASK_IMAGE',
        `${image} is ${prediction.width} x ${prediction.height}, its label map ${truth.width} x ${truth.height}. Images are shown with their EXIF orientation unless --no-orient is given.`,
      )
    }
    const n = this.names.length
    this.checkValues(image, truth.labels)
    const predicted = values === undefined ? prediction.labels : Uint16Array.from(prediction.labels, (label) => values[label]!)
    const own = new IouSums(n)
    own.add(this.confusion(truth.labels, predicted, n, this.ignore))
    const classes = this.names.map((_, i) => i).filter((i) => own.iou(i) !== undefined)
    const at = (values: Float64Array) => classes.map((i) => values[i]!)
    const sums = { classes, intersection: at(own.intersection), truth: at(own.truth), predicted: at(own.predicted) }
    return { miou: own.mean(), sums: values === undefined ? sums : { ...sums, asked: values } }
  }

  /** Adds a picture that was measured, now or in an earlier sitting. */
  add({ classes, intersection, truth, predicted, asked }: PictureSums): void {
    const pixels = new Float64Array(this.names.length)
    classes.forEach((c, i) => {
      this.sums.intersection[c]! += intersection[i]!
      this.sums.truth[c]! += truth[i]!
      this.sums.predicted[c]! += predicted[i]!
      pixels[c] = truth[i]!
    })
    this.chance.addUniformGuess(pixels, asked ?? this.names.map((_, i) => i))
    this.images++
  }

  private checkValues(image: string, labels: ArrayLike<number>): void {
    for (let i = 0; i < labels.length; i++) {
      const value = labels[i]!
      if (value >= this.names.length && value !== this.ignore) {
        throw new WordmaskError(
          'ERR_WORDMASK_CLASSES',
          `The label map of ${image} holds the value ${value}, but the class list ends at ${this.names.length - 1} (${this.names.at(-1)}); ${this.ignore} is ignored`,
        )
      }
    }
  }
}

/** Label values that occur, ascending, without `ignore`. */
export function presentValues(labels: ArrayLike<number>, ignore: number): number[] {
  const seen = new Set<number>()
  for (let i = 0; i < labels.length; i++) seen.add(labels[i]!)
  seen.delete(ignore)
  return [...seen].sort((a, b) => a - b)
}

/** The label map of an image: the same place in the label folder, as PNG. */
export async function labelFile(folder: string, relative: string): Promise<string> {
  const file = path.join(folder, `${relative.replace(/\.[^./]+$/, '')}.png`)
  if ((await stat(file).catch(() => undefined))?.isFile()) return file
  throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No label map for ${relative}: expected ${file}`)
}
