import { join } from 'node:path'
import { z } from 'zod'
import { checkPath } from '../arguments'
import { WordmaskError } from '../errors'
import { checkOptions, type RunOptions, runOptions, throwIfAborted } from '../options'
import { refinedBy } from '../refine/options'
import { writeAtomic } from '../run/atomic'
import { makeFolder } from '../setup/make-folder'
import type { SegmentMethod } from './method'
import type { Defaults } from './plan'
import { indexFile, segmenterVersion } from './saved'

export const weightsFile = 'clip.safetensors'

export interface SaveOptions extends RunOptions {
  /** Write the model's weights into the folder too. Default false: the folder refers to the model by name and sha256. */
  copyWeights?: boolean
}

const saveOptions = z.strictObject({ ...runOptions, copyWeights: z.boolean().optional() })

/** wordmask.json is written last: a folder that has one is whole. */
export async function saveSegmenter(strategy: SegmentMethod, defaults: Defaults, folder: string, given: SaveOptions): Promise<void> {
  checkPath('folder', folder)
  const options = checkOptions('save', saveOptions, given)
  throwIfAborted(options.signal)
  await prepareFolder(folder)
  const own = await strategy.save(folder, defaults, options)
  const { classes, templates, background, size, slide, maxPixels, refine } = defaults
  const index = {
    ...{ version: segmenterVersion, kind: 'segmenter', method: strategy.name, ...own },
    classes: classes ?? null,
    templates,
    background: background ?? null,
    size: size ?? null,
    slide: slide ?? null,
    maxPixels: maxPixels ?? null,
    ...(refine && { refine: refinedBy(refine) }),
  }
  await writeAtomic(join(folder, indexFile), `${JSON.stringify(index, null, 2)}\n`)
}

async function prepareFolder(folder: string): Promise<void> {
  await makeFolder(folder).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot make the folder ${folder}: ${cause.message}`, { cause })
  })
}
