import { createHash } from 'node:crypto'
import type { ArchiveRow } from '../archive/types'
import { checkPath } from '../arguments'
import { invalidArgument, madeElsewhere } from '../errors'
import type { ExportOptions, ExportReport } from '../export/export'
import type { ClassEntry } from '../text/classes'
import { type Measured, measure } from './audit'
import { Decisions } from './decisions'
import { loadCurated, saveCurated } from './file'
import type { ReadImages } from './images'
import type { Evidence } from './presence'
import type { ReviewOptions } from './review/review'
import type { Dropped } from './select'

/** An image taken for a class. */
export interface CuratedImage extends ArchiveRow {
  class: string
  /** Place within its class in the order in which images were taken, from 0. */
  rank: number
  /** Cosine with the class. */
  score: number
  /** Cosine with the class less that with the nearest other name; absent where there is no other. */
  margin?: number
  /** Accepted by hand. */
  accepted?: boolean
}

/** Whether the archive shows a name at all, as null-level.ts tells it. */
export interface Presence {
  present: boolean
  /** What said so: how much better the name fits its best images than any rival, or how far they stand out of the archive (presence.ts). */
  by: Evidence
  /** Mean evidence of the best images, and the level that it must reach. */
  statistic: number
  level: number
  /** Chance that a name that means nothing looks at least as present, from random words on the same archive; small for some that are not present. */
  pValue: number
  /** Images above the null level before near-duplicates, groups and margins are looked at; `atLeast` where counting stopped. */
  above: number
  atLeast?: boolean
}

export interface CuratedClass {
  entry: ClassEntry
  wanted: number
  images: CuratedImage[]
  /** Absent where the test was switched off. */
  presence?: Presence
  /** From scores alone, checked by nobody; absent where there is nothing to estimate it from. Accepted images are not part of it. */
  estimatedPrecision?: number
  dropped: Dropped
}

/** Where a set comes from: what run.json and exports say of it. */
export interface CuratedOrigin {
  archive: string
  rows: number
  model: { name: string; licence: string; sha256: string[] }
  settings: Record<string, unknown>
}

/** Unit vectors of images by id, [ids.length, dim]. */
export type VectorsOf = (ids: readonly string[], signal?: AbortSignal) => Promise<{ data: Float32Array; dim: number }>

/** What a CuratedSet is made of. A class, so that nothing else is taken for one. */
export class CuratedParts {
  constructor(
    readonly classes: readonly CuratedClass[],
    readonly origin: CuratedOrigin,
    readonly read: ReadImages,
    readonly vectors?: VectorsOf,
  ) {}
}

/** Images by class, with what they rest on. Made by archive.curate(), or read back from what save() wrote. */
export class CuratedSet {
  readonly classes: readonly CuratedClass[]
  readonly origin: CuratedOrigin
  /** Tells this choice of images from every other: hash of classes and ids. */
  readonly key: string
  /** @internal Where the archive is at hand. */
  readonly vectors: VectorsOf | undefined
  private readonly read: ReadImages

  /** @internal */
  constructor(parts: CuratedParts) {
    if (!(parts instanceof CuratedParts)) throw madeElsewhere('CuratedSet', 'archive.curate() or CuratedSet.load()')
    this.classes = parts.classes
    this.origin = parts.origin
    this.vectors = parts.vectors
    this.read = parts.read
    const hash = createHash('sha256')
    for (const { entry, images } of this.classes) hash.update(JSON.stringify([entry.name, images.map(({ id }) => id)]))
    this.key = hash.digest('hex').slice(0, 16)
  }

  /** Reads curated.jsonl, or the folder that it lies in. @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO, ERR_WORDMASK_VERSION */
  static async load(file: string): Promise<CuratedSet> {
    checkPath('file', file)
    const { readImages } = await import('./read.js')
    const { classes, origin } = await loadCurated(file)
    return new CuratedSet(new CuratedParts(classes, origin, readImages))
  }

  get size(): number {
    return this.classes.reduce((n, { images }) => n + images.length, 0)
  }

  *images(): Generator<CuratedImage> {
    for (const { images } of this.classes) yield* images
  }

  /** A line a class: "fire hydrant 500 of 500; estimated precision 0.97", "axolotl 0 of 500: no better than absent names". */
  summary(): string[] {
    return this.classes.map(summaryLine)
  }

  /** Writes curated.jsonl: a header line, then a line an image. Whole or not at all. */
  async save(file: string): Promise<void> {
    checkPath('file', file)
    await saveCurated(file, this)
  }

  /** Writes review.html: one file with the thumbnails inside. -> images shown, bytes, unreadable images */
  async review(file: string, options: ReviewOptions = {}): Promise<{ images: number; bytes: number; unreadable: number }> {
    checkPath('file', file)
    const { writeReview } = await import('./review/review.js')
    return writeReview(file, this, this.read, options)
  }

  /**
   * Precision measured by the decisions of an audit of this very set, with Wilson's 95% interval.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT for decisions that are of no random sample of this set
   */
  measure(decisions: Decisions): Measured {
    if (!(decisions instanceof Decisions)) throw invalidArgument('decisions', 'what readDecisions gives', decisions)
    return measure(this, decisions)
  }

  /** Writes the images for other programs (export.ts says what each format holds). */
  async export(options: ExportOptions): Promise<ExportReport> {
    const { exportSet } = await import('../export/export.js')
    return exportSet(this, this.read, options)
  }
}

export function summaryLine({ entry, wanted, images, presence, estimatedPrecision }: CuratedClass): string {
  const count = `${entry.name} ${images.length} of ${wanted}`
  if (presence?.present === false) {
    const kept = images.length > 0 ? ', accepted by hand' : ''
    return `${count}${kept}: no better than absent names`
  }
  return estimatedPrecision === undefined ? count : `${count}; estimated precision ${estimatedPrecision.toFixed(2)}`
}
