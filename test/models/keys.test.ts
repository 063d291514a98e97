import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ClipConfig } from '../../binding'
import { testing } from '../helpers/testing'

const cards = new URL('../../models/cards/', import.meta.url)
const architectures = readdirSync(cards)
  .filter((file) => file.startsWith('clip-'))
  .map((file) => JSON.parse(readFileSync(new URL(file, cards), 'utf8')) as { name: string; config: ClipConfig })

/** OpenAI's clip/model.py, written down again: every key with its shape. */
function official({ embedDim, vision, text }: ClipConfig): Map<string, number[]> {
  const keys = new Map<string, number[]>()
  const affine = (name: string, size: number) => keys.set(`${name}.weight`, [size]).set(`${name}.bias`, [size])
  const linear = (name: string, out: number, input: number) => keys.set(`${name}.weight`, [out, input]).set(`${name}.bias`, [out])
  const transformer = (name: string, width: number, layers: number, hidden: number) => {
    for (let i = 0; i < layers; i++) {
      const block = `${name}.resblocks.${i}`
      keys.set(`${block}.attn.in_proj_weight`, [3 * width, width]).set(`${block}.attn.in_proj_bias`, [3 * width])
      linear(`${block}.attn.out_proj`, width, width)
      affine(`${block}.ln_1`, width)
      affine(`${block}.ln_2`, width)
      linear(`${block}.mlp.c_fc`, hidden, width)
      linear(`${block}.mlp.c_proj`, width, hidden)
    }
  }
  const conv = (name: string, out: number, input: number, kernel: number) => keys.set(`${name}.weight`, [out, input, kernel, kernel])
  const batchNorm = (name: string, size: number) =>
    affine(name, size).set(`${name}.running_mean`, [size]).set(`${name}.running_var`, [size])

  if (vision.kind === 'vit') {
    const { width } = vision
    keys.set('visual.class_embedding', [width]).set('visual.proj', [width, embedDim])
    keys.set('visual.positional_embedding', [1 + (vision.imageSize / vision.patchSize) ** 2, width])
    conv('visual.conv1', width, 3, vision.patchSize)
    affine('visual.ln_pre', width)
    affine('visual.ln_post', width)
    transformer('visual.transformer', width, vision.layers, vision.mlpWidth)
  } else {
    const { width } = vision
    for (const [i, [input, out]] of [
      [3, width / 2],
      [width / 2, width / 2],
      [width / 2, width],
    ].entries()) {
      conv(`visual.conv${i + 1}`, out!, input!, 3)
      batchNorm(`visual.bn${i + 1}`, out!)
    }
    let channels = width
    for (const [stage, blocks] of vision.layers.entries()) {
      const planes = width * 2 ** stage
      for (let i = 0; i < blocks; i++) {
        const block = `visual.layer${stage + 1}.${i}`
        for (const [j, [input, out, kernel]] of [
          [channels, planes, 1],
          [planes, planes, 3],
          [planes, 4 * planes, 1],
        ].entries()) {
          conv(`${block}.conv${j + 1}`, out!, input!, kernel!)
          batchNorm(`${block}.bn${j + 1}`, out!)
        }
        if (i === 0) {
          conv(`${block}.downsample.0`, 4 * planes, channels, 1)
          batchNorm(`${block}.downsample.1`, 4 * planes)
        }
        channels = 4 * planes
      }
    }
    keys.set('visual.attnpool.positional_embedding', [1 + (vision.imageSize / 32) ** 2, channels])
    for (const name of ['q_proj', 'k_proj', 'v_proj']) linear(`visual.attnpool.${name}`, channels, channels)
    linear('visual.attnpool.c_proj', embedDim, channels)
  }
  keys.set('token_embedding.weight', [text.vocabSize, text.width]).set('positional_embedding', [text.contextLength, text.width])
  transformer('transformer', text.width, text.layers, text.mlpWidth)
  affine('ln_final', text.width)
  return keys.set('text_projection', [text.width, embedDim]).set('logit_scale', [])
}

// Tensors without BatchNorm's counters; parameters (statistics not counted) as the official models report them.
const published: Record<string, [tensors: number, parameters: number]> = {
  'clip-vit-b-32': [302, 151_277_313],
  'clip-vit-b-16': [302, 149_620_737],
  'clip-vit-l-14': [446, 427_616_513],
  'clip-vit-l-14-336': [446, 427_944_193],
  'clip-vit-h-14': [686, 986_109_441],
  'clip-rn50': [434, 102_007_137],
  'clip-rn101': [689, 119_688_033],
  'clip-rn50x4': [584, 178_300_601],
  'clip-rn50x16': [794, 290_979_217],
}

test('every published architecture has a card', () => {
  expect(architectures.map(({ name }) => name).sort()).toEqual(Object.keys(published).sort())
})

describe.each(architectures)('$name', ({ name, config }) => {
  const registered = () => testing().moduleState(config)

  test('registers the official keys with their shapes, no more and no fewer', () => {
    const ours = Object.fromEntries(registered().map(({ key, shape }) => [key, shape]))
    expect(ours).toEqual(Object.fromEntries(official(config)))
  })

  test('has the published number of tensors and parameters', () => {
    const state = registered()
    const parameters = state.filter(({ key }) => !key.includes('running_'))
    expect([state.length, parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)]).toEqual(published[name])
  })
})

test('Hugging Face names: 590 tensors for L/14, none twice, q, k and v below each other', () => {
  const { config } = architectures.find(({ name }) => name === 'clip-vit-l-14')!
  const state = testing().moduleState({ ...config, keys: 'huggingface' })
  const sources = state.flatMap(({ sources }) => sources)
  expect(sources.length).toBe(590)
  expect(new Set(sources).size).toBe(590)
  const of = (key: string) => state.find((entry) => entry.key === key)!.sources
  expect(of('visual.transformer.resblocks.23.attn.in_proj_bias')).toEqual(
    ['q', 'k', 'v'].map((part) => `vision_model.encoder.layers.23.self_attn.${part}_proj.bias`),
  )
  expect(of('transformer.resblocks.0.mlp.c_fc.weight')).toEqual(['text_model.encoder.layers.0.mlp.fc1.weight'])
  expect(of('visual.ln_pre.bias')).toEqual(['vision_model.pre_layrnorm.bias'])
  expect(sources.every((key) => /^(vision_model|text_model|visual_projection|text_projection|logit_scale)/.test(key))).toBe(true)
})
