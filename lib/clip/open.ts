import type { Clip as NativeClip } from '../../binding'
import { type Binding, binding } from '../binding'
import { invalidArgument, WordmaskError } from '../errors'
import { findPulled } from '../hub/resolve'
import { checkOptions, throwIfAborted } from '../options'
import { withSignal } from '../task'
import { Tokenizer } from '../text/tokenizer'
import { Vocabulary } from '../text/vocabulary'
import { type ClipOptions, clipOptions } from './options'
import { type ClipSource, findClip } from './source'

/** CLIP's own scale, for weights that lack it. */
const usualScale = 100
/** exp(logit_scale) beyond this makes no sense of cosines; CLIP is trained with at most 100. */
const largestScale = 1e6

/** What a Clip is made of. A class, so that nothing else is taken for one. */
export class OpenClip {
  constructor(
    readonly native: NativeClip,
    readonly source: ClipSource,
    readonly vocabulary: Vocabulary,
    readonly logitScale: number,
    readonly maxPending: number,
  ) {}
}

/** Finds a model, loads its weights and prepares its words. */
export async function openClip(source: string, given: ClipOptions): Promise<OpenClip> {
  if (typeof source !== 'string' || source === '') throw invalidArgument('source', 'a built-in name, a path or a pulled ID', source)
  const {
    device = 'auto',
    dtype = 'float32',
    threads,
    activation,
    dense,
    maxPending = 256,
    signal,
    onProgress,
  } = checkOptions('Clip.load', clipOptions, given)
  const library = binding()
  if (threads !== undefined) library.setThreads(threads)
  return withSignal(signal, async (task) => {
    const tokenizer = await Tokenizer.load()
    const found = await findClip(source, activation, library, findPulled, task)
    const config = dense ? { ...found.config, dense } : found.config
    const native = await library.Clip.load(config, found.files, { device, dtype }, { ...task, ...(onProgress && { onProgress }) })
    try {
      const scale = await readScale(library, found.files)
      throwIfAborted(signal)
      for (const note of found.card ? [] : found.notes) process.emitWarning(note, { type: 'WordmaskWarning', code: 'WORDMASK_MODEL' })
      const vocabulary = new Vocabulary(tokenizer, config.text.contextLength, found.name, config.text.vocabulary)
      return new OpenClip(native, { ...found, config }, vocabulary, scale, maxPending)
    } catch (error) {
      native.dispose()
      throw error
    }
  })
}

/** A checkpoint without the key is no error here: the towers are all there. */
async function readScale(library: Binding, files: readonly string[]): Promise<number> {
  const stored = await library.readTensor([...files], 'logit_scale', {}).catch(() => undefined)
  if (!stored) return usualScale
  const scale = Math.exp(stored.data[0] as number)
  if (stored.data.length === 1 && scale > 0 && scale <= largestScale) return scale
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `Expected one number up to ${Math.log(largestScale).toFixed(1)} for logit_scale in ${files.join(', ')} but received ${stored.data.slice(0, 3).join(', ') || 'none'}`,
  )
}
