import { readFile } from 'node:fs/promises'
import { commandLine } from '../doctor/native'
import type { Clip } from '../index'
import { hashWeights, type RunFacts } from '../run/run-file'
import type { ModelAbout } from '../segmenter/method'
import { type Templates, templateNames } from '../text/prompts'
import type { ModelFlags } from './flags'
import { canRead } from './inputs'
import type { Context } from './program'
import { UsageError } from './usage'

/** What is named wherever a photograph or a word needs a real CLIP: OpenAI's, MIT, 350 MB. */
export const photographModel = 'ViT-B/16'
export const builtIn = 'scenes'

export interface LoadedModel {
  clip: Clip
  /** What run.json keeps of it. */
  facts: Pick<RunFacts, 'model' | 'device' | 'dtype' | 'libtorch' | 'addon' | 'threads'>
  notes: string[]
}

/** Loads --clip, or falls back on the built-in model and says so: now, at the end of the program, and in run.json. */
export async function loadModel(flags: Omit<ModelFlags, 'batchSize'>, context: Context): Promise<LoadedModel> {
  const notes = flags.clip === undefined ? [fallbackNote] : []
  for (const note of notes) context.note(note)
  const { Clip } = await import('../index.js')
  const clip = await Clip.load(flags.clip ?? builtIn, { device: flags.device, dtype: flags.dtype })
  return { clip, notes: [...notes, ...clip.info.notes], facts: await factsOf(clip.info) }
}

/** What run.json keeps of a loaded model. */
export async function factsOf({ name, family, licence, device, dtype, files }: ModelAbout): Promise<LoadedModel['facts']> {
  const { binding } = await import('../binding.js')
  const { torch, build, threads } = binding().systemInfo()
  const weights = await hashWeights([...files])
  return { model: { name, family, licence, weights }, device, dtype, libtorch: torch, addon: build, threads }
}

const fallbackNote = `No --clip given: using "${builtIn}", the built-in demonstration model for drawings. For photographs: ${commandLine()} model pull ${photographModel}, then --clip ${photographModel}`

export type TemplatesFlag = Exclude<Templates, readonly string[]> | string[] | undefined

/** --templates: a named set, or a file with a prompt a line. */
export async function readTemplates(value: string | undefined): Promise<TemplatesFlag> {
  const named = templateNames.find((name) => name === value)
  if (value === undefined || named !== undefined) return named
  if (await canRead(value)) {
    const text = (await readFile(value, 'utf8')).replace(/^\ufeff/, '')
    return text.split(/\r?\n/).filter((line) => line.trim() !== '')
  }
  if (!value.includes('{}') && /[\\/]|\.txt$/i.test(value))
    throw new UsageError(`The file of templates is missing: ${value}`, 'ERR_WORDMASK_FILE_NOT_FOUND')
  return [value]
}
