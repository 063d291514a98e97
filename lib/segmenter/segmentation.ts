import type { LabelResult } from '../../binding'
import { isObject } from '../arguments'
import { binding } from '../binding'
import { invalidArgument, madeElsewhere, WordmaskError } from '../errors'
import { checkOptions, type Tensor } from '../options'
import type { RecoProtocol } from '../reco/protocol'
import type { Refinement } from '../refine/options'
import type { ClassEntry } from '../text/classes'
import type { Templates } from '../text/prompts'
import { coveredCells } from './cells'
import { type Background, type MaskOptions, type Method, maskOptions, type ScoreOptions, scoreOptions } from './options'
import { compressRuns, type Rle } from './rle'
import { Scores } from './scores'

/** How an answer came about; goes into run records as it is. */
export interface Protocol {
  readonly method: Method
  readonly model: string
  readonly dtype: string
  readonly templates: Templates
  /** The size the model saw, in pixels. */
  readonly size: { readonly width: number; readonly height: number }
  readonly slide: { readonly crop: number; readonly stride: number } | undefined
  readonly orient: boolean
  readonly background: Background | undefined
  /** What came between scores and labels, with all its numbers. */
  readonly refine?: Refinement
  /** What cosines are multiplied with before softmax; absent where scores are probabilities of their own. */
  readonly temperature?: number
  /** Of the method 'reco'. */
  readonly reco?: RecoProtocol
}

/** One region: all pixels of a class, or one connected piece of it. */
export interface Mask {
  readonly class: string
  /** Position of the class in `classes`. */
  readonly classIndex: number
  /** The class's id, as COCO files carry it. */
  readonly id: number
  /** Mean over the patches of the region of the class's softmax share ('maskclip') or probability ('reco'), 0..1. */
  readonly score: number
  /** Pixels. */
  readonly area: number
  /** x, y, width, height in pixels. */
  readonly bbox: readonly [number, number, number, number]
  readonly rle: Rle
}

const maxScoreBytes = 2 ** 30

/** An image with a class at every pixel. */
export class Segmentation {
  readonly error = undefined
  /** Label of every pixel, row-major, the size of the image as shown. Class i is i, or i + 1 where there is a background (0). */
  readonly labels: Uint8Array | Uint16Array
  readonly width: number
  readonly height: number
  /** Share of the pixels of every class, 0..1, in the order of `classes`. */
  readonly coverage: readonly number[]

  /** @internal */
  constructor(
    result: LabelResult,
    private readonly all: Scores,
    readonly classes: readonly ClassEntry[],
    readonly background: Background | undefined,
    readonly protocol: Protocol,
  ) {
    if (
      !isObject(result) ||
      !ArrayBuffer.isView(result.labels) ||
      !(all instanceof Scores) ||
      !Array.isArray(classes) ||
      !isObject(protocol)
    )
      throw madeElsewhere('Segmentation', 'Segmenter.segment()')
    this.labels = result.labels
    this.width = result.width
    this.height = result.height
    const pixels = result.width * result.height
    this.coverage = classes.map((_, i) => (result.counts[i + this.firstLabel] ?? 0) / pixels)
  }

  /** Label of class 0: 1 where there is a background, else 0. */
  get firstLabel(): 0 | 1 {
    return this.background ? 1 : 0
  }

  /** Names of the classes that have pixels, largest first. */
  get found(): string[] {
    const share = (i: number) => this.coverage[i] as number
    const indices = this.classes.map((_, i) => i).filter((i) => share(i) > 0)
    return indices.sort((a, b) => share(b) - share(a)).map((i) => (this.classes[i] as ClassEntry).name)
  }

  /**
   * Score of every class, as it was before any refinement. -> [classes, h, w]: on the patch grid, or (at: 'image') bilinearly at every pixel. 'maskclip': the cosine,
   * -1..1. 'reco': a probability, 0..1, that compares names; that of a name alone has no natural threshold.
   * @throws ERR_WORDMASK_MEMORY, with the size, for an answer of more than 1 GiB
   */
  async scores(given: ScoreOptions = {}): Promise<Tensor> {
    const { at = 'grid', classes } = checkOptions('scores', scoreOptions, given)
    const rows = classes ? classes.map((name) => this.classIndex(name)) : this.classes.map((_, i) => i)
    const { height, width } = at === 'image' ? this : this.all
    const bytes = rows.length * height * width * 4
    if (bytes > maxScoreBytes) {
      const size = `${rows.length} x ${height} x ${width} float32 = ${(bytes / 2 ** 30).toFixed(2)} GiB`
      throw new WordmaskError(
        'ERR_WORDMASK_MEMORY',
        `Scores of ${size} are more than 1 GiB. Ask for fewer classes: scores({ at: '${at}', classes: [...] }), or for at: 'grid'.`,
      )
    }
    return at === 'image' ? this.all.atImage(rows, width, height) : this.all.onGrid(rows)
  }

  /** The regions as masks, by class and then by first pixel; background is none. */
  async masks(given: MaskOptions = {}): Promise<Mask[]> {
    const { minArea = 1, instances = false } = checkOptions('masks', maskOptions, given)
    const skip = this.background ? [0] : []
    const regions = await binding().regions(this.labels, this.width, this.height, { minArea, instances, skip }, {})
    const masks: Mask[] = []
    for (const { label, area, bbox, counts } of regions) {
      const classIndex = label - this.firstLabel
      const { name, id } = this.classes[classIndex] as ClassEntry
      const cells = coveredCells(counts, bbox, this, this.all)
      const score = await this.all.mean(classIndex, cells)
      masks.push({ class: name, classIndex, id, score, area, bbox, rle: { size: [this.height, this.width], counts: compressRuns(counts) } })
    }
    return masks
  }

  private classIndex(name: string | number): number {
    const index = typeof name === 'number' ? name : this.classes.findIndex((entry) => entry.name === name)
    if (Number.isInteger(index) && index >= 0 && index < this.classes.length) return index
    throw invalidArgument('classes', 'names of this segmentation or their positions', name)
  }
}

/** What segmentAll yields for an image that could not be segmented. */
export interface SegmentFailure {
  readonly error: WordmaskError
  /** Position in the input. */
  readonly index: number
}

/** Failures that are about one image and leave the others alone. */
const imageCodes = [
  'ERR_WORDMASK_IMAGE',
  'ERR_WORDMASK_IMAGE_TOO_LARGE',
  'ERR_WORDMASK_FILE_NOT_FOUND',
  'ERR_WORDMASK_IO',
  'ERR_WORDMASK_INVALID_ARGUMENT',
  // Refinement of a picture that is too large for it.
  'ERR_WORDMASK_MEMORY',
]

/** What a failure of one image becomes. @throws the failure itself where it is not about the image */
export function failureOf(error: unknown, index: number): SegmentFailure {
  if (error instanceof WordmaskError && imageCodes.includes(error.code)) return { error, index }
  throw error
}
