import { binding } from '../../binding'
import { networkKey, networkWeights } from '../../deeplab/saved'
import { licenceOf } from '../../families/licence'
import { withSignal } from '../../task'

const unrecorded = 'not recorded'
const ofDataAlone = 'follows from the training data alone'

/** Of the weights of a training, where nobody said: what it follows from. @param first the file or folder that they start from; undefined: random weights */
export async function trainingLicence(first: string | undefined, signal: AbortSignal | undefined): Promise<string> {
  return first === undefined
    ? ofDataAlone
    : `follows from the training data and from the first weights (${await weightsLicence(first, signal)})`
}

/** Of weights that a network starts from, a file or the folder of a segmenter: as they, or what lies beside them, record it. */
export async function weightsLicence(first: string, signal: AbortSignal | undefined): Promise<string> {
  const file = await networkWeights(first)
  const { metadata } = await withSignal(signal, (task) => binding().readCheckpoint([file], task))
  const found = (await licenceOf(file, metadata))?.text
  if (found !== undefined && found !== unrecorded) return found
  // A training once kept no licence where nobody had said one, but always where it began.
  return startsAtRandom(metadata[networkKey]) ? ofDataAlone : `${unrecorded}: ask who made them`
}

function startsAtRandom(network: string | undefined): boolean {
  try {
    return JSON.parse(network ?? '{}').origin?.kind === 'random'
  } catch {
    return false
  }
}
