import type { Clip as NativeClip } from '../../binding'
import type { ClipSource } from './source'

/** What a loaded CLIP is. */
export interface ClipInfo {
  readonly name: string
  /** 'CLIP' */
  readonly family: string
  /** Side of the square image that encodeImage looks at, in pixels. */
  readonly imageSize: number
  /** Side of one cell of dense features, in pixels: the patch of a ViT, 32 for a ResNet. */
  readonly patchSize: number
  /** Length of an embedding. */
  readonly embedDim: number
  /** Tokens of the longest text, the two marks included. */
  readonly contextLength: number
  /** Number of weights. */
  readonly parameters: number
  /** Bytes the weights take on the device. */
  readonly bytes: number
  /** 'cpu', 'cuda:0' ...: what 'auto' chose. */
  readonly device: string
  /** 'float32', 'bfloat16', 'float16': what 'auto' chose. */
  readonly dtype: string
  /** As the card or the files beside the weights record it. */
  readonly licence: string
  /** Text tower that knows only these many token ids; undefined for the whole vocabulary. */
  readonly vocabularySize: number | undefined
  /** exp(logit_scale): what cosines are multiplied with before softmax. */
  readonly logitScale: number
  /** The weight files. */
  readonly files: readonly string[]
  /** What to know before trusting the answers; empty for most models. */
  readonly notes: readonly string[]
}

export function describeClip(source: ClipSource, native: NativeClip, logitScale: number): ClipInfo {
  const { config } = source
  return Object.freeze({
    name: source.name,
    family: source.family,
    imageSize: config.vision.imageSize,
    patchSize: config.vision.kind === 'vit' ? config.vision.patchSize : 32,
    embedDim: config.embedDim,
    contextLength: config.text.contextLength,
    ...native.info(),
    licence: source.licence,
    vocabularySize: config.text.vocabulary?.length,
    logitScale,
    files: source.files,
    notes: source.notes,
  })
}
