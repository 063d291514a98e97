import type { Clip as NativeClip } from '../../binding'
import { binding } from '../binding'
import { invalidArgument } from '../errors'
import { findPulled } from '../hub/resolve'
import { checkOptions } from '../options'
import { withSignal } from '../task'
import { Tokenizer } from '../text/tokenizer'
import { Vocabulary } from '../text/vocabulary'
import { type ClipOptions, clipOptions } from './options'
import { type ClipSource, findClip } from './source'

/** CLIP's own scale, for weights that lack it. */
const usualScale = 100

export interface OpenClip {
  native: NativeClip
  source: ClipSource
  vocabulary: Vocabulary
  logitScale: number
}

/** Finds a model, loads its weights and prepares its words. */
export async function openClip(source: string, given: ClipOptions): Promise<OpenClip> {
  if (typeof source !== 'string' || source === '') throw invalidArgument('source', 'a built-in name, a path or a pulled ID', source)
  const { device = 'auto', dtype = 'float32', activation, dense, signal, onProgress } = checkOptions('Clip.load', clipOptions, given)
  const library = binding()
  return withSignal(signal, async (task) => {
    const tokenizer = await Tokenizer.load()
    const found = await findClip(source, activation, library, findPulled, task)
    const config = dense ? { ...found.config, dense } : found.config
    const native = await library.Clip.load(config, found.files, { device, dtype }, { ...task, ...(onProgress && { onProgress }) })
    // A checkpoint without the key is no error here: the towers are all there.
    const scale = await library.readTensor(found.files, 'logit_scale', task).then(
      ({ data }) => Math.exp(data[0] as number),
      () => usualScale,
    )
    for (const note of found.card ? [] : found.notes) process.emitWarning(note, { type: 'WordmaskWarning', code: 'WORDMASK_MODEL' })
    const vocabulary = new Vocabulary(tokenizer, config.text.contextLength, found.name, config.text.vocabulary)
    return { native, source: { ...found, config }, vocabulary, logitScale: scale }
  })
}
