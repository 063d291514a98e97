import { join } from 'node:path'
import { binding } from '../binding'
import { WordmaskError } from '../errors'
import type { Tensor } from '../options'
import { withSignal } from '../task'
import type { ClassEntry } from '../text/classes'
import type { Templates } from '../text/prompts'
import { indexFile } from './saved'
import { textKey } from './text-cache'

const textFile = 'text.safetensors'
/** Which classes and templates the vectors belong to: a folder saved over and interrupted half way is noticed. */
const textMetadata = 'wordmask.text'

/** Writes the text vectors of rows. */
export async function saveText(
  folder: string,
  rows: readonly ClassEntry[],
  templates: Templates,
  vectors: Tensor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tensor = { key: 'text', data: vectors.data, shape: vectors.shape, dtype: 'float32' as const }
  await withSignal(signal, (task) =>
    binding().writeSafetensors(join(folder, textFile), [tensor], { [textMetadata]: textKey(rows, templates) }, task),
  )
}

/** @throws ERR_WORDMASK_CHECKPOINT for vectors of other names or templates, or that are none */
export async function readText(folder: string, rows: readonly ClassEntry[], templates: Templates, embedDim: number): Promise<Tensor> {
  const file = join(folder, textFile)
  const { metadata, tensors } = await binding().readCheckpoint([file], {})
  const [{ key, shape } = { key: '', shape: [] }] = tensors
  if (metadata[textMetadata] === textKey(rows, templates) && key === 'text' && shape.join() === `${rows.length},${embedDim}`) {
    const vectors = await binding().readTensor([file], 'text', {})
    if (rows.every((_, i) => isUnit(vectors.data.subarray(i * embedDim, (i + 1) * embedDim)))) return vectors
  }
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${file} does not hold the text vectors of ${join(folder, indexFile)}. Save the segmenter again.`,
  )
}

/** False for NaN, too. */
export const isUnit = (row: Float32Array) => Math.abs(row.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-3
