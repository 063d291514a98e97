import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Clip } from '../clip/clip'
import { Encoder } from '../encoder/encoder'
import { WordmaskError } from '../errors'
import { type SaveOptions, weightsFile } from '../segmenter/save'
import { checkWeights, clipReference, hashes, loadReferred, referToClip } from '../segmenter/saved-clip'
import { templateNames } from '../text/prompts'
import { clipEncoder, type DenseEncoder, towerEncoder } from './encoder'
import { plain } from './making'
import type { RecoParts } from './method'
import type { Opening } from './open'
import { settingsShape } from './options'

const encoderFile = 'encoder.safetensors'
/** Of any format: it is told by its content. */
const towerFile = 'encoder.weights'
const templates = z.union([z.enum(templateNames), z.array(z.string())])

/** How a folder refers to an Encoder. `load` is what Encoder.load takes; `copied`: the file lies in the folder. */
const towerReference = z.strictObject({
  load: z.string(),
  copied: z.boolean(),
  sha256: z.array(z.string()),
  read: z.enum(['value', 'residual', 'cells']).nullable(),
  /** Absent: the last one. */
  layer: z.number().int().positive().optional(),
})
const encoderReference = z.union([clipReference, towerReference])

/** Keys of wordmask.json beside those that every segmenter has. */
export const savedShape = z.strictObject({
  /** The dense CLIP. */
  clip: clipReference,
  /** null: the dense CLIP's image tower. */
  encoder: encoderReference.nullable(),
  reco: z.strictObject({
    ...settingsShape,
    /** Of the models that made the references: copied weights are other files. */
    identity: z.strictObject({ clip: z.string(), encoder: z.string() }),
    retrieve: z.record(z.string(), z.unknown()),
    referenceSize: z.number().int().positive().nullable(),
    /** For retrieval and guidance; null: each model's own. */
    templates: templates.nullable(),
    retrieval: z.strictObject({ load: z.string(), weights: z.string(), templates }),
  }),
})
export type SavedReco = z.infer<typeof savedShape>

/** Refers to the models, or copies them. */
export async function savedReco(parts: RecoParts, folder: string, options: SaveOptions): Promise<SavedReco> {
  const { clip, dense, encoder, settings, retrieval } = parts
  const { k, window, guidance, elimination, contexts, retrieve, referenceSize, templates: given } = settings
  return {
    clip: await referToClip(clip, folder, weightsFile, options),
    encoder: encoder.model === clip ? null : await referToEncoder(encoder, folder, options),
    reco: {
      ...{ k, window, guidance, elimination, contexts: [...contexts], retrieve: plain(retrieve) },
      identity: { clip: await dense.identity(), encoder: await encoder.identity() },
      ...{ referenceSize: referenceSize ?? null, templates: copied(given) ?? null },
      retrieval: { ...retrieval, templates: copied(retrieval.templates) as z.infer<typeof templates> },
    },
  }
}

/** The encoder that a folder refers to, under the identity that its references were made by. */
export async function loadEncoder(
  folder: string,
  reference: z.infer<typeof encoderReference>,
  identity: string,
  opening: Opening,
  run: Parameters<typeof Encoder.load>[1] = {},
): Promise<DenseEncoder> {
  if ('dense' in reference) return clipEncoder(opening.own(await loadReferred(folder, encoderFile, reference, run)), identity)
  const { load, copied: here, read, layer, sha256 } = reference
  const form = { ...(read && { read }), ...(layer !== undefined && { layer }) }
  const encoder = opening.own(await Encoder.load(here ? join(folder, towerFile) : load, { ...run, ...form }))
  await checkWeights(folder, load, encoder.info.files, sha256)
  return towerEncoder(encoder, identity)
}

async function referToEncoder({ model }: DenseEncoder, folder: string, options: SaveOptions): Promise<z.infer<typeof encoderReference>> {
  if (model instanceof Clip) return referToClip(model, folder, encoderFile, options)
  const { source, info } = model as Encoder
  const { copyWeights = false } = options
  if (copyWeights) await copyEncoder(source.files, folder)
  const { read = null, layer } = info
  return { load: source.load, copied: copyWeights, sha256: await hashes(source.files), read, ...(layer !== undefined && { layer }) }
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for weights of several files, whose configuration lies beside them */
async function copyEncoder([file, ...more]: readonly string[], folder: string): Promise<void> {
  if (file === undefined || more.length > 0)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `Expected an encoder of one weight file to copy but this one has ${more.length + 1}. Save without copyWeights.`,
    )
  const to = join(folder, towerFile)
  await copyFile(file, to).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot copy ${file} to ${to}: ${cause.message}`, { cause })
  })
}

const copied = (given: unknown) => (Array.isArray(given) ? [...given] : given) as z.infer<typeof templates> | undefined
