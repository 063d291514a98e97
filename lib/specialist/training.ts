import path from 'node:path'
import type { Clip } from '../clip/clip'
import { Network } from '../deeplab/network'
import { copyNetwork, type NetworkReference, networkFile, type SavedNetwork, writeSegmenterFolder } from '../deeplab/saved'
import type { Encoder } from '../encoder/encoder'
import { readIndex } from '../segmenter/saved'
import type { ClassEntry } from '../text/classes'
import { weightsLicence } from '../train/segmenter/licence'
import type { TrainSegmenterOptions } from '../train/segmenter/options'
import { trainSegmenter } from '../train/segmenter/train'
import type { BuildSpecialistOptions } from './options'
import { specOf } from './presence'

/** Steps unless told otherwise: what it is trained on is small and alike. */
export const usualSteps = 2000

/** What a later call needs to know of a training that is done. */
export interface TrainedFacts {
  steps: number
  seconds: number
  notes: string[]
}

/** Trains the small network on what writeTrainingSet wrote; a run that stopped goes on. */
export async function trainOn(
  folder: string,
  into: string,
  {
    classes,
    size,
    licence,
    seed,
  }: { classes: readonly ClassEntry[]; size: NonNullable<TrainSegmenterOptions['size']>; licence: string; seed: number },
  { training = {}, signal, onProgress }: BuildSpecialistOptions,
): Promise<TrainedFacts> {
  const { steps, seconds, notes } = await trainSegmenter({
    ...{ images: path.join(folder, 'images'), labels: path.join(folder, 'labels'), classes: classes.map(specOf), background: true },
    ...{ backbone: 'mobilenet_v2', steps: usualSteps, seed, licence, ...training, size, into },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  return { steps, seconds, notes }
}

/** The network with its thresholds, as Segmenter.load takes it: written to the folder of the specialist. */
export async function publish(
  trained: string,
  into: string,
  classes: readonly ClassEntry[],
  more: Pick<SavedNetwork, 'thresholds' | 'licence' | 'notes'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { own } = await readIndex(trained)
  const { network: saved } = own as NetworkReference
  const network = await Network.load(path.join(trained, networkFile), saved, signal ? { signal } : {})
  try {
    const final = { ...saved, ...more }
    await copyNetwork({ native: network.native, saved: final }, into, classes, signal)
    await writeSegmenterFolder(into, final, classes)
  } finally {
    await network[Symbol.asyncDispose]()
  }
}

/** Of everything that had a part in the weights. */
export async function licencesOf(
  clip: Clip,
  encoder: Clip | Encoder | undefined,
  backboneWeights: string | undefined,
  signal: AbortSignal | undefined,
) {
  const models = [{ what: `CLIP ${clip.info.name} (images, masks)`, licence: clip.info.licence }]
  if (encoder && encoder !== clip) models.push({ what: `encoder ${encoder.info.name} (masks)`, licence: encoder.info.licence })
  if (backboneWeights !== undefined)
    models.push({
      what: `first weights of the backbone, ${path.basename(backboneWeights)}`,
      licence: await weightsLicence(backboneWeights, signal),
    })
  return models
}

/** In one line: each licence once. */
export const inherited = (licences: readonly { licence: string }[]): string =>
  `follows from ${[...new Set(licences.map(({ licence }) => licence))].join('; ')}`
