import type { Encoder as NativeEncoder } from '../../binding'
import type { EncoderSource } from './source'

/** What a loaded encoder is. */
export interface EncoderInfo {
  readonly name: string
  /** 'DeiT', 'DINO', 'DINOv2', 'ResNet', 'CLIP' */
  readonly family: string
  readonly title: string
  /** Side of one cell of the grid, in pixels: the patch of a ViT, 32 for a ResNet. */
  readonly cell: number
  /** Numbers a cell. */
  readonly channels: number
  /** Shorter side of what the tower sees unless told otherwise, in pixels. */
  readonly size: number
  /** What a CLIP's features are: 'value', 'residual' or 'cells'; undefined for other towers. */
  readonly read: 'value' | 'residual' | 'cells' | undefined
  /** The layer of a CLIP's ViT, counted from 1, at which it is read; undefined: the last, or another tower. */
  readonly layer: number | undefined
  /** Number of weights of the tower. */
  readonly parameters: number
  /** Bytes the weights take on the device. */
  readonly bytes: number
  /** 'cpu', 'cuda:0' ...: what 'auto' chose. */
  readonly device: string
  /** 'float32', 'bfloat16', 'float16': what 'auto' chose. */
  readonly dtype: string
  /** As the card or the files beside the weights record it. */
  readonly licence: string
  /** The weight files. */
  readonly files: readonly string[]
  /** What to know before trusting the features; empty for most. */
  readonly notes: readonly string[]
}

export function describeEncoder(source: EncoderSource, native: NativeEncoder): EncoderInfo {
  const { name, family, title, config, size, licence, files, notes } = source
  const read = config.kind !== 'clip' ? undefined : config.read === 'cells' ? 'cells' : config.clip.dense
  const layer = config.kind === 'clip' ? config.layer : undefined
  return Object.freeze({ name, family, title, size, read, layer, ...native.info(), licence, files, notes })
}
