import { join } from 'node:path'
import { binding } from '../binding'
import { Clip } from '../clip/clip'
import type { ClipOptions } from '../clip/options'
import { checkView } from '../clip/size'
import { WordmaskError } from '../errors'
import { type Tensor, throwIfAborted } from '../options'
import type { ClassEntry } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { Defaults } from './plan'
import { hashes, indexFile, readIndex, textFile, textMetadata, weightsFile } from './saved'
import { textKey, textRows } from './text-cache'

/** What a folder holds; the Clip is the caller's to dispose of. */
export async function loadSegmenter(
  folder: string,
  options: ClipOptions,
): Promise<{ clip: Clip; defaults: Defaults; vectors: Tensor | undefined }> {
  const saved = await readIndex(folder)
  const { copied, load, dense, sha256 } = saved.clip
  const clip = await Clip.load(copied ? join(folder, weightsFile) : load, { ...options, dense })
  try {
    await checkWeights(folder, load, clip.info.files, sha256)
    const { method, classes, templates, background, size, slide, maxPixels } = saved
    const defaults = {
      method,
      classes,
      templates,
      background: background ?? undefined,
      size: size ?? undefined,
      slide: slide ?? undefined,
      maxPixels: maxPixels ?? undefined,
    }
    checkSavedView(folder, clip, defaults)
    const vectors = classes && (await readVectors(folder, textRows(classes, defaults.background), templates, clip.info.embedDim))
    throwIfAborted(options.signal)
    return { clip, defaults, vectors }
  } catch (error) {
    clip.dispose()
    throw error
  }
}

function checkSavedView(folder: string, clip: Clip, { size, slide }: Defaults): void {
  try {
    checkView(clip.source, size, slide)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${join(folder, indexFile)} does not fit its model: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** @throws ERR_WORDMASK_CHECKPOINT for vectors of other names or templates, or that are none */
async function readVectors(folder: string, rows: readonly ClassEntry[], templates: Templates, embedDim: number): Promise<Tensor> {
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
const isUnit = (row: Float32Array) => Math.abs(row.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-3

async function checkWeights(folder: string, name: string, files: readonly string[], expected: readonly string[]): Promise<void> {
  const actual = await hashes(files)
  if (actual.join() === expected.join()) return
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${folder} was saved with other weights of ${name} (sha256 ${expected.join(', ')}) than these (${actual.join(', ')}). Save it again, or with copyWeights.`,
  )
}
