import { join } from 'node:path'
import type { ClipConfig, Task, TrainClipOptions } from '../../binding'
import { type Binding, binding } from '../binding'
import { clipPreprocess } from '../cards'
import { saveClip } from '../clip/save'
import { type ClipSource, findClip } from '../clip/source'
import { WordmaskError } from '../errors'
import { scenePackFiles } from '../eval/scene-pack'
import { findPulled } from '../hub/resolve'
import { checkOptions } from '../options'
import { withSignal } from '../task'
import { type TrainedClip, type TrainOptions, trainOptions } from './options'
import { plotMetrics } from './plot'
import { scenesArchitecture, scenesRecipe } from './recipe'

/** CLIP's end-of-text token. */
const endOfText = 49_407

/**
 * Trains a CLIP from captions, or fine-tunes one. The same options, seed and machine give the same weights, whether the run was
 * stopped on the way or not: aborting writes a checkpoint, and the next call with the same options goes on from it.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for options that do not fit each other, a ResNet, or a folder that holds another recipe's
 *   checkpoint; ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_ABORTED
 */
export async function trainClip(given: TrainOptions): Promise<TrainedClip> {
  const { data, clip, into, signal, onProgress, onMetrics, ...recipe } = checkOptions('trainClip', trainOptions, given)
  if (recipe.objective === 'views' && (recipe.patchLoss ?? recipe.claimLoss) !== undefined)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      'Expected no patchLoss and no claimLoss with the objective "views", which reads no captions',
    )
  const library = binding()
  return withSignal(signal, async (task) => {
    const source = typeof data === 'object' ? undefined : (data ?? scenePackFiles('unseen')[0]!)
    const start = clip === undefined ? await fresh(library, source, task) : await findClip(clip, undefined, library, findPulled, task)
    const options: TrainClipOptions = {
      ...scenesRecipe,
      ...(source === undefined || recipe.patchLoss === 0 || recipe.softTargets === false ? { claimLoss: 0 } : {}),
      ...defined(recipe),
      model: start.config,
      ...(start.files.length > 0 && { initial: start.files }),
      data: source === undefined ? { kind: 'packed', ...(data as { pixels: string; tokens: string }) } : { kind: 'scenes', pack: source },
      into,
    }
    const trained = await library.trainClip(options, (metrics) => onMetrics?.(metrics), { ...task, ...(onProgress && { onProgress }) })
    const file = join(into, 'clip.safetensors')
    await finish(library, start, trained.weights, file, task)
    const metrics = join(into, 'metrics.jsonl')
    const plot = join(into, 'metrics.svg')
    await plotMetrics(metrics, plot)
    return { file, steps: trained.steps, seconds: trained.seconds, metrics, plot }
  })
}

/** The built-in architecture with the words of the pack, from random weights. */
async function fresh(library: Binding, pack: string | undefined, task: Task): Promise<ClipSource> {
  if (pack === undefined) {
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      'Packed data needs a model whose vocabulary it uses: give `clip` (--clip), a ViT CLIP to go on from.',
    )
  }
  const config: ClipConfig = scenesArchitecture((await library.ScenePack.open([pack], task)).vocabulary, endOfText)
  return {
    load: '',
    name: 'scenes',
    family: 'CLIP',
    config,
    files: [],
    preprocess: clipPreprocess,
    templates: ['a photo of a {}'],
    segmentSize: config.vision.imageSize,
    licence: 'MIT',
    notes: ['Trained on rendered scenes: a demonstration model for drawings.'],
    card: undefined,
  }
}

/** Adds to the weights what Clip.load wants to know beside them. */
async function finish(library: Binding, start: ClipSource, weights: string, file: string, task: Task): Promise<void> {
  const native = await library.Clip.load({ ...start.config, keys: 'openai' }, [weights], { device: 'cpu', dtype: 'float32' }, task)
  try {
    await saveClip(native, start, file, 'float32', task)
  } finally {
    native.dispose()
  }
}

const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<T>
