import { setImmediate } from 'node:timers/promises'
import type { Clip as NativeClip, Task } from '../../binding'
import type { Tensor } from '../options'
import type { ClassEntry } from '../text/classes'
import { classPrompts } from '../text/prompts'
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
  classes: readonly ClassEntry[],
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
      const own = classPrompts(classes[to++] as ClassEntry, templates)
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
