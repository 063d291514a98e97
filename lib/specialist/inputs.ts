import { stat } from 'node:fs/promises'
import { WordmaskError } from '../errors'
import { parseClasses } from '../text/classes'
import { type BoxesOf, readBoxes } from './boxes'
import type { BuildSpecialistOptions } from './options'
import { checkTruth } from './truth'

/**
 * Files that are needed last are asked for first: a misspelt one must not cost what is made before it. -> the boxes
 * @throws ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_CLASSES for label maps of other names; ERR_WORDMASK_INVALID_ARGUMENT for what is no file of boxes
 */
export async function checkInputs({ names, boxes, truth, training, signal }: BuildSpecialistOptions): Promise<BoxesOf | undefined> {
  if (training?.backboneWeights !== undefined) await find('The first weights', training.backboneWeights)
  if (truth !== undefined) {
    await find('The label maps', truth.labels)
    await checkTruth(truth, parseClasses(names).length, signal)
  }
  return readBoxes(boxes, signal)
}

async function find(what: string, file: string): Promise<void> {
  await stat(file).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${what} cannot be read: ${cause.message}`, { cause })
  })
}
