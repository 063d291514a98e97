import type { Color } from '../../text/colors'

/** A class that is scored; its index is its place in the list. */
export interface EvalClass {
  readonly name: string
  readonly color: Color
}

/** A benchmark: what is scored, what a model is asked for, and where it lies on a disk. */
export interface Dataset {
  /** detectron2's name where it has one. */
  readonly key: string
  readonly aliases: readonly string[]
  readonly title: string
  readonly classes: readonly EvalClass[]
  /** Class 0 is the background: what is none of the names asked for. */
  readonly background: boolean
  /** Names a model is asked for, each a comma list with synonyms; the background is not among them. */
  readonly asked: readonly string[]
  /** Class index of every name asked for: several fine names may be one class. */
  readonly askedClass: readonly number[]
  /** Other spellings of the names asked for, as other code bases have them. */
  readonly nameSets: Readonly<Record<string, readonly string[]>>
  /** Names of classes that zero-shot work keeps out of training. */
  readonly unseen?: { readonly names: readonly string[]; readonly source: string }
  /** How ReCo's evaluation resizes images and labels; 'none' = native size. */
  readonly recoResize: string
  /** EXIF orientation: benchmarks label the pixels as stored. */
  readonly orient: boolean
  /** Of the class list. */
  readonly source: string
  /** @throws ERR_WORDMASK_FILE_NOT_FOUND with what was looked for. */
  find(root: string): Promise<Layout>
}

/** A benchmark that was found on a disk. */
export interface Layout {
  /** Folders in use, below the root. */
  readonly description: string
  /** Value of a label map -> class index, or `ignored` or `outside`. */
  readonly values: Uint16Array
  /** 'red': the class is the red channel of an RGB file (panoptic maps). */
  readonly read: 'grey' | 'red'
  /** In a fixed order; names are read as they are needed. */
  pairs(): AsyncGenerator<Pair>
}

/** An image and its label map, told apart from others by `id`: a path without endings, '/' as separator. */
export interface Pair {
  readonly id: string
  /** Where the files are, or should be. */
  readonly image: string
  readonly labels: string
  readonly missing?: 'image' | 'labels'
}

/** What a label value that does not count is mapped to; also what is no answer in a prediction. */
export const ignored = 65535
/** What a label value that no class has is mapped to. */
export const outside = 65534
