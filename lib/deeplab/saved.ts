import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { DeepLab, DeepLabConfig, ResizeOptions } from '../../binding'
import { WordmaskError } from '../errors'
import { positiveInteger } from '../options'
import { writeAtomic } from '../run/atomic'
import { sha256File } from '../setup/hash'
import { withSignal } from '../task'
import type { ClassEntry } from '../text/classes'

export const networkFile = 'model.safetensors'
/** Of the weights file: what it takes to use it without its folder. */
export const networkKey = 'wordmask.segmenter'
/** What a network with a background calls its first channel. */
export const backgroundName = 'background'

/** Everything about a trained DeepLabv3+ but its weights and classes. */
export interface SavedNetwork {
  config: DeepLabConfig
  preprocess: ResizeOptions
  /** Images are resized so that they cover this. */
  size: { width: number; height: number }
  /** Channel 0 is background. */
  background: boolean
  /** Where training started. */
  origin: { kind: 'random' | 'backbone' | 'network'; sha256: string[]; file?: string }
  licence: string
  notes: string[]
  /** Of each class: the least peak probability of an image that shows it (presence.ts). Absent: the most likely class of each pixel, always. */
  thresholds?: number[]
}

const triple = z.tuple([z.number(), z.number(), z.number()])
const savedNetwork = z.strictObject({
  config: z.strictObject({
    backbone: z.enum(['resnet101', 'resnet50', 'mobilenet_v2']),
    classes: positiveInteger,
    outputStride: z.union([z.literal(8), z.literal(16)]),
    width: z.number().positive(),
    layers: z.array(positiveInteger).length(4).optional(),
  }),
  preprocess: z.strictObject({ mean: triple, std: triple, interpolation: z.enum(['bilinear', 'bicubic']) }),
  size: z.strictObject({ width: positiveInteger, height: positiveInteger }),
  background: z.boolean(),
  origin: z.strictObject({ kind: z.enum(['random', 'backbone', 'network']), sha256: z.array(z.string()), file: z.string().optional() }),
  licence: z.string(),
  notes: z.array(z.string()),
  thresholds: z.array(z.number().gt(0).lt(1)).optional(),
})

/** The method's own keys of wordmask.json. */
export const networkReference = z.strictObject({ weights: z.string(), sha256: z.string(), network: savedNetwork })
export type NetworkReference = { weights: string; sha256: string; network: SavedNetwork }

/** Metadata of the weights file: names, colours, sizes and where they come from. */
export function networkMetadata(saved: SavedNetwork, classes: readonly ClassEntry[]): Record<string, string> {
  return { [networkKey]: JSON.stringify({ version: 1, ...saved, classes }), licence: saved.licence }
}

/** The weights file of a segmenter's folder; a file is taken as it is. */
export async function networkWeights(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  return isFolder ? join(path, networkFile) : path
}

/** wordmask.json beside the weights, as Segmenter.save writes it. */
export async function writeSegmenterFolder(folder: string, network: SavedNetwork, classes: readonly ClassEntry[]): Promise<void> {
  const index = {
    ...{ version: 1, kind: 'segmenter', method: 'deeplabv3plus' },
    ...(await referToNetwork(folder, network)),
    classes,
    templates: 'none',
    background: network.background ? { names: [backgroundName] } : null,
    ...{ size: null, slide: null, maxPixels: null },
  }
  await writeAtomic(join(folder, 'wordmask.json'), `${JSON.stringify(index, null, 2)}\n`)
}

export async function referToNetwork(folder: string, network: SavedNetwork): Promise<NetworkReference> {
  return { weights: networkFile, sha256: await hashOf(join(folder, networkFile)), network }
}

/** The weights of a loaded network written into another folder. -> its keys of wordmask.json */
export async function copyNetwork(
  { native, saved }: { native: DeepLab; saved: SavedNetwork },
  folder: string,
  classes: readonly ClassEntry[],
  signal: AbortSignal | undefined,
): Promise<NetworkReference> {
  await withSignal(signal, (task) => native.save(join(folder, networkFile), 'float32', networkMetadata(saved, classes), task))
  return referToNetwork(folder, saved)
}

/** @throws ERR_WORDMASK_CHECKPOINT where the weights are others than those that the folder was saved with */
export async function checkNetwork(folder: string, { weights, sha256 }: NetworkReference): Promise<string> {
  const file = join(folder, weights)
  const actual = await hashOf(file)
  if (actual === sha256) return file
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${folder} was saved with other weights (sha256 ${sha256}) than ${weights} (${actual})`,
  )
}

async function hashOf(file: string): Promise<string> {
  return sha256File(file).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IO', `The weights ${file} cannot be read: ${cause.message}`, { cause })
  })
}
