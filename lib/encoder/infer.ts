import type { EncoderConfig, EncoderResNetConfig, EncoderVitConfig } from '../../binding'
import { WordmaskError } from '../errors'
import { type Shapes, side } from '../families/shapes'

/** Every published ViT of these families has heads of this width. */
const headWidth = 64

/**
 * The architecture of an encoder, read off the shapes of its file once its family is known. What shapes do not say (epsilon, how
 * positions are resized, what becomes of odd pixels) is as the public code of the family has it.
 * @throws ERR_WORDMASK_CHECKPOINT for a variant that does not run
 */
export function inferEncoder(family: string, shapes: Shapes, file: string): EncoderConfig {
  return { ...(family === 'resnet' ? inferResNet(shapes, file) : inferVit(family, shapes, file)), prefix: shapes.prefix }
}

function unsupported(file: string, what: string): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file} is ${what}, which wordmask does not run as an encoder.`)
}

function sized(shapes: Shapes, key: string, axis: number, file: string): number {
  const size = shapes.size(key, axis)
  if (size !== undefined) return size
  throw unsupported(file, `a ViT without ${shapes.prefix}${key} of ${axis + 1} or more dimensions`)
}

function inferVit(family: string, shapes: Shapes, file: string): EncoderVitConfig {
  const width = sized(shapes, 'patch_embed.proj.weight', 0, file)
  const patchSize = sized(shapes, 'patch_embed.proj.weight', 2, file)
  const distilled = shapes.has('dist_token')
  const registers = shapes.size('register_tokens', 1) ?? 0
  const grid = side(sized(shapes, 'pos_embed', 1, file) - (distilled ? 2 : 1))
  if (grid === undefined) throw unsupported(file, `a ViT whose ${shapes.size('pos_embed', 1)} positions are no square grid`)
  if (width % headWidth !== 0) throw unsupported(file, `a ViT of width ${width}, no multiple of ${headWidth}`)
  const dinov2 = family === 'dinov2'
  const deit = family === 'deit'
  return {
    kind: 'vit',
    imageSize: grid * patchSize,
    patchSize,
    width,
    layers: shapes.count('blocks.'),
    heads: width / headWidth,
    mlpWidth: sized(shapes, 'blocks.0.mlp.fc1.weight', 0, file),
    layerNormEps: 1e-6,
    distilled,
    registers,
    layerScale: dinov2,
    partial: deit ? 'drop' : 'pad',
    positions: { offset: deit || registers > 0 ? 0 : 0.1, antialias: registers > 0, byCount: deit },
  }
}

function inferResNet(shapes: Shapes, file: string): EncoderResNetConfig {
  const width = sized(shapes, 'conv1.weight', 0, file)
  if (sized(shapes, 'layer1.0.conv2.weight', 0, file) !== width || sized(shapes, 'layer1.0.conv2.weight', 1, file) !== width)
    throw unsupported(file, 'a wide or grouped ResNet')
  return { kind: 'resnet', layers: [1, 2, 3, 4].map((stage) => shapes.count(`layer${stage}.`)), width }
}
