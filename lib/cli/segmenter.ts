import type { Segmenter } from '../index'
import type { Background } from '../segmenter/options'
import type { ClassEntry } from '../text/classes'
import { modelOfArchive } from './archive/open'
import type { ModelFlags } from './flags'
import { factsOf, type LoadedModel, loadModel, type TemplatesFlag } from './model'
import type { Context } from './program'
import { type RecoFlags, recoOptions, sayContexts } from './reco-flags'
import { progress } from './terminal'
import { UsageError } from './usage'

/** The flags that say which segmenter is meant. */
export interface SegmenterFlags extends Omit<ModelFlags, 'batchSize'>, RecoFlags {
  model?: string
  method: 'maskclip' | 'denseclip' | 'reco'
  background?: Background
  size?: number
  json?: boolean
}

export interface OpenedSegmenter {
  segmenter: Segmenter
  classes: ClassEntry[]
  /** What run.json keeps of the model. */
  model: Pick<LoadedModel, 'facts' | 'notes'>
  dispose(): Promise<void>
}

/** The segmenter that the flags mean: a saved one, or one of a method and a model. `classes`: those asked for. */
export async function openSegmenter(
  options: SegmenterFlags,
  classes: ClassEntry[] | undefined,
  templates: TemplatesFlag,
  context: Context,
): Promise<OpenedSegmenter> {
  const { Segmenter } = await import('../index.js')
  if (options.model !== undefined) return savedSegmenter(options, options.model, classes)
  if (!classes) throw new UsageError('Expected --classes: names ("fox,grass") or a class file')
  const { method, background, size, archive } = options
  const common = { classes, templates, background, size }
  if (method !== 'reco') {
    if (archive !== undefined) throw new UsageError('--archive is the pool of --method reco, or of --model: leave it out, or say which')
    const model = await loadModel(options, context)
    const segmenter = await Segmenter.create({ ...common, method, clip: model.clip })
    return { segmenter, classes, model, dispose: () => model.clip[Symbol.asyncDispose]() }
  }
  if (archive === undefined)
    throw new UsageError('Expected --archive beside --method reco: the folder (or s3://) that "wordmask index" made')
  const model = await loadModel({ ...options, clip: options.clip ?? (await modelOfArchive(archive)) }, context)
  const bar = await progress('references', 0, options.json ?? false)
  const segmenter = await Segmenter.create({
    ...{ ...common, method, archive, clip: model.clip, signal: context.interrupt.stop },
    ...recoOptions(options),
    onProgress: (done, total) => bar.step(done, total),
  })
    .catch((error) => {
      const next = sayContexts(error, options.contexts)
      if (next !== undefined) context.next = next
      throw error
    })
    .finally(() => bar.stop())
  const dispose = async () => {
    await segmenter[Symbol.asyncDispose]()
    await model.clip[Symbol.asyncDispose]()
  }
  return { segmenter, classes, model, dispose }
}

/** A saved segmenter; its classes are its own unless others are asked for. */
async function savedSegmenter(options: SegmenterFlags, folder: string, asked: ClassEntry[] | undefined): Promise<OpenedSegmenter> {
  if (options.clip !== undefined) throw new UsageError('--model names a saved segmenter, which has a model of its own: leave out --clip')
  const { Segmenter } = await import('../index.js')
  const { device, dtype, archive } = options
  const segmenter = await Segmenter.load(folder, { device, dtype, ...(archive !== undefined && { archive }) })
  const classes = asked ?? (segmenter.classes && [...segmenter.classes])
  if (!classes) {
    await segmenter[Symbol.asyncDispose]()
    throw new UsageError(`Expected --classes: the segmenter in ${folder} was saved without any`)
  }
  const { about } = segmenter
  const model = { facts: await factsOf(about), notes: [...about.notes] }
  return { segmenter, classes, model, dispose: () => segmenter[Symbol.asyncDispose]() }
}
