import type { Pixels } from '../../binding'
import { weightsHash } from '../archive/identity'
import { Clip } from '../clip/clip'
import { towerSize } from '../clip/size'
import { Encoder } from '../encoder/encoder'
import { invalidArgument } from '../errors'
import type { Tensor } from '../options'
import type { Model } from '../segmenter/models'
import { withSignal } from '../task'

/** Shorter side that an image is seen at, or both sides. */
export type ViewSize = number | { width: number; height: number }

/** Features [h, w, channels], not normalised, and the pixels that the tower saw. */
export interface DenseFeatures extends Tensor {
  width: number
  height: number
}

/** A frozen tower that gives every cell of an image a vector: what co-segmentation compares. */
export interface DenseEncoder {
  readonly model: Model
  readonly name: string
  readonly channels: number
  /** Side of a cell, in pixels. */
  readonly cell: number
  /** Shorter side of images to be segmented, and side of reference images, unless told otherwise. */
  readonly sizes: { readonly segment: number; readonly reference: number }
  /** Name, sha256 of the weights, preprocessing, arithmetic: features of another encoder have another. */
  identity(): Promise<string>
  features(pixels: Pixels, size: ViewSize, signal: AbortSignal | undefined): Promise<DenseFeatures>
}

/** The image tower of a CLIP. `saved`: its identity before its weights were copied into a folder. */
export function clipEncoder(clip: Clip, saved?: string): DenseEncoder {
  const { config, preprocess, segmentSize, files } = clip.source
  const { name, embedDim, patchSize, dtype } = clip.info
  return {
    ...{ model: clip, name, channels: embedDim, cell: patchSize },
    sizes: { segment: segmentSize ?? config.vision.imageSize * 1.5, reference: config.vision.imageSize },
    identity: async () => {
      if (saved !== undefined) return JSON.stringify({ ...JSON.parse(saved), dtype })
      return JSON.stringify({ name, weights: await weightsHash(files), preprocess, dense: config.dense, dtype })
    },
    features: async (pixels, size, signal) => {
      const view = towerSize(pixels, size, patchSize, false)
      const options = { ...preprocess, ...view, normalize: false }
      return { ...(await withSignal(signal, (task) => clip.native.denseFeatures(pixels, options, task))), ...view }
    },
  }
}

/** Side of reference images for towers that are no CLIP: ReCo's. */
const usualReference = 224

/** An Encoder. `saved` as for clipEncoder. */
export function towerEncoder(encoder: Encoder, saved?: string): DenseEncoder {
  const { config, preprocess, files } = encoder.source
  const { name, channels, cell, size, read, layer, dtype } = encoder.info
  return {
    ...{ model: encoder, name, channels, cell },
    sizes: { segment: size, reference: config.kind === 'clip' ? config.clip.vision.imageSize : usualReference },
    identity: async () => {
      if (saved !== undefined) return JSON.stringify({ ...JSON.parse(saved), dtype })
      return JSON.stringify({ name, weights: await weightsHash(files), preprocess, read, layer, dtype })
    },
    features: async (pixels, size, signal) => {
      const view = towerSize(pixels, size, cell, false)
      return { ...(await withSignal(signal, (task) => encoder.native.features(pixels, { ...preprocess, ...view }, task))), ...view }
    },
  }
}

/** The encoder that a caller means. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function denseEncoder(given: unknown): DenseEncoder {
  if (given instanceof Clip) return clipEncoder(given)
  if (given instanceof Encoder) return towerEncoder(given)
  throw invalidArgument('encoder', 'an Encoder, a Clip, or what Encoder.load takes', given)
}

/** The square in the middle of an image: what reference images are seen as, so that all have the same grid. */
export function centreSquare({ data, width, height }: Pixels): Pixels {
  const side = Math.min(width, height)
  if (width === height) return { data, width, height }
  const left = Math.floor((width - side) / 2)
  const top = Math.floor((height - side) / 2)
  const square = new Uint8Array(side * side * 3)
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3
    square.set(data.subarray(from, from + side * 3), y * side * 3)
  }
  return { data: square, width: side, height: side }
}
