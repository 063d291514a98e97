import { setImmediate } from 'node:timers/promises'
import type { Clip as NativeClip, Task } from '../../binding'
import { invalidArgument } from '../errors'
import type { Tensor } from '../options'
import { classPrompts, type Prompted } from '../text/prompts'
import type { Vocabulary } from '../text/vocabulary'

/** Prompts tokenised between two breaths of the event loop. */
const promptsAtOnce = 2048

export interface ClassVectorOptions {
  batchSize: number
  truncate: boolean
  onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * One unit row a class: the normalised mean of its normalised prompts. 65,000 names with 80 templates are five million
 * prompts, so they are tokenised and encoded in pieces.
 */
export async function encodeClasses(
  native: NativeClip,
  vocabulary: Vocabulary,
  classes: readonly Prompted[],
  templates: readonly string[],
  embedDim: number,
  options: ClassVectorOptions,
  task: Task,
): Promise<Tensor> {
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
