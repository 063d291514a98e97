import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { TrainSegmenterOptions as NativeOptions, SegmenterMetrics } from '../../../binding'
import { inFolder } from '../../archive/lock'
import { binding } from '../../binding'
import { networkMetadata, networkWeights, type SavedNetwork, writeSegmenterFolder } from '../../deeplab/saved'
import { invalidArgument, WordmaskError } from '../../errors'
import { checkOptions } from '../../options'
import { sha256File } from '../../setup/hash'
import { withSignal } from '../../task'
import { type ClassEntry, parseClasses } from '../../text/classes'
import { trainingLicence } from './licence'
import { type Origin, startNotes } from './notes'
import { type TrainedSegmenter, type TrainSegmenterOptions, trainSegmenterOptions } from './options'
import { findPictures, ignored, packPictures } from './pack'
import { refuseAmong } from './pairs'
import { plotSegmenter } from './plot'
import { bothSides, fromScratch, imageNet, recoAugment, recoRecipe } from './recipe'
import { SampleOverlays } from './samples'
import { keepSources } from './sources'

/** fitPicture's value for labels that must not be there, which no class can have. */
const unknownValue = 254

/**
 * Trains a DeepLabv3+ on pictures with label maps: ReCo+'s recipe (methods/reco.md 3) unless the options say otherwise; a backbone that
 * starts from random weights learns at the head's rate, and its norms forget as fast. The
 * folder gets model.safetensors and wordmask.json (Segmenter.load takes the folder), last.safetensors, checkpoint.safetensors,
 * sources.json, metrics.jsonl, metrics.svg and samples/. The same options, seed and machine give the same weights, whether the run was stopped on the
 * way or not: aborting writes a checkpoint, and the next call with the same options goes on from it.
 * @throws ERR_WORDMASK_CLASSES for a label value without a class, or where all are ignored; ERR_WORDMASK_INVALID_ARGUMENT for options that do not fit each
 *   other, or a folder that holds another recipe's checkpoint; ERR_WORDMASK_CHECKPOINT_KEYS for first weights of another network;
 *   ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_ABORTED
 */
export async function trainSegmenter(given: TrainSegmenterOptions): Promise<TrainedSegmenter> {
  const options = checkOptions('trainSegmenter', trainSegmenterOptions, given) as TrainSegmenterOptions
  const { images, labels, classes, background = false, ignore = [ignored], validation, backboneWeights, initial, licence, into } = options
  const { onMetrics, onReject, onProgress, signal, size: _, crop, augment, ...more } = options
  refuseAmong(into, [{ images, labels }, validation])
  const entries = parseClasses(classes)
  const lookup = lookupOf(entries, background, ignore)
  if (backboneWeights !== undefined && initial !== undefined) throw invalidArgument('initial', 'either it or backboneWeights', initial)
  if (options.validateRefine && !validation) throw invalidArgument('validateRefine', 'a validation set beside it', options.validateRefine)
  if (options.patience && !validation) throw invalidArgument('patience', 'a validation set beside it', options.patience)
  const augmented = { ...recoAugment, ...augment }
  if (augmented.scaleLow > augmented.scaleHigh) throw invalidArgument('augment', 'scaleLow of at most scaleHigh', augment)
  const origin = await originOf(backboneWeights, initial)
  const first = origin.file === undefined ? [] : [await networkWeights(origin.file)]
  const recipe = { ...recoRecipe(), ...(origin.kind === 'random' && fromScratch(more.learningRate)), ...recipeOf(more) }
  const size = bothSides(options.size ?? recoRecipe().size)
  const notes = startNotes(origin, recipe)
  const { backbone, outputStride, width, layers, size: __, ...optimisation } = recipe
  const saved: SavedNetwork = {
    config: { backbone, outputStride, width, ...(layers && { layers }), classes: entries.length + (background ? 1 : 0) },
    preprocess: { ...imageNet },
    size,
    background,
    origin,
    licence: licence ?? (await trainingLicence(origin.file, signal)),
    notes,
  }
  const folder = resolve(into)
  const fit = { size, lookup, onReject, ...(signal && { signal }) }
  const pictures = await findPictures({ images, labels }, fit)
  const others = validation && (await findPictures(validation, fit))
  return inFolder(folder, signal, async () => {
    await keepSources(folder, { weights: origin.sha256, pictures: pictures.fingerprint, validation: others?.fingerprint ?? null })
    const data = await packPictures({ images, labels }, pictures, join(folder, 'data.safetensors'), fit)
    const held = others && (await packPictures(validation!, others, join(folder, 'validation.safetensors'), fit))
    const overlays = new SampleOverlays(folder, (held ?? data).file, size, entries, background ? 1 : 0)
    const native: NativeOptions = {
      ...optimisation,
      model: saved.config,
      ...(initial !== undefined && { initial: first }),
      ...(backboneWeights !== undefined && { backboneWeights: first }),
      data: data.file,
      ...(held && { validation: held.file }),
      into: folder,
      metadata: networkMetadata(saved, entries),
      crop: bothSides(crop ?? size),
      augment: augmented,
      preprocess: { ...imageNet },
    }
    const react = (metrics: SegmenterMetrics) => {
      const { samples, ...rest } = metrics
      if (samples) overlays.add(metrics.step, samples)
      if (rest.loss !== undefined || rest.miou !== undefined) onMetrics?.(rest)
    }
    const training = withSignal(signal, (task) => binding().trainSegmenter(native, react, { ...task, ...(onProgress && { onProgress }) }))
    // Nothing is written any more when the call is over, however it ends.
    const trained = await training.finally(() => overlays.finished().catch(() => {}))
    await overlays.finished()
    await writeSegmenterFolder(folder, saved, entries)
    const metrics = join(folder, 'metrics.jsonl')
    const plot = join(folder, 'metrics.svg')
    await plotSegmenter(metrics, plot)
    for (const { file } of [data, ...(held ? [held] : [])]) await rm(file, { force: true })
    const { weights: file, ...facts } = trained
    const rejected = data.rejected + (held?.rejected ?? 0)
    return { folder, file, ...facts, images: data.count, rejected, metrics, plot, notes }
  })
}

/** Label value -> channel of the network. @throws ERR_WORDMASK_INVALID_ARGUMENT for an ignored value that is a class's */
function lookupOf(classes: readonly ClassEntry[], background: boolean, ignore: readonly number[]): Uint8Array {
  const values = classes.length + (background ? 1 : 0)
  if (values > unknownValue) throw invalidArgument('classes', `at most ${unknownValue} label values, background included`, `${values}`)
  const lookup = new Uint8Array(65_536).fill(unknownValue)
  for (let value = 0; value < values; value++) lookup[value] = value
  for (const value of ignore) {
    if (value < values) throw invalidArgument('ignore', `label values that are no class's (0 to ${values - 1})`, value)
    lookup[value] = ignored
  }
  return lookup
}

async function originOf(backbone: string | undefined, network: string | undefined): Promise<Origin> {
  const file = backbone ?? network
  if (file === undefined) return { kind: 'random', sha256: [] }
  const sha256 = await sha256File(await networkWeights(file)).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The first weights ${file} cannot be read: ${cause.message}`, { cause })
  })
  return { kind: backbone === undefined ? 'network' : 'backbone', file, sha256: [sha256] }
}

/** What the options say of the recipe. */
function recipeOf(options: object) {
  const known = { ...recoRecipe(), layers: undefined, validateRefine: undefined }
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => key in known && value !== undefined)) as Partial<
    ReturnType<typeof recoRecipe>
  >
}
