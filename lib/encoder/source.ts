import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { ClipConfig, EncoderConfig, Task } from '../../binding'
import type { Binding } from '../binding'
import { builtInWeights, type Preprocess, readCard } from '../cards'
import { locate } from '../clip/locate'
import { type ClipSource, findClip } from '../clip/source'
import { invalidArgument, WordmaskError } from '../errors'
import { recognise } from '../families'
import { encoderFamilies } from '../families/encoders'
import { findPulled } from '../hub/resolve'
import { encoderCardOf, imageNetPreprocess, listEncoderCards } from './cards'
import { inferEncoder } from './infer'
import type { EncoderOptions } from './options'

/** Everything needed to load an encoder, and what is known about it. */
export interface EncoderSource {
  /** What Encoder.load was given; a path is absolute. */
  load: string
  name: string
  family: string
  title: string
  config: EncoderConfig
  files: string[]
  preprocess: Preprocess
  /** Shorter side of what the tower sees unless told otherwise. */
  size: number
  licence: string
  notes: string[]
}

/** ReCo's size of the images it segments. */
const usualSize = 320

type Chosen = Pick<EncoderOptions, 'read' | 'layer' | 'activation'>

/**
 * Where an encoder is and how it is built: a built-in CLIP, a file or folder, or an ID that `wordmask model pull` brought.
 * Nothing is downloaded. @throws ERR_WORDMASK_MODEL_NOT_FOUND with the line to type, ERR_WORDMASK_CHECKPOINT for another family
 */
export async function findEncoder(source: string, chosen: Chosen, native: Binding, task: Task): Promise<EncoderSource> {
  const card = await readCard(source)
  const path = existsSync(source) ? source : await findPulled(source)
  if ((card && builtInWeights(card)) || path === undefined) {
    const architecture = card ? undefined : (await listEncoderCards()).find(({ name }) => name === source)
    if (!architecture) return fromClip(await findClip(source, chosen.activation, native, findPulled, task), chosen)
    const { title, file, pull } = architecture
    const pulling = pull ? `, or get them with \`npx wordmask model pull ${pull}\` and load '${pull}'` : ''
    throw new WordmaskError(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      `The weights of ${title} are not here. Load their official file (${file}) by its path${pulling}.`,
    )
  }
  const { files, licence } = await locate(path)
  const summary = await native.readCheckpoint(files, task)
  const { rule, shapes } = recognise(summary)
  if (rule?.family === 'clip') return fromClip(await findClip(source, chosen.activation, native, findPulled, task), chosen)
  const family = rule && encoderFamilies.get(rule.family)
  if (!rule || family === undefined) {
    const found = rule ? `is ${rule.title}` : `has keys of no family that wordmask knows, such as ${shapes.first(3).join(', ') || 'none'}`
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `${path} is no dense encoder: expected DeiT, DINO, DINOv2, a torchvision ResNet, MoCo or CLIP, but it ${found}.`,
    )
  }
  for (const option of ['read', 'layer'] as const) {
    if (chosen[option] === undefined) continue
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected no ${option} for ${rule.title}: only a CLIP has several forms`)
  }
  const config = inferEncoder(rule.family, shapes, path)
  const architecture = await encoderCardOf(config)
  return {
    load: path === source ? resolve(path) : source,
    name: path === source ? basename(path) : source,
    family,
    title: architecture?.title ?? rule.title,
    config,
    files,
    preprocess: imageNetPreprocess,
    size: usualSize,
    licence: licence ?? 'not recorded',
    notes: [],
  }
}

function fromClip(clip: ClipSource, { read, layer }: Chosen): EncoderSource {
  const { load, name, family, config, files, preprocess, segmentSize, licence, notes, card } = clip
  const form = read ?? card?.encoderRead ?? config.dense
  const last = checkLayer(layer ?? (read === undefined ? card?.encoderLayer : undefined), config, name)
  return {
    ...{ load, name, family, files, preprocess, licence, notes },
    title: card?.title ?? family,
    config: {
      kind: 'clip',
      clip: form === 'cells' ? config : { ...config, dense: form },
      read: form === 'cells' ? 'cells' : 'dense',
      ...(last !== undefined && { layer: last }),
      prefix: '',
    },
    size: segmentSize ?? config.vision.imageSize * 1.5,
  }
}

/** The layer to stop at; undefined: the last. @throws ERR_WORDMASK_INVALID_ARGUMENT for one that the tower has not */
function checkLayer(layer: number | undefined, { vision }: ClipConfig, name: string): number | undefined {
  if (layer === undefined) return undefined
  if (vision.kind !== 'vit')
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected no layer for ${name}: its image tower is a ResNet`)
  if (layer > vision.layers) throw invalidArgument('layer', `a whole number from 1 to ${vision.layers}, the layers of ${name},`, layer)
  return layer === vision.layers ? undefined : layer
}
