import { join } from 'node:path'
import { z } from 'zod'
import { checkPath } from '../arguments'
import { binding } from '../binding'
import { saveClip } from '../clip/save'
import { WordmaskError } from '../errors'
import { checkOptions, type RunOptions, runOptions, throwIfAborted } from '../options'
import { writeAtomic } from '../run/atomic'
import { makeFolder } from '../setup/make-folder'
import { withSignal } from '../task'
import { hashes, indexFile, segmenterVersion, textFile, textMetadata, weightsFile } from './saved'
import type { Segmenter } from './segmenter'
import { textKey, textRows } from './text-cache'

export interface SaveOptions extends RunOptions {
  /** Write the model's weights into the folder too. Default false: the folder refers to the model by name and sha256. */
  copyWeights?: boolean
}

const saveOptions = z.strictObject({ ...runOptions, copyWeights: z.boolean().optional() })

/** wordmask.json is written last: a folder that has one is whole. */
export async function saveSegmenter(segmenter: Segmenter, folder: string, given: SaveOptions): Promise<void> {
  checkPath('folder', folder)
  const { copyWeights = false, signal } = checkOptions('save', saveOptions, given)
  throwIfAborted(signal)
  const { clip, defaults, text } = segmenter
  const { classes, method, templates } = defaults
  const copy = join(folder, weightsFile)
  await prepareFolder(folder)
  if (copyWeights) await withSignal(signal, (task) => saveClip(clip.native, clip.source, copy, 'float32', task))
  const sha256 = await hashes(copyWeights ? [copy] : clip.info.files)
  if (classes) {
    const rows = textRows(classes, defaults.background)
    const vectors = await text.vectors(rows, templates, signal)
    const tensor = { key: 'text', data: vectors.data, shape: vectors.shape, dtype: 'float32' as const }
    await withSignal(signal, (task) =>
      binding().writeSafetensors(join(folder, textFile), [tensor], { [textMetadata]: textKey(rows, templates) }, task),
    )
  }
  const reference = { load: clip.source.load, copied: copyWeights, sha256, dense: clip.source.config.dense }
  const index = {
    version: segmenterVersion,
    kind: 'segmenter',
    method,
    clip: reference,
    classes: classes ?? null,
    templates,
    background: defaults.background ?? null,
    size: defaults.size ?? null,
    slide: defaults.slide ?? null,
    maxPixels: defaults.maxPixels ?? null,
  }
  await writeAtomic(join(folder, indexFile), `${JSON.stringify(index, null, 2)}\n`)
}

async function prepareFolder(folder: string): Promise<void> {
  await makeFolder(folder).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot make the folder ${folder}: ${cause.message}`, { cause })
  })
}
