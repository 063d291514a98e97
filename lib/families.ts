import { existsSync } from 'node:fs'
import type { CheckpointSummary, StorageDType } from '../binding'
import { binding } from './binding'
import { builtInWeights, readCard } from './cards'
import { locate } from './clip/locate'
import { WordmaskError } from './errors'
import { encoderFamilies } from './families/encoders'
import { type Licence, licenceOf } from './families/licence'
import type { Rule } from './families/rule'
import { rules } from './families/rules'
import { type Architecture, Shapes } from './families/shapes'
import { knownWords } from './families/words'
import { findPulled, resolveModel } from './hub/resolve'
import { withSignal } from './task'

/** What a checkpoint is, told from its keys, shapes and neighbours; nothing of it is run. */
export interface CheckpointDescription {
  /** Shards in order. */
  files: string[]
  /** 'safetensors' | 'torch-zip' | 'torch-legacy' | 'torchscript' | 'detectron2-pickle' */
  format: string
  /** 'clip' | 'ovseg' | 'zegformer' | 'ovsegmentor' | 'deit' | 'dino' | 'dinov2' | 'resnet' | 'mobilenet_v2' | 'deeplabv3plus' | 'unknown' */
  family: string
  title: string
  /** Whether this version of wordmask runs the family. */
  runnable: boolean
  /** What to know or to type next. */
  note?: string
  /** Numbers read off the shapes; absent for an unknown family. */
  architecture?: Architecture
  tensors: number
  /** Learned numbers: floating-point elements, without BatchNorm statistics and position indices. */
  parameters: number
  /** Elements of each stored type. */
  dtypes: Partial<Record<StorageDType, number>>
  /** What a text tower of few words reads; absent where it reads any text. */
  words?: string[]
  /** As recorded in our card, in the file, or beside it. */
  licence?: Licence
  metadata: Record<string, string>
}

const runnableFamilies = new Set(['clip', 'deeplabv3plus', ...encoderFamilies.keys()])
const learned = new Set<StorageDType>(['float64', 'float32', 'float16', 'bfloat16'])

/**
 * `wordmask model info FILE`: family by keys, architecture by shapes, licence.
 * @param path a checkpoint file, a model folder, a built-in name, or the ID of a pulled model
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_MODEL_NOT_FOUND (a folder without a model, an ID not pulled),
 *   ERR_WORDMASK_CHECKPOINT, ERR_WORDMASK_CHECKPOINT_FORBIDDEN, ERR_WORDMASK_VERSION
 */
export async function describeCheckpoint(path: string, options: { signal?: AbortSignal } = {}): Promise<CheckpointDescription> {
  const { files } = await locate(await pathOf(path))
  const native = binding()
  const summary = await withSignal(options.signal, (task) => native.readCheckpoint(files, task))
  const { rule, shapes } = recognise(summary)
  const licence = await licenceOf(files[0] as string, summary.metadata)
  return {
    files,
    format: summary.format,
    family: rule?.family ?? 'unknown',
    title: rule?.title ?? 'not recognised',
    runnable: rule !== undefined && runnableFamilies.has(rule.family),
    note: note(rule, shapes),
    architecture: rule?.architecture(shapes),
    ...count(summary),
    words: await knownWords(files[0] as string, summary.metadata),
    licence,
    metadata: summary.metadata,
  }
}

async function pathOf(path: string): Promise<string> {
  if (existsSync(path)) return path
  const card = await readCard(path)
  const builtIn = card && builtInWeights(card)
  if (builtIn !== undefined) return builtIn
  const pulled = await findPulled(path)
  if (pulled !== undefined) return pulled
  // What looks like an ID gets the line to type, everything else is a missing file.
  if (/^(?:hf|hf-hub):|^[\w@.-]+\/[\w.-]+$/.test(path) && !/\.(?:safetensors|pt|pth|bin|pkl)$/.test(path))
    return (await resolveModel(path)).path
  throw new WordmaskError(
    'ERR_WORDMASK_FILE_NOT_FOUND',
    `No file ${path}. Give a checkpoint file, a model folder, a built-in name or the ID of a pulled model (npx wordmask model list)`,
  )
}

/** The first rule that fits, with the prefix that makes it fit taken off. */
export function recognise(summary: CheckpointSummary): { rule: Rule | undefined; shapes: Shapes } {
  const all = Shapes.of(summary)
  for (const rule of rules) {
    for (const prefix of rule.prefixes) {
      const shapes = all.under(prefix)
      if (shapes && rule.matches(shapes)) return { rule, shapes }
    }
  }
  return { rule: undefined, shapes: all }
}

function note(rule: Rule | undefined, shapes: Shapes): string | undefined {
  if (!rule) return `Its keys fit no family that wordmask knows; the first are ${shapes.first(3).join(', ') || '(none)'}`
  if (rule.family === 'deeplabv3plus')
    return 'It runs from the folder that `wordmask train segmenter` wrote (segment --model); weights alone are a start for its --initial'
  if (rule.family === 'mobilenet_v2')
    return 'A start for the backbone: `wordmask train segmenter --backbone-weights FILE`, or `wordmask specialist`'
  if (!runnableFamilies.has(rule.family)) return `${rule.title} is recognised but not yet runnable in this version`
  if (shapes.prefix === '' || encoderFamilies.has(rule.family)) return undefined
  return `Its keys lie under '${shapes.prefix}': save that part of the state dict alone before loading`
}

function count({ tensors }: CheckpointSummary): Pick<CheckpointDescription, 'tensors' | 'parameters' | 'dtypes'> {
  const dtypes: CheckpointDescription['dtypes'] = {}
  let parameters = 0
  for (const { key, dtype, shape } of tensors) {
    const elements = shape.reduce((product, size) => product * size, 1)
    dtypes[dtype] = (dtypes[dtype] ?? 0) + elements
    if (learned.has(dtype) && !/(?:^|\.)(?:running_mean|running_var|empty_weight|pixel_mean|pixel_std)$/.test(key)) parameters += elements
  }
  return { tensors: tensors.length, parameters, dtypes }
}
