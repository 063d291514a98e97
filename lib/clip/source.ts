import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { CheckpointSummary, ClipConfig, Task } from '../../binding'
import type { Binding } from '../binding'
import { builtInWeights, clipPreprocess, listCards, type ModelCard, type Preprocess, readCard } from '../cards'
import { WordmaskError } from '../errors'
import { knownIds, openAiLicence, parseModelId } from '../hub/ids'
import { nearest } from '../options'
import type { Templates } from '../text/prompts'
import { fromHuggingFace, fromOpenClip, huggingFacePreprocess, openClipPreprocess } from './configs'
import { type Activation, inferConfig } from './infer'
import { locate } from './locate'
import { parseSaved, type SavedClip, savedKey } from './save'

/** Everything needed to load a CLIP, and what is known about it. */
export interface ClipSource {
  /** What Clip.load was given; a path is absolute. */
  load: string
  name: string
  family: string
  config: ClipConfig
  files: string[]
  preprocess: Preprocess
  /** Default templates and segmentation size. */
  templates: Templates
  segmentSize: number | undefined
  licence: string
  notes: string[]
  card: ModelCard | undefined
}

const unrecorded = 'not recorded'

/** Turns a pulled ID into its folder, or undefined where it was not pulled. */
export type FindPulled = (id: string) => Promise<string | undefined>

/**
 * Where a model is and how it is built: a built-in name, a file or folder, or an ID that `wordmask model pull` brought.
 * Nothing is downloaded. @throws ERR_WORDMASK_MODEL_NOT_FOUND with the line to type
 */
export async function findClip(
  source: string,
  activation: Activation | undefined,
  native: Binding,
  findPulled: FindPulled,
  task: Task,
): Promise<ClipSource> {
  const card = await readCard(source)
  const weights = card && builtInWeights(card)
  if (card && weights) {
    if (!existsSync(weights))
      throw new WordmaskError('ERR_WORDMASK_MODEL_NOT_FOUND', `The weights of ${source} are missing: ${weights}. Reinstall wordmask.`)
    return fromCard(card, weights)
  }
  if (existsSync(source)) return fromPath(source, activation, native, task)
  const pulled = await findPulled(source)
  if (pulled !== undefined) {
    const found = await fromPath(pulled, activation, native, task)
    // Nothing lies beside OpenAI's files, but their licence is known.
    const licence = found.licence === unrecorded ? (openAiLicence(pulled) ?? unrecorded) : found.licence
    return { ...found, licence, load: source, name: source }
  }
  throw await notFound(source, card)
}

function fromCard(card: ModelCard, weights: string): ClipSource {
  const { name, family, config, preprocess, templates, segmentSize, licence, notes } = card
  return {
    load: name,
    name,
    family,
    config,
    files: [weights],
    preprocess,
    templates,
    segmentSize,
    licence,
    notes: notes === undefined ? [] : [notes],
    card,
  }
}

async function fromPath(path: string, activation: Activation | undefined, native: Binding, task: Task): Promise<ClipSource> {
  const located = await locate(path)
  const plain = {
    load: resolve(path),
    name: basename(path),
    family: 'CLIP',
    files: located.files,
    preprocess: clipPreprocess,
    templates: 'imagenet' as const,
    segmentSize: undefined,
    licence: located.licence ?? unrecorded,
    notes: [],
    card: undefined,
  }
  if (located.config) {
    const { kind, json, file } = located.config
    const config = kind === 'open_clip' ? fromOpenClip(json, file) : fromHuggingFace(json, file)
    const preprocess = kind === 'open_clip' ? openClipPreprocess(json, file) : huggingFacePreprocess(located.preprocessor ?? {})
    return { ...plain, config: { ...config, activation: activation ?? config.activation }, preprocess }
  }
  const summary = await native.readCheckpoint(located.files, task)
  const saved = summary.metadata[savedKey]
  if (saved !== undefined) return { ...plain, ...withoutVersion(parseSaved(saved, path)) }
  return { ...plain, ...inferred(path, summary, activation) }
}

const withoutVersion = ({ version: _, segmentSize, ...saved }: SavedClip) => ({ ...saved, segmentSize })

function inferred(path: string, summary: CheckpointSummary, activation: Activation | undefined): { config: ClipConfig; notes: string[] } {
  const found = inferConfig(summary, path)
  const known = activation ?? found.activation ?? (/quick-?gelu/i.test(path) ? 'quick_gelu' : undefined)
  if (known) return { config: { ...found.config, activation: known }, notes: [] }
  const note = `${basename(path)} does not record its activation: GELU is assumed, as open_clip does. For weights that continue OpenAI's, load with { activation: 'quick_gelu' }.`
  return { config: { ...found.config, activation: 'gelu' }, notes: [note] }
}

async function notFound(source: string, card: ModelCard | undefined): Promise<WordmaskError> {
  const cards = await listCards()
  const builtIn = cards.filter((entry) => builtInWeights(entry)).map(({ name }) => name)
  const architecture = card ?? cards.find(({ aliases }) => aliases.includes(source))
  if (architecture) {
    const [name = source] = architecture.aliases
    const id = architecture.aliases.find((alias) => parseModelId(alias)) ?? knownIds().find((known) => known.startsWith(`${name}/`)) ?? name
    return new WordmaskError(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      `The weights of ${architecture.title} are not here. Get them with \`npx wordmask model pull ${id}\`, then load '${id}'.`,
    )
  }
  const id = parseModelId(source) ? source : /^[\w.-]+\/[\w.-]+(@[\w./-]+)?$/.test(source) ? `hf-hub:${source}` : undefined
  if (id !== undefined) {
    return new WordmaskError(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      `No model ${source}: it is no file, and it was not pulled. Get it with \`npx wordmask model pull ${id}\`, then load '${id}'.`,
    )
  }
  const meant = nearest(source, builtIn)
  const hint = meant ? `Did you mean '${meant}'?` : `Built in: ${builtIn.join(', ') || 'none'}. For others: \`npx wordmask model list\`.`
  return new WordmaskError(
    'ERR_WORDMASK_MODEL_NOT_FOUND',
    `No model ${JSON.stringify(source)}: it is no built-in name, no file and no folder. ${hint}`,
  )
}
