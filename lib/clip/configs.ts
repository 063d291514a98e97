import type { ClipConfig } from '../../binding'
import { clipPreprocess, type Preprocess } from '../cards'
import { WordmaskError } from '../errors'

type Json = Record<string, unknown>

function unsupported(file: string, what: string): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${file} describes ${what}, which wordmask does not run. It runs CLIP's own ViT and ResNet towers.`,
  )
}

function section(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

/** A positive whole number of a config, or its documented default. */
function whole(json: Json, key: string, fallback: number | undefined, file: string): number {
  const value = json[key] ?? fallback
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file}: expected a positive integer for ${key} but found ${JSON.stringify(value)}`)
}

/** transformers' CLIPConfig (config.json); keys left out mean its defaults. */
export function fromHuggingFace(json: Json, file: string): ClipConfig {
  if (json.model_type !== 'clip') throw unsupported(file, `a model of type ${JSON.stringify(json.model_type)}`)
  const vision = section(json.vision_config ?? json.vision_config_dict)
  const text = section(json.text_config ?? json.text_config_dict)
  const activations = [vision.hidden_act ?? 'quick_gelu', text.hidden_act ?? 'quick_gelu']
  const activation = activations[0]
  if (activation !== activations[1] || (activation !== 'quick_gelu' && activation !== 'gelu'))
    throw unsupported(file, `the activations ${activations.join(' and ')}`)
  const eps = vision.layer_norm_eps ?? 1e-5
  if (typeof eps !== 'number' || (text.layer_norm_eps ?? 1e-5) !== eps) throw unsupported(file, 'different layer_norm_eps for its towers')
  const endOfText = text.eos_token_id ?? 2
  return {
    embedDim: whole(json, 'projection_dim', 512, file),
    activation,
    layerNormEps: eps,
    vision: {
      kind: 'vit',
      imageSize: whole(vision, 'image_size', 224, file),
      patchSize: whole(vision, 'patch_size', 32, file),
      width: whole(vision, 'hidden_size', 768, file),
      layers: whole(vision, 'num_hidden_layers', 12, file),
      heads: whole(vision, 'num_attention_heads', 12, file),
      mlpWidth: whole(vision, 'intermediate_size', 3072, file),
    },
    text: {
      contextLength: whole(text, 'max_position_embeddings', 77, file),
      vocabSize: whole(text, 'vocab_size', 49_408, file),
      width: whole(text, 'hidden_size', 512, file),
      layers: whole(text, 'num_hidden_layers', 12, file),
      heads: whole(text, 'num_attention_heads', 8, file),
      mlpWidth: whole(text, 'intermediate_size', 2048, file),
      // transformers keeps the largest-id rule for the configs that were written with the wrong id 2.
      endOfText: endOfText === 2 ? -1 : Number(endOfText),
    },
    keys: 'huggingface',
    dense: 'residual',
  }
}

/** open_clip_config.json, or one of open_clip's model_configs. */
export function fromOpenClip(json: Json, file: string): ClipConfig {
  const model = section(json.model_cfg ?? json)
  const vision = section(model.vision_cfg)
  const text = section(model.text_cfg)
  const foreign = ['timm_model_name', 'hf_model_name'].find((key) => (vision[key] ?? text[key]) !== undefined)
  if (foreign) throw unsupported(file, `a tower from elsewhere (${foreign})`)
  if (model.custom_text || text.no_causal_mask || text.embed_cls || (vision.pool_type ?? 'tok') !== 'tok' || vision.attentional_pool)
    throw unsupported(file, 'a variant of the towers')
  const width = whole(vision, 'width', 768, file)
  const headWidth = whole(vision, 'head_width', 64, file)
  const imageSize = whole(vision, 'image_size', 224, file)
  const layers = vision.layers ?? 12
  const textWidth = whole(text, 'width', 512, file)
  return {
    embedDim: whole(model, 'embed_dim', undefined, file),
    activation: model.quick_gelu ? 'quick_gelu' : 'gelu',
    layerNormEps: 1e-5,
    vision: Array.isArray(layers)
      ? { kind: 'resnet', imageSize, layers: layers.map(Number), width, heads: (width * 32) / headWidth }
      : {
          kind: 'vit',
          imageSize,
          patchSize: whole(vision, 'patch_size', 16, file),
          width,
          layers: whole(vision, 'layers', 12, file),
          heads: width / headWidth,
          mlpWidth: Math.trunc(width * Number(vision.mlp_ratio ?? 4)),
        },
    text: {
      contextLength: whole(text, 'context_length', 77, file),
      vocabSize: whole(text, 'vocab_size', 49_408, file),
      width: textWidth,
      layers: whole(text, 'layers', 12, file),
      heads: whole(text, 'heads', 8, file),
      mlpWidth: Math.trunc(textWidth * Number(text.mlp_ratio ?? 4)),
      endOfText: -1,
    },
    keys: 'openai',
    dense: 'residual',
  }
}

function triple(value: unknown, fallback: [number, number, number]): [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every((x) => typeof x === 'number')
    ? (value as [number, number, number])
    : fallback
}

/** `preprocess_cfg` of open_clip_config.json. Other ways of resizing than by the shorter side are refused. */
export function openClipPreprocess(json: Json, file: string): Preprocess {
  const config = section(json.preprocess_cfg)
  if ((config.resize_mode ?? 'shortest') !== 'shortest') throw unsupported(file, `resizing by ${JSON.stringify(config.resize_mode)}`)
  const interpolation = config.interpolation ?? 'bicubic'
  if (interpolation !== 'bicubic' && interpolation !== 'bilinear') throw unsupported(file, `${JSON.stringify(interpolation)} interpolation`)
  return { mean: triple(config.mean, clipPreprocess.mean), std: triple(config.std, clipPreprocess.std), interpolation }
}

/** transformers' preprocessor_config.json; `resample` is Pillow's number: 3 bicubic, 2 bilinear. */
export function huggingFacePreprocess(json: Json): Preprocess {
  return {
    mean: triple(json.image_mean, clipPreprocess.mean),
    std: triple(json.image_std, clipPreprocess.std),
    interpolation: json.resample === 2 ? 'bilinear' : 'bicubic',
  }
}
