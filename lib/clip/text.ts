import { setImmediate } from 'node:timers/promises'
import type { Task } from '../../binding'
import { invalidArgument } from '../errors'
import { checkOptions, type RunOptions, type Tensor, throwIfAborted } from '../options'
import { withSignal } from '../task'
import { type ClassEntry, checkEntries } from '../text/classes'
import { classPrompts, type Prompted, type Templates, templateList } from '../text/prompts'
import type { OpenClip } from './open'
import { type EncodeTextOptions, encodeTextOptions } from './options'

/** Texts tokenised between two breaths of the event loop. */
const textsAtOnce = 2048

interface PromptOptions {
  batchSize: number
  truncate: boolean
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** Clip.encodeText. */
export async function encodeTexts(model: OpenClip, texts: string | readonly string[], given: EncodeTextOptions): Promise<Tensor> {
  const {
    templates = 'none',
    normalize = true,
    batchSize = 256,
    truncate = true,
    signal,
    onProgress,
  } = checkOptions('encodeText', encodeTextOptions, given)
  const { vocabulary } = model
  const list = toTexts(texts)
  const prompts = templateList(templates)
  if (templates !== 'none' && !normalize)
    throw invalidArgument('normalize', "true together with templates (a mean of prompts is a direction), or templates: 'none'", normalize)
  return withSignal(signal, async (task) => {
    for (const piece of pieces(list)) {
      vocabulary.check(piece)
      if (list.length > textsAtOnce) await setImmediate()
      throwIfAborted(signal)
    }
    if (templates === 'none') return encodePlain(model, list, { batchSize, truncate, onProgress }, normalize, task)
    vocabulary.checkTemplates(prompts)
    const entries = list.map((name) => ({ name, synonyms: [], prompts: undefined }))
    return encodePrompted(model, entries, prompts, { batchSize, truncate, onProgress }, task)
  })
}

function* pieces(list: readonly string[], size = textsAtOnce): Generator<readonly string[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size)
}

/** Every text as it is. A million texts are a few hundred megabytes of tokens, so they go to the tower in pieces. */
async function encodePlain(
  { native, vocabulary, source }: OpenClip,
  list: readonly string[],
  { batchSize, truncate, onProgress }: PromptOptions,
  normalize: boolean,
  task: Task,
): Promise<Tensor> {
  const { embedDim } = source.config
  const { contextLength } = source.config.text
  const rows = new Float32Array(list.length * embedDim)
  let done = 0
  for (const part of pieces(list, Math.max(batchSize, textsAtOnce))) {
    const tokens = new Int32Array(part.length * contextLength)
    let at = 0
    for (const piece of pieces(part)) {
      const { data } = vocabulary.tokenize(piece, truncate)
      tokens.set(data, at)
      at += data.length
      if (list.length > textsAtOnce) await setImmediate()
    }
    const before = done
    const tell = onProgress && { onProgress: (now: number) => onProgress(before + now, list.length) }
    const { data } = await native.encodeText(tokens, part.length, { normalize, batchSize }, { ...task, ...tell })
    rows.set(data, before * embedDim)
    done += part.length
  }
  return { data: rows, shape: [list.length, embedDim] }
}

/** Clip.classVectors. */
export async function classVectors(
  model: OpenClip,
  classes: readonly ClassEntry[],
  templates: Templates | undefined,
  { signal, onProgress }: RunOptions,
): Promise<Tensor> {
  checkEntries(classes)
  const { vocabulary, source } = model
  const prompts = templateList(templates ?? source.templates)
  vocabulary.check(classes.flatMap((entry) => classPrompts(entry, ['{}'])))
  vocabulary.checkTemplates(prompts)
  return withSignal(signal, (task) => encodePrompted(model, classes, prompts, { batchSize: 256, truncate: false, onProgress }, task))
}

/**
 * One unit row a class: the normalised mean of its normalised prompts. 65,000 names with 80 templates are five million
 * prompts, so they are tokenised and encoded in pieces.
 */
async function encodePrompted(
  { native, vocabulary, source }: OpenClip,
  classes: readonly Prompted[],
  templates: readonly string[],
  options: PromptOptions,
  task: Task,
): Promise<Tensor> {
  const { embedDim } = source.config
  const rows = new Float32Array(classes.length * embedDim)
  let from = 0
  while (from < classes.length) {
    const prompts: string[] = []
    const counts: number[] = []
    let to = from
    while (to < classes.length && (to === from || prompts.length < textsAtOnce)) {
      const own = classPrompts(classes[to++] as Prompted, templates)
      counts.push(own.length)
      prompts.push(...own)
    }
    const tokens = vocabulary.tokenize(prompts, options.truncate)
    const { data } = await native.encodeClasses(tokens.data, counts, { batchSize: options.batchSize }, task)
    rows.set(data, from * embedDim)
    options.onProgress?.(to, classes.length)
    from = to
    await setImmediate()
  }
  return { data: rows, shape: [classes.length, embedDim] }
}

/** One text or many. @throws ERR_WORDMASK_INVALID_ARGUMENT naming the one that is no string */
export function toTexts(texts: string | readonly string[]): readonly string[] {
  if (typeof texts === 'string') return [texts]
  if (!Array.isArray(texts)) throw invalidArgument('texts', 'a string or an array of strings', texts)
  const bad = texts.findIndex((text) => typeof text !== 'string')
  if (bad >= 0) throw invalidArgument(`texts[${bad}]`, 'a string', texts[bad])
  return texts
}
