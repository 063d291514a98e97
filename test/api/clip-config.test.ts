import { describe, expect, test } from 'vitest'
import type { CheckpointSummary, ClipConfig } from '../../binding'
import { builtInWeights, listCards, parseCard, readCard } from '../../lib/cards'
import { fromHuggingFace, fromOpenClip, huggingFacePreprocess, openClipPreprocess } from '../../lib/clip/configs'
import { inferConfig } from '../../lib/clip/infer'

const cards = await listCards()

/** The keys of a checkpoint that decide its architecture, with their shapes. */
function summaryOf({ vision, text, embedDim }: ClipConfig): CheckpointSummary {
  const shapes: [string, number[]][] = [
    ['positional_embedding', [text.contextLength, text.width]],
    ['token_embedding.weight', [text.vocabSize, text.width]],
  ]
  for (let i = 0; i < text.layers; i++) shapes.push([`transformer.resblocks.${i}.mlp.c_fc.weight`, [text.mlpWidth, text.width]])
  const tokens = (cell: number) => 1 + (vision.imageSize / cell) ** 2
  if (vision.kind === 'vit') {
    shapes.push(['visual.proj', [vision.width, embedDim]], ['visual.conv1.weight', [vision.width, 3, vision.patchSize, vision.patchSize]])
    shapes.push(['visual.positional_embedding', [tokens(vision.patchSize), vision.width]])
    for (let i = 0; i < vision.layers; i++)
      shapes.push([`visual.transformer.resblocks.${i}.mlp.c_fc.weight`, [vision.mlpWidth, vision.width]])
  } else {
    shapes.push(
      ['visual.attnpool.positional_embedding', [tokens(32), vision.width * 32]],
      ['visual.attnpool.c_proj.weight', [embedDim, vision.width * 32]],
    )
    vision.layers.forEach((blocks, stage) => {
      for (let i = 0; i < blocks; i++) shapes.push([`visual.layer${stage + 1}.${i}.conv1.weight`, [vision.width * 2 ** stage, 64, 1, 1]])
    })
  }
  return { format: 'safetensors', metadata: {}, tensors: shapes.map(([key, shape]) => ({ key, shape, dtype: 'float32' })) }
}

describe('cards', () => {
  test('the architectures of the issue are there, each with a licence, under a name that is its file', async () => {
    const names = cards.map(({ name }) => name)
    for (const name of [
      'clip-vit-b-32',
      'clip-vit-b-16',
      'clip-vit-l-14',
      'clip-vit-l-14-336',
      'clip-vit-h-14',
      'clip-rn50',
      'clip-rn101',
      'clip-rn50x4',
      'clip-rn50x16',
    ]) {
      expect(names).toContain(name)
    }
    for (const card of cards) {
      expect((await readCard(card.name))?.title).toBe(card.title)
      expect(card.licence).not.toBe('')
    }
    expect(await readCard('../clip/nothing')).toBeUndefined()
    expect(builtInWeights(cards.find(({ name }) => name === 'clip-vit-b-16')!)).toBeUndefined()
  })

  test('a newer format, a broken card and what is not JSON are refused by code', () => {
    expect(() => parseCard('{"version": 2}', 'x.json')).toThrow(expect.toHaveCode('ERR_WORDMASK_VERSION', /x\.json has format 2/))
    expect(() => parseCard('{"version": 1}', 'x.json')).toThrow(expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /name/))
    expect(() => parseCard('{', 'x.json')).toThrow(expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /JSON/))
  })
})

describe('inferConfig reads the architecture off the shapes', () => {
  test.each(cards.filter(({ config }) => config.text.width % 64 === 0).map((card) => [card.name, card] as const))('%s', (_, card) => {
    const { config, activation } = inferConfig(summaryOf(card.config), 'weights')
    const { activation: __, ...expected } = card.config
    // Reduced vocabularies, and with them the id of their end of text, are in the card alone.
    const { vocabulary, ...text } = expected.text
    const alone = vocabulary ? { vocabSize: 0, endOfText: -1 } : { vocabSize: 0 }
    expect({ ...config, text: { ...config.text, ...alone }, dense: '' }).toEqual({ ...expected, text: { ...text, ...alone }, dense: '' })
    expect(activation).toBeUndefined()
  })

  test("OpenAI's own files say so by their scalars, and use QuickGELU", () => {
    const summary = summaryOf(cards.find(({ name }) => name === 'clip-vit-b-32')!.config)
    expect(inferConfig({ ...summary, format: 'torchscript' }, 'w').activation).toBe('quick_gelu')
    expect(inferConfig({ ...summary, metadata: { input_resolution: '224' } }, 'w').activation).toBe('quick_gelu')
  })

  test('foreign keys, a grid that is no square and unknown head widths are named', () => {
    const foreign: CheckpointSummary = {
      format: 'torch-zip',
      metadata: {},
      tensors: [{ key: 'blocks.0.attn.qkv.weight', dtype: 'float32', shape: [3, 3] }],
    }
    expect(() => inferConfig(foreign, 'deit.pth')).toThrow(
      expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /deit\.pth is not a CLIP: expected visual\.proj.*blocks\.0/),
    )
    const edit = (key: string, shape: number[]) => {
      const summary = summaryOf(cards.find(({ name }) => name === 'clip-vit-b-32')!.config)
      summary.tensors.find((tensor) => tensor.key === key)!.shape = shape
      return summary
    }
    expect(() => inferConfig(edit('visual.positional_embedding', [51, 768]), 'w')).toThrow(
      expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /51 rows/),
    )
    expect(() => inferConfig(edit('visual.conv1.weight', [100, 3, 32, 32]), 'w')).toThrow(
      expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /heads of the image tower.*width 100/),
    )
    expect(() => inferConfig(edit('visual.proj', [768]), 'w')).toThrow(expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /shape \[768\]/))
  })
})

describe('configs beside the weights', () => {
  test('transformers: defaults are those of CLIPConfig, id 2 means the largest id', () => {
    const config = fromHuggingFace({ model_type: 'clip', vision_config: {}, text_config: {} }, 'config.json')
    expect(config).toEqual({ ...cards.find(({ name }) => name === 'clip-vit-b-32')!.config, keys: 'huggingface' })
    const large = fromHuggingFace(
      {
        model_type: 'clip',
        projection_dim: 7,
        vision_config: { hidden_act: 'gelu', patch_size: 14 },
        text_config: { hidden_act: 'gelu', eos_token_id: 49_407 },
      },
      'c',
    )
    expect([large.embedDim, large.activation, large.text.endOfText]).toEqual([7, 'gelu', 49_407])
  })

  test.each([
    [{ model_type: 'siglip' }, /siglip/],
    [{ model_type: 'clip', vision_config: { hidden_act: 'relu' } }, /relu/],
    [{ model_type: 'clip', vision_config: { layer_norm_eps: 1e-6 } }, /layer_norm_eps/],
    [{ model_type: 'clip', text_config: { vocab_size: 'many' } }, /vocab_size/],
  ])('transformers: %j is refused', (json, message) => {
    expect(() => fromHuggingFace(json, 'config.json')).toThrow(expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', message))
  })

  test('open_clip: H/14 by its config, ResNets by their list of layers', () => {
    const h14 = fromOpenClip(
      {
        embed_dim: 1024,
        vision_cfg: { image_size: 224, layers: 32, width: 1280, head_width: 80, patch_size: 14 },
        text_cfg: { context_length: 77, vocab_size: 49408, width: 1024, heads: 16, layers: 24 },
      },
      'c',
    )
    expect(h14).toEqual(cards.find(({ name }) => name === 'clip-vit-h-14')!.config)
    const rn = fromOpenClip(
      {
        model_cfg: {
          embed_dim: 768,
          quick_gelu: true,
          vision_cfg: { image_size: 384, layers: [6, 8, 18, 8], width: 96, patch_size: null },
          text_cfg: { context_length: 77, vocab_size: 49408, width: 768, heads: 12, layers: 12 },
        },
      },
      'c',
    )
    expect(rn).toEqual(cards.find(({ name }) => name === 'clip-rn50x16')!.config)
  })

  test.each([
    [{ embed_dim: 8, vision_cfg: { timm_model_name: 'x' } }, /timm_model_name/],
    [{ embed_dim: 8, text_cfg: { hf_model_name: 'x' } }, /hf_model_name/],
    [{ embed_dim: 8, custom_text: true }, /variant/],
    [{}, /embed_dim/],
  ])('open_clip: %j is refused', (json, message) => {
    expect(() => fromOpenClip(json, 'c')).toThrow(expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', message))
  })

  test('preprocessing: recorded values, defaults, and ways of resizing that are not run', () => {
    expect(openClipPreprocess({ preprocess_cfg: { mean: [0, 0, 0], std: [1, 1, 1], interpolation: 'bilinear' } }, 'c')).toEqual({
      mean: [0, 0, 0],
      std: [1, 1, 1],
      interpolation: 'bilinear',
    })
    expect(openClipPreprocess({}, 'c').interpolation).toBe('bicubic')
    expect(() => openClipPreprocess({ preprocess_cfg: { resize_mode: 'squash' } }, 'c')).toThrow(
      expect.toHaveCode('ERR_WORDMASK_CHECKPOINT', /squash/),
    )
    expect(huggingFacePreprocess({ image_mean: [0.5, 0.5, 0.5], resample: 2 })).toMatchObject({
      mean: [0.5, 0.5, 0.5],
      interpolation: 'bilinear',
    })
  })
})
