import { join } from 'node:path'
import { z } from 'zod'
import { Clip } from '../clip/clip'
import type { ClipOptions } from '../clip/options'
import { saveClip } from '../clip/save'
import { WordmaskError } from '../errors'
import { sha256File } from '../setup/hash'
import { withSignal } from '../task'
import type { SegmentMethod } from './method'
import type { SegmentOptions } from './options'
import type { SaveOptions } from './save'
import { indexFile } from './saved'

/** How a folder refers to a CLIP. `load` is what Clip.load takes; `copied`: the weights lie in the folder. */
export const clipReference = z.strictObject({
  load: z.string(),
  copied: z.boolean(),
  sha256: z.array(z.string()),
  dense: z.enum(['value', 'residual']),
})
export type ClipReference = z.infer<typeof clipReference>

/** Refers to a CLIP, with `copyWeights` after writing its weights to `folder/file`. */
export async function referToClip(clip: Clip, folder: string, file: string, options: SaveOptions): Promise<ClipReference> {
  const { copyWeights = false, signal } = options
  const copy = join(folder, file)
  if (copyWeights) await withSignal(signal, (task) => saveClip(clip.native, clip.source, copy, 'float32', task))
  const sha256 = await hashes(copyWeights ? [copy] : clip.info.files)
  return { load: clip.source.load, copied: copyWeights, sha256, dense: clip.source.config.dense }
}

/** The CLIP that a folder refers to; its weights are those that it was saved with. @throws ERR_WORDMASK_CHECKPOINT */
export async function loadReferred(folder: string, file: string, reference: ClipReference, options: ClipOptions): Promise<Clip> {
  const { copied, load, dense, sha256 } = reference
  const clip = await Clip.load(copied ? join(folder, file) : load, { ...options, dense })
  try {
    await checkWeights(folder, load, clip.info.files, sha256)
    return clip
  } catch (error) {
    clip.dispose()
    throw error
  }
}

/** @throws ERR_WORDMASK_CHECKPOINT where the files are others than those that a folder was saved with */
export async function checkWeights(folder: string, name: string, files: readonly string[], expected: readonly string[]): Promise<void> {
  const actual = await hashes(files)
  if (actual.join() === expected.join()) return
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${folder} was saved with other weights of ${name} (sha256 ${expected.join(', ')}) than these (${actual.join(', ')}). Save it again, or with copyWeights.`,
  )
}

/** @throws ERR_WORDMASK_CHECKPOINT for a saved view that the model cannot take */
export function checkSavedView(
  folder: string,
  method: Pick<SegmentMethod, 'checkView'>,
  size: SegmentOptions['size'],
  slide: SegmentOptions['slide'],
): void {
  try {
    method.checkView(size, slide)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${join(folder, indexFile)} does not fit its model: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** sha256 of the weights, in order. @throws ERR_WORDMASK_IO */
export async function hashes(files: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for (const file of files) {
    const hash = await sha256File(file).catch((cause) => {
      throw new WordmaskError('ERR_WORDMASK_IO', `The weights ${file} cannot be read: ${cause.message}`, { cause })
    })
    all.push(hash)
  }
  return all
}
