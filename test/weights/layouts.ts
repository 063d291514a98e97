import { truncateSync, writeFileSync } from 'node:fs'

/** Key -> shape of official checkpoints, from their public sources. */
export type Layout = Record<string, number[]>

type Stored = 'F32' | 'F16' | 'I64'
const bytes = { F32: 4, F16: 2, I64: 8 }

/** A safetensors file of these shapes whose data is a hole: a model of a gigabyte takes no disk. */
export function writeSparse(
  file: string,
  layout: Layout,
  metadata: Record<string, string> = {},
  dtype: (key: string) => Stored = () => 'F32',
): string {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const [key, shape] of Object.entries(layout)) {
    const end = offset + shape.reduce((product, size) => product * size, bytes[dtype(key)])
    header[key] = { dtype: dtype(key), shape, data_offsets: [offset, end] }
    offset = end
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(file, Buffer.concat([length, text]))
  truncateSync(file, 8 + text.length + offset)
  return file
}

export const prefixed = (prefix: string, layout: Layout): Layout =>
  Object.fromEntries(Object.entries(layout).map(([key, shape]) => [prefix + key, shape]))

const linear = (name: string, out: number, into: number): Layout => ({ [`${name}.weight`]: [out, into], [`${name}.bias`]: [out] })
const norm = (name: string, width: number): Layout => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] })
const batchNorm = (name: string, width: number): Layout => ({
  ...norm(name, width),
  ...{ [`${name}.running_mean`]: [width], [`${name}.running_var`]: [width], [`${name}.num_batches_tracked`]: [] },
})
const many = (count: number, make: (i: number) => Layout): Layout => Object.assign({}, ...Array.from({ length: count }, (_, i) => make(i)))

const clipBlock = (name: string, width: number): Layout => ({
  ...{ [`${name}.attn.in_proj_weight`]: [3 * width, width], [`${name}.attn.in_proj_bias`]: [3 * width] },
  ...{ ...linear(`${name}.attn.out_proj`, width, width), ...norm(`${name}.ln_1`, width), ...norm(`${name}.ln_2`, width) },
  ...{ ...linear(`${name}.mlp.c_fc`, 4 * width, width), ...linear(`${name}.mlp.c_proj`, width, 4 * width) },
})

const clipText = (width: number, out: number): Layout => ({
  ...{ positional_embedding: [77, width], 'token_embedding.weight': [49408, width], text_projection: [width, out], logit_scale: [] },
  ...many(12, (i) => clipBlock(`transformer.resblocks.${i}`, width)),
  ...norm('ln_final', width),
})

/** OpenAI's ViT-B/32 or B/16. */
export const clipVit = (patch: number): Layout => ({
  ...clipText(512, 512),
  ...{ 'visual.class_embedding': [768], 'visual.positional_embedding': [1 + (224 / patch) ** 2, 768], 'visual.proj': [768, 512] },
  ...{ 'visual.conv1.weight': [768, 3, patch, patch], ...norm('visual.ln_pre', 768), ...norm('visual.ln_post', 768) },
  ...many(12, (i) => clipBlock(`visual.transformer.resblocks.${i}`, 768)),
})

function bottleneck(name: string, into: number, width: number, down: string | undefined): Layout {
  return {
    ...{ [`${name}.conv1.weight`]: [width, into, 1, 1], ...batchNorm(`${name}.bn1`, width) },
    ...{ [`${name}.conv2.weight`]: [width, width, 3, 3], ...batchNorm(`${name}.bn2`, width) },
    ...{ [`${name}.conv3.weight`]: [4 * width, width, 1, 1], ...batchNorm(`${name}.bn3`, 4 * width) },
    ...(down ? { [`${name}.downsample.0.weight`]: [4 * width, into, 1, 1], ...batchNorm(`${name}.downsample.1`, 4 * width) } : {}),
  }
}

const stages = (prefix: string, blocks: number[]): Layout =>
  many(4, (stage) =>
    many(blocks[stage]!, (i) => {
      const width = 64 * 2 ** stage
      const into = i > 0 ? 4 * width : stage === 0 ? 64 : 2 * width
      return bottleneck(`${prefix}layer${stage + 1}.${i}`, into, width, i === 0 ? 'yes' : undefined)
    }),
  )

/** OpenAI's RN50. */
export const clipResNet = (): Layout => ({
  ...clipText(512, 1024),
  ...{ 'visual.conv1.weight': [32, 3, 3, 3], 'visual.conv2.weight': [32, 32, 3, 3], 'visual.conv3.weight': [64, 32, 3, 3] },
  ...{ ...batchNorm('visual.bn1', 32), ...batchNorm('visual.bn2', 32), ...batchNorm('visual.bn3', 64) },
  ...stages('visual.', [3, 4, 6, 3]),
  'visual.attnpool.positional_embedding': [50, 2048],
  ...{ ...linear('visual.attnpool.q_proj', 2048, 2048), ...linear('visual.attnpool.k_proj', 2048, 2048) },
  ...{ ...linear('visual.attnpool.v_proj', 2048, 2048), ...linear('visual.attnpool.c_proj', 1024, 2048) },
})

const hfLayer = (name: string, width: number): Layout => ({
  ...many(4, (i) => linear(`${name}.self_attn.${['q_proj', 'k_proj', 'v_proj', 'out_proj'][i]}`, width, width)),
  ...{ ...norm(`${name}.layer_norm1`, width), ...norm(`${name}.layer_norm2`, width) },
  ...{ ...linear(`${name}.mlp.fc1`, 4 * width, width), ...linear(`${name}.mlp.fc2`, width, 4 * width) },
})

/** transformers' CLIPModel of ViT-B/32, with the index buffers of older files. */
export const clipHuggingFace = (): Layout => ({
  ...{ logit_scale: [], 'text_model.embeddings.position_ids': [1, 77], 'vision_model.embeddings.position_ids': [1, 50] },
  ...{ 'text_model.embeddings.token_embedding.weight': [49408, 512], 'text_model.embeddings.position_embedding.weight': [77, 512] },
  ...many(12, (i) => hfLayer(`text_model.encoder.layers.${i}`, 512)),
  ...norm('text_model.final_layer_norm', 512),
  ...{ 'vision_model.embeddings.class_embedding': [768], 'vision_model.embeddings.patch_embedding.weight': [768, 3, 32, 32] },
  'vision_model.embeddings.position_embedding.weight': [50, 768],
  ...many(12, (i) => hfLayer(`vision_model.encoder.layers.${i}`, 768)),
  ...{ ...norm('vision_model.pre_layrnorm', 768), ...norm('vision_model.post_layernorm', 768) },
  ...{ 'text_projection.weight': [512, 512], 'visual_projection.weight': [512, 768] },
})

const timmBlock = (name: string, width: number, scale: boolean): Layout => ({
  ...{ ...norm(`${name}.norm1`, width), ...norm(`${name}.norm2`, width), ...linear(`${name}.attn.qkv`, 3 * width, width) },
  ...{
    ...linear(`${name}.attn.proj`, width, width),
    ...linear(`${name}.mlp.fc1`, 4 * width, width),
    ...linear(`${name}.mlp.fc2`, width, 4 * width),
  },
  ...(scale ? { [`${name}.ls1.gamma`]: [width], [`${name}.ls2.gamma`]: [width] } : {}),
})

export const timmVit = (width: number, patch: number, tokens: number, scale = false): Layout => ({
  ...{
    cls_token: [1, 1, width],
    pos_embed: [1, tokens, width],
    'patch_embed.proj.weight': [width, 3, patch, patch],
    'patch_embed.proj.bias': [width],
  },
  ...many(12, (i) => timmBlock(`blocks.${i}`, width, scale)),
  ...norm('norm', width),
})

export const deit = (): Layout => ({
  ...timmVit(384, 16, 198),
  dist_token: [1, 1, 384],
  ...linear('head', 1000, 384),
  ...linear('head_dist', 1000, 384),
})
export const dinov2 = (): Layout => ({ ...timmVit(384, 14, 1370, true), mask_token: [1, 384] })

/** MoCo v2's encoder of queries and its queue, of which four numbers are kept here. */
export const mocoResNet = (): Layout =>
  prefixed('module.', {
    ...prefixed('encoder_q.', { 'conv1.weight': [64, 3, 7, 7], ...batchNorm('bn1', 64), ...stages('', [3, 4, 6, 3]) }),
    queue: [4],
  })

const conv = (name: string, out: number, into: number, kernel: number, bn: string): Layout => ({
  [`${name}.weight`]: [out, into, kernel, kernel],
  ...batchNorm(bn, out),
})
const separable = (name: string, into: number): Layout => ({
  [`${name}.body.0.weight`]: [into, 1, 3, 3],
  [`${name}.body.1.weight`]: [256, into, 1, 1],
})

/** ReCo+'s DeepLabv3+ over a ResNet-101, 27 classes. */
export const deepLab = (): Layout => ({
  ...conv('backbone.conv1', 64, 3, 7, 'backbone.bn1'),
  ...stages('backbone.', [3, 4, 23, 3]),
  ...conv('classifier.project.0', 48, 256, 1, 'classifier.project.1'),
  ...conv('classifier.aspp.convs.0.0', 256, 2048, 1, 'classifier.aspp.convs.0.1'),
  ...many(3, (i) => ({ ...separable(`classifier.aspp.convs.${i + 1}.0`, 2048), ...batchNorm(`classifier.aspp.convs.${i + 1}.1`, 256) })),
  ...conv('classifier.aspp.convs.4.1', 256, 2048, 1, 'classifier.aspp.convs.4.2'),
  ...conv('classifier.aspp.project.0', 256, 1280, 1, 'classifier.aspp.project.1'),
  ...{ ...separable('classifier.classifier.0', 304), ...batchNorm('classifier.classifier.1', 256) },
  ...{ 'classifier.classifier.3.weight': [27, 256, 1, 1], 'classifier.classifier.3.bias': [27] },
})

const decoder = (name: string): Layout => ({
  ...many(6, (i) => ({
    ...many(2, (j) => {
      const attention = `${name}.layers.${i}.${['self_attn', 'multihead_attn'][j]}`
      return {
        [`${attention}.in_proj_weight`]: [768, 256],
        [`${attention}.in_proj_bias`]: [768],
        ...linear(`${attention}.out_proj`, 256, 256),
      }
    }),
    ...{ ...linear(`${name}.layers.${i}.linear1`, 2048, 256), ...linear(`${name}.layers.${i}.linear2`, 256, 2048) },
    ...many(3, (j) => norm(`${name}.layers.${i}.norm${j + 1}`, 256)),
  })),
  ...norm(`${name}.norm`, 256),
})

/** ZegFormer's head; the page of the method counts 17,893,121 parameters. */
export const zegFormerHead = (): Layout => {
  const pixel = 'sem_seg_head.pixel_decoder'
  const predictor = 'sem_seg_head.predictor'
  const convNorm = (name: string, into: number, kernel: number): Layout => ({
    [`${name}.weight`]: [256, into, kernel, kernel],
    ...norm(`${name}.norm`, 256),
  })
  return {
    ...many(3, (i) => ({ ...convNorm(`${pixel}.adapter_${i + 1}`, 256 * 2 ** i, 1), ...convNorm(`${pixel}.layer_${i + 1}`, 256, 3) })),
    ...convNorm(`${pixel}.layer_4`, 2048, 3),
    ...{ [`${pixel}.mask_features.weight`]: [256, 256, 3, 3], [`${pixel}.mask_features.bias`]: [256] },
    ...{ [`${predictor}.bg_feature`]: [1, 512], [`${predictor}.logit_scale`]: [1], [`${predictor}.query_embed.weight`]: [100, 256] },
    ...{
      ...linear(`${predictor}.projection_layer`, 512, 256),
      [`${predictor}.input_proj.weight`]: [256, 2048, 1, 1],
      [`${predictor}.input_proj.bias`]: [256],
    },
    ...many(3, (i) => linear(`${predictor}.mask_embed.layers.${i}`, 256, 256)),
    ...decoder(`${predictor}.transformer.decoder`),
    'criterion.empty_weight': [157],
  }
}

/** OVSegmentor's image encoder; the page of the method counts 100,053,128 parameters. */
export const ovSegmentorEncoder = (): Layout => {
  const down = 'layers.0.downsample'
  const four = (name: string): Layout => many(4, (i) => linear(`${name}.${['q_proj', 'k_proj', 'v_proj', 'proj'][i]}`, 768, 768))
  const mlp = (name: string): Layout => ({ ...linear(`${name}.fc1`, 3072, 768), ...linear(`${name}.fc2`, 768, 3072) })
  return prefixed('img_encoder.', {
    ...{
      pos_embed: [196, 768],
      'patch_embed.proj.weight': [768, 3, 16, 16],
      'patch_embed.proj.bias': [768],
      'layers.0.group_token': [1, 64, 768],
    },
    ...many(2, (layer) => many(6, (i) => timmBlock(`layers.${layer}.blocks.${i}`, 768, false))),
    ...many(4, (i) => norm(`${down}.${['norm_tokens', 'norm_post_tokens', 'norm_x', 'norm_new_x'][i]}`, 768)),
    ...{ ...linear(`${down}.mlp_inter.fc1`, 384, 64), ...linear(`${down}.mlp_inter.fc2`, 8, 384) },
    ...{
      ...norm(`${down}.pre_assign_attn.norm_post`, 768),
      ...norm(`${down}.pre_assign_attn.norm2`, 768),
      ...four(`${down}.pre_assign_attn.attn`),
    },
    ...{ ...mlp(`${down}.pre_assign_attn.mlp`), ...four(`${down}.assign`), ...mlp(`${down}.mlp_channels`), ...norm('norm', 768) },
  })
}
