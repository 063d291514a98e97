import { clipTowers, huggingFace, openAi } from './clip'
import { encoderRules } from './encoders'
import type { Rule } from './rule'
import type { Architecture, Shapes } from './shapes'

const wrapped = ['', 'module.', 'model.']

/** Official names; keys of methods/*.md. The first that matches counts. */
export const rules: Rule[] = [
  {
    family: 'ovseg',
    title: 'OVSeg',
    prefixes: wrapped,
    matches: (shapes) => shapes.has('clip_adapter.clip_model.visual.conv1.weight') || shapes.has('visual.mask_embedding', 'visual.proj'),
    architecture: (shapes) => {
      const prompt = shapes.has('visual.mask_embedding') ? 'visual.mask_embedding' : 'clip_adapter.clip_model.visual.mask_embedding'
      return {
        ...(shapes.has('sem_seg_head.predictor.query_embed.weight') ? maskFormer(shapes) : {}),
        promptDepth: shapes.size(prompt, 0),
        promptTokens: shapes.size(prompt, 1),
        clip: clipTowers(openAi(shapes)),
      }
    },
  },
  {
    family: 'zegformer',
    title: 'ZegFormer',
    prefixes: wrapped,
    matches: (shapes) => shapes.has('sem_seg_head.predictor.projection_layer.weight', 'sem_seg_head.predictor.query_embed.weight'),
    architecture: maskFormer,
  },
  {
    family: 'ovsegmentor',
    title: 'OVSegmentor',
    prefixes: wrapped,
    matches: (shapes) => shapes.has('img_encoder.layers.0.group_token', 'img_encoder.patch_embed.proj.weight'),
    architecture: (shapes) => ({
      width: shapes.size('img_encoder.patch_embed.proj.weight', 0),
      patchSize: shapes.size('img_encoder.patch_embed.proj.weight', 2),
      layers: [shapes.count('img_encoder.layers.0.blocks.'), shapes.count('img_encoder.layers.1.blocks.')],
      groups: [
        shapes.size('img_encoder.layers.0.group_token', 1),
        shapes.size('img_encoder.layers.0.downsample.mlp_inter.fc2.weight', 0),
      ].filter((value) => value !== undefined),
      textLayers: shapes.count('text_encoder.transformer.encoder.layer.'),
    }),
  },
  {
    family: 'deeplabv3plus',
    title: 'DeepLabv3+',
    prefixes: wrapped,
    matches: (shapes) =>
      shapes.has('classifier.aspp.convs.0.0.weight', 'classifier.project.0.weight') &&
      (shapes.has('backbone.conv1.weight') || shapes.has('backbone.features.0.0.weight')),
    architecture: (shapes) => ({
      ...(shapes.has('backbone.conv1.weight')
        ? { blocks: [1, 2, 3, 4].map((stage) => shapes.count(`backbone.layer${stage}.`)) }
        : { backbone: 'mobilenet_v2', width: shapes.size('backbone.features.17.conv.3.weight', 0) }),
      separable: shapes.has('classifier.classifier.0.body.0.weight') ? 'yes' : 'no',
      classes: shapes.size('classifier.classifier.3.weight', 0),
    }),
  },
  {
    family: 'clip',
    title: 'CLIP (Hugging Face keys)',
    prefixes: wrapped,
    matches: (shapes) =>
      shapes.has(
        'vision_model.embeddings.patch_embedding.weight',
        'text_model.embeddings.token_embedding.weight',
        'visual_projection.weight',
      ),
    architecture: (shapes) => clipTowers(huggingFace(shapes)),
  },
  {
    family: 'clip',
    title: 'CLIP (OpenAI and open_clip keys)',
    prefixes: wrapped,
    matches: (shapes) => shapes.has('visual.conv1.weight', 'token_embedding.weight', 'text_projection', 'logit_scale'),
    architecture: (shapes) => clipTowers(openAi(shapes)),
  },
  {
    family: 'mobilenet_v2',
    title: 'MobileNetV2 (torchvision)',
    prefixes: wrapped,
    matches: (shapes) => shapes.has('features.0.0.weight', 'features.17.conv.3.weight', 'classifier.1.weight'),
    architecture: (shapes) => ({ width: shapes.size('features.18.0.weight', 0), classes: shapes.size('classifier.1.weight', 0) }),
  },
  ...encoderRules,
]

/** Proposals of OVSeg and ZegFormer: detectron2's MaskFormer over a ResNet or a Swin transformer. */
function maskFormer(shapes: Shapes): Architecture {
  const swin = shapes.has('backbone.patch_embed.proj.weight')
  const stages = swin
    ? [0, 1, 2, 3].map((i) => shapes.count(`backbone.layers.${i}.blocks.`))
    : [2, 3, 4, 5].map((i) => shapes.count(`backbone.res${i}.`))
  return {
    backbone: swin ? 'swin' : 'resnet',
    blocks: stages,
    queries: shapes.size('sem_seg_head.predictor.query_embed.weight', 0),
    embedDim:
      shapes.size('sem_seg_head.predictor.projection_layer.weight', 0) ??
      shapes.size('sem_seg_head.predictor.class_embed.layers.1.weight', 0),
  }
}
