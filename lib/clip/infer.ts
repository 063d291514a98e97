import type { CheckpointSummary, ClipConfig, ResNetConfig, TextConfig, VitConfig } from '../../binding'
import { WordmaskError } from '../errors'

export type Activation = ClipConfig['activation']

/** Widths of one attention head that are not CLIP's usual 64, by tower width: LAION's H, g and bigG. */
const headWidths = new Map([
  [1280, 80],
  [1408, 88],
  [1664, 104],
])

/**
 * The architecture behind OpenAI-named keys, read off the shapes. The activation is not in the weights: OpenAI's own files
 * (recognised by the scalars they carry) use QuickGELU, others are `undefined` here and must be told.
 * @throws ERR_WORDMASK_CHECKPOINT where the keys are not those of a CLIP
 */
export function inferConfig(
  summary: CheckpointSummary,
  file: string,
): { config: Omit<ClipConfig, 'activation'>; activation: Activation | undefined } {
  const shapes = new Map(summary.tensors.map(({ key, shape }) => [key, shape]))
  const reader = new Shapes(shapes, file)
  const visual = shapes.has('visual.layer1.0.conv1.weight') ? inferResNet(reader) : inferVit(reader)
  const openai = summary.format === 'torchscript' || shapes.has('input_resolution') || 'input_resolution' in summary.metadata
  const config = {
    embedDim: visual.embedDim,
    layerNormEps: 1e-5,
    vision: visual.vision,
    text: inferText(reader),
    keys: 'openai',
    dense: 'residual',
  } as const
  return { config, activation: openai ? 'quick_gelu' : undefined }
}

class Shapes {
  constructor(
    private readonly shapes: Map<string, number[]>,
    private readonly file: string,
  ) {}

  get(key: string, rank: number): number[] {
    const shape = this.shapes.get(key)
    if (shape?.length === rank) return shape
    const found = shape
      ? `it has shape [${shape}]`
      : `the file has ${this.shapes.size} keys, such as ${[...this.shapes.keys()].slice(0, 3).join(', ')}`
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `${this.file} is not a CLIP: expected ${key} with ${rank} dimensions, but ${found}. See what it is with \`npx wordmask model info ${this.file}\`.`,
    )
  }

  /** Number of i for which `${prefix}${i}.` begins a key. */
  count(prefix: string): number {
    const found = new Set<string>()
    for (const key of this.shapes.keys()) if (key.startsWith(prefix)) found.add(key.slice(prefix.length).split('.', 1)[0] as string)
    return found.size
  }

  square(tokens: number, key: string): number {
    const side = Math.round(Math.sqrt(tokens - 1))
    if (side * side === tokens - 1) return side
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `${this.file}: ${key} has ${tokens} rows, which is not a square grid and a class token`,
    )
  }

  heads(width: number, key: string): number {
    const head = headWidths.get(width) ?? 64
    if (width % head === 0) return width / head
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `${this.file}: the number of heads of ${key} cannot be told from its width ${width}. Put an open_clip_config.json beside the weights and load the folder.`,
    )
  }
}

function inferVit(shapes: Shapes): { embedDim: number; vision: VitConfig } {
  const [, embedDim] = shapes.get('visual.proj', 2) as [number, number]
  const [width, , patchSize] = shapes.get('visual.conv1.weight', 4) as [number, number, number, number]
  const [tokens] = shapes.get('visual.positional_embedding', 2) as [number, number]
  const [mlpWidth] = shapes.get('visual.transformer.resblocks.0.mlp.c_fc.weight', 2) as [number, number]
  const imageSize = shapes.square(tokens, 'visual.positional_embedding') * patchSize
  const layers = shapes.count('visual.transformer.resblocks.')
  return { embedDim, vision: { kind: 'vit', imageSize, patchSize, width, layers, heads: shapes.heads(width, 'the image tower'), mlpWidth } }
}

function inferResNet(shapes: Shapes): { embedDim: number; vision: ResNetConfig } {
  const [width] = shapes.get('visual.layer1.0.conv1.weight', 4) as [number, ...number[]]
  const [tokens, channels] = shapes.get('visual.attnpool.positional_embedding', 2) as [number, number]
  const [embedDim] = shapes.get('visual.attnpool.c_proj.weight', 2) as [number, number]
  const layers = [1, 2, 3, 4].map((stage) => shapes.count(`visual.layer${stage}.`))
  const imageSize = shapes.square(tokens, 'visual.attnpool.positional_embedding') * 32
  return { embedDim, vision: { kind: 'resnet', imageSize, layers, width, heads: channels / 64 } }
}

function inferText(shapes: Shapes): TextConfig {
  const [contextLength, width] = shapes.get('positional_embedding', 2) as [number, number]
  const [vocabSize] = shapes.get('token_embedding.weight', 2) as [number, number]
  const [mlpWidth] = shapes.get('transformer.resblocks.0.mlp.c_fc.weight', 2) as [number, number]
  const layers = shapes.count('transformer.resblocks.')
  return { contextLength, vocabSize, width, layers, heads: shapes.heads(width, 'the text tower'), mlpWidth, endOfText: -1 }
}
