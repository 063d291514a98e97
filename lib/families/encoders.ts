import type { Rule } from './rule'
import { type Architecture, type Shapes, side } from './shapes'

const wrapped = ['', 'module.', 'model.']

/** Towers of dense features, and what the family of each is called. Their keys may lie under a prefix. */
export const encoderFamilies = new Map([
  ['deit', 'DeiT'],
  ['dino', 'DINO'],
  ['dinov2', 'DINOv2'],
  ['resnet', 'ResNet'],
])

/** The first that matches counts. */
export const encoderRules: Rule[] = [
  {
    family: 'dinov2',
    title: 'DINOv2',
    prefixes: [...wrapped, 'backbone.', 'teacher.backbone.'],
    matches: (shapes) => isTimmVit(shapes) && shapes.some(/^blocks\..*\.ls1\.gamma$/),
    architecture: (shapes) => ({ ...timmVit(shapes), registerTokens: shapes.size('register_tokens', 1) ?? 0 }),
  },
  {
    family: 'deit',
    title: 'DeiT (or another timm ViT classifier)',
    prefixes: wrapped,
    matches: (shapes) => isTimmVit(shapes) && (shapes.has('head.weight') || shapes.has('dist_token')),
    architecture: (shapes) => ({
      ...timmVit(shapes),
      classes: shapes.size('head.weight', 0),
      distilled: shapes.has('dist_token') ? 'yes' : 'no',
    }),
  },
  {
    family: 'dino',
    title: 'DINO ViT',
    prefixes: [...wrapped, 'backbone.', 'module.backbone.'],
    matches: isTimmVit,
    architecture: timmVit,
  },
  {
    family: 'resnet',
    title: 'MoCo ResNet',
    prefixes: ['encoder_q.', 'module.encoder_q.'],
    matches: isResNet,
    architecture: resNet,
  },
  {
    family: 'resnet',
    title: 'ResNet (torchvision)',
    prefixes: [...wrapped, 'backbone.'],
    matches: isResNet,
    architecture: resNet,
  },
]

function isTimmVit(shapes: Shapes): boolean {
  return shapes.has('cls_token', 'pos_embed', 'patch_embed.proj.weight', 'blocks.0.attn.qkv.weight', 'norm.weight')
}

/** With bottlenecks: the smaller ones of two 3x3 convolutions a block are another architecture. */
function isResNet(shapes: Shapes): boolean {
  return shapes.has('conv1.weight', 'bn1.running_mean', 'layer1.0.conv3.weight', 'layer4.0.downsample.0.weight')
}

function resNet(shapes: Shapes): Architecture {
  return { width: shapes.size('conv1.weight', 0), blocks: [1, 2, 3, 4].map((stage) => shapes.count(`layer${stage}.`)) }
}

function timmVit(shapes: Shapes): Architecture {
  const patchSize = shapes.size('patch_embed.proj.weight', 2)
  const tokens = shapes.size('pos_embed', 1)
  const special = shapes.has('dist_token') ? 2 : 1
  const grid = tokens === undefined ? undefined : side(tokens - special)
  return {
    width: shapes.size('patch_embed.proj.weight', 0),
    layers: shapes.count('blocks.'),
    patchSize,
    imageSize: grid === undefined || patchSize === undefined ? undefined : grid * patchSize,
  }
}
