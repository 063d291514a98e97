import { z } from 'zod'
import type { Clip as NativeClip, Task } from '../../binding'
import { clipConfigSchema, preprocessSchema } from '../cards'
import { newerFormat, WordmaskError } from '../errors'
import { templateNames } from '../text/prompts'
import type { ClipSource } from './source'

export const savedVersion = 1
export const savedKey = 'wordmask.clip'

const savedSchema = z.object({
  version: z.number(),
  name: z.string(),
  family: z.string(),
  config: clipConfigSchema,
  preprocess: preprocessSchema,
  templates: z.union([z.enum(templateNames), z.array(z.string())]),
  segmentSize: z.number().int().positive().optional(),
  licence: z.string(),
  notes: z.array(z.string()),
})
export type SavedClip = z.infer<typeof savedSchema>

/** One safetensors file: the weights, and the architecture and its notes in the metadata. */
export async function saveClip(
  native: NativeClip,
  source: ClipSource,
  file: string,
  dtype: 'float32' | 'float16',
  task: Task,
): Promise<void> {
  const { name, family, config, preprocess, templates, segmentSize, licence, notes } = source
  const saved = {
    version: savedVersion,
    name,
    family,
    config: { ...config, keys: 'openai' },
    preprocess,
    templates,
    segmentSize,
    licence,
    notes,
  }
  await native.save(file, dtype, { [savedKey]: JSON.stringify(saved) }, task)
}

/** @throws ERR_WORDMASK_VERSION for a newer format, ERR_WORDMASK_CHECKPOINT for damaged metadata */
export function parseSaved(text: string, file: string): SavedClip {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file}: its ${savedKey} metadata is not JSON`, { cause })
  }
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > savedVersion) {
    throw newerFormat(file, version, savedVersion)
  }
  const result = savedSchema.safeParse(value)
  if (!result.success)
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file}: its ${savedKey} metadata is damaged: ${z.prettifyError(result.error)}`)
  return result.data
}
