import { setImmediate } from 'node:timers/promises'
import type { Task } from '../../binding'
import { invalidArgument } from '../errors'
import { checkOptions, type RunOptions, type Tensor } from '../options'
import { withSignal } from '../task'
import { type ClassEntry, checkEntries } from '../text/classes'
import { classPrompts, type Prompted, type Templates, templateList } from '../text/prompts'
import type { OpenClip } from './open'
import { type EncodeTextOptions, encodeTextOptions } from './options'

/** Prompts tokenised between two breaths of the event loop. */
const promptsAtOnce = 2048

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
  const { native, vocabulary, source } = model
  const list = toTexts(texts)
  const prompts = templateList(templates)
  vocabulary.check(list)
  if (templates !== 'none') {
    if (!normalize)
      throw invalidArgument('normalize', "true together with templates (a mean of prompts is a direction), or templates: 'none'", normalize)
    vocabulary.checkTemplates(prompts)
    const entries = list.map((name) => ({ name, synonyms: [], prompts: undefined }))
    return withSignal(signal, (task) => encodePrompted(model, entries, prompts, { batchSize, truncate, onProgress }, task))
  }
  const tokens = vocabulary.tokenize(list, truncate)
  return withSignal(signal, async (task) => {
    if (list.length === 0) return { data: new Float32Array(0), shape: [0, source.config.embedDim] }
    const options = { normalize, batchSize }
    const { data, shape } = await native.encodeText(tokens.data, list.length, options, { ...task, ...(onProgress && { onProgress }) })
    return { data, shape }
  })
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
    while (to < classes.length && (to === from || prompts.length < promptsAtOnce)) {
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
