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
import type { BuildSpecialistOptions, SpecialistTraining } from './options'
import { specOf } from './presence'

/** Steps unless told otherwise: what it is trained on is small and alike. */
const usualSteps = 2000

/**
 * Pictures are changed less than in trainSegmenter's recipe (colours by 0.8, hue by 0.2, every second picture blurred), which is for 20,000 steps from
 * ImageNet's weights on 320 pixels: here masks are few, pictures often small, and the colour is half of what tells a thing.
 */
const usualAugment = { jitter: 0.5, brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02, blur: 0.1 }

/** From random weights, in few steps. */
const ownRate = 2e-3

/** What the network is trained by: as asked, else as suits a small set. */
export function trainingOf(asked: SpecialistTraining): SpecialistTraining {
  const rate = asked.backboneWeights === undefined ? { learningRate: ownRate } : {}
  return { steps: usualSteps, ...rate, ...asked, augment: { ...usualAugment, ...asked.augment } }
}

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
    ...{ backbone: 'mobilenet_v2', seed, licence, ...trainingOf(training), size, into },
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
