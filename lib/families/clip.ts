import { type Architecture, type Shapes, side } from './shapes'

/** Where the numbers of a CLIP stand under one naming of its keys. */
export interface ClipKeys {
  shapes: Shapes
  prefix: string
  patch: string
  positions: string
  visionLayers: string
  textLayers: string
  token: string
  context: string
  /** Key and axis of the joint width. */
  joint: [string, number]
  keys: string
}

export function openAi(shapes: Shapes): ClipKeys {
  const prefix = shapes.has('visual.conv1.weight') ? '' : 'clip_adapter.clip_model.'
  return {
    ...{
      shapes,
      prefix,
      keys: 'openai',
      patch: 'visual.conv1.weight',
      positions: 'visual.positional_embedding',
      joint: ['text_projection', 1],
    },
    ...{
      visionLayers: 'visual.transformer.resblocks.',
      textLayers: 'transformer.resblocks.',
      token: 'token_embedding.weight',
      context: 'positional_embedding',
    },
  }
}

export function huggingFace(shapes: Shapes): ClipKeys {
  const [vision, text] = ['vision_model.', 'text_model.']
  return {
    ...{
      shapes,
      prefix: '',
      keys: 'huggingface',
      patch: `${vision}embeddings.patch_embedding.weight`,
      joint: ['text_projection.weight', 0],
    },
    ...{
      positions: `${vision}embeddings.position_embedding.weight`,
      visionLayers: `${vision}encoder.layers.`,
      textLayers: `${text}encoder.layers.`,
    },
    ...{ token: `${text}embeddings.token_embedding.weight`, context: `${text}embeddings.position_embedding.weight` },
  }
}

/** Both towers, whichever naming. */
export function clipTowers({ shapes, prefix, ...names }: ClipKeys): Architecture {
  const size = (key: string, axis: number) => shapes.size(prefix + key, axis)
  const resnet = shapes.has(`${prefix}visual.layer1.0.conv1.weight`)
  const positions = resnet ? size('visual.attnpool.positional_embedding', 0) : size(names.positions, 0)
  const cell = resnet ? 32 : size(names.patch, 2)
  const grid = positions === undefined ? undefined : side(positions - 1)
  const imageSize = grid === undefined || cell === undefined ? undefined : grid * cell
  const vision: Architecture = resnet
    ? {
        kind: 'resnet',
        imageSize,
        width: size('visual.layer1.0.conv1.weight', 0),
        blocks: [1, 2, 3, 4].map((i) => shapes.count(`${prefix}visual.layer${i}.`)),
      }
    : { kind: 'vit', imageSize, patchSize: cell, width: size(names.patch, 0), layers: shapes.count(prefix + names.visionLayers) }
  const text = {
    width: size(names.token, 1),
    layers: shapes.count(prefix + names.textLayers),
    vocabSize: size(names.token, 0),
    contextLength: size(names.context, 0),
  }
  return { keys: names.keys, embedDim: size(...names.joint), vision, text }
}
