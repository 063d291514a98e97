import { readFile } from 'node:fs/promises'
import type { Archive } from '../archive/archive'
import { WordmaskError } from '../errors'
import { writeAtomic } from '../run/atomic'
import { differences } from '../run/run-file'
import { sha256File } from '../setup/hash'
import type { BuildSpecialistOptions } from './options'
import type { Work } from './work'

/** What decides the result, as a folder keeps it. */
export function settingsOf(options: BuildSpecialistOptions, archive: Archive): Record<string, unknown> {
  const {
    names,
    compare,
    groupBy,
    boxes,
    contexts,
    falseAlarms,
    images,
    without,
    composites,
    heldOut,
    falsePositives,
    training,
    seed = 0,
  } = options
  const kept = { names, compare, boxes, contexts, falseAlarms, images, without, composites, heldOut, falsePositives, training, seed }
  return { ...kept, archive: archive.uri, groupBy: typeof groupBy === 'function' ? 'a function' : groupBy }
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for the folder of another specialist */
export async function refuseOther(work: Work, settings: Record<string, unknown>): Promise<void> {
  const text = await readFile(work.path('asked.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return
  const other = differences(JSON.parse(text) as Record<string, unknown>, JSON.parse(JSON.stringify(settings)) as Record<string, unknown>)
  if (other.length === 0) return
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${work.into} holds another specialist (other: ${other.join(', ')}). Choose another folder (into, --into).`,
  )
}

/** From here on the folder is this specialist's. */
export const claim = (work: Work, settings: Record<string, unknown>) =>
  writeAtomic(work.path('asked.json'), `${JSON.stringify(settings)}\n`)

/** What masks follow from, as far as boxes go. */
export async function boxesKey(boxes: BuildSpecialistOptions['boxes']): Promise<unknown> {
  if (boxes === undefined) return null
  const { file, minConfidence = 0 } = typeof boxes === 'string' ? { file: boxes } : boxes
  return [await sha256File(file), minConfidence]
}
