import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { WordmaskError } from '../errors'
import { positiveInteger } from '../options'
import { sha256File } from '../setup/hash'
import { type ClassEntry, type ClassSpec, parseClasses } from '../text/classes'

const sides = z.strictObject({ width: positiveInteger, height: positiveInteger })
const triple = z.tuple([z.number(), z.number(), z.number()])

/** What an export reads of a saved DeepLabv3+'s wordmask.json; the rest is Segmenter.load's to check. */
const schema = z.object({
  version: z.literal(1),
  kind: z.literal('segmenter'),
  method: z.string(),
  weights: z.string(),
  sha256: z.string(),
  network: z.object({
    config: z.object({ outputStride: z.union([z.literal(8), z.literal(16)]) }),
    preprocess: z.object({ mean: triple, std: triple, interpolation: z.enum(['bilinear', 'bicubic']) }),
    size: sides,
    background: z.boolean(),
    licence: z.string(),
    thresholds: z.array(z.number()).optional(),
  }),
  classes: z.array(z.looseObject({ name: z.string() })),
  size: z.union([positiveInteger, sides]).nullish(),
})

export type SavedNetwork = Omit<z.infer<typeof schema>, 'classes'> & {
  classes: ClassEntry[]
  /** The weights. */
  file: string
}

/** @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_CHECKPOINT for what is no saved DeepLabv3+, or has other weights than it was saved with */
export async function readSavedNetwork(folder: string): Promise<SavedNetwork> {
  const index = join(folder, 'wordmask.json')
  const text = await readFile(index, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No segmenter in ${folder}: wordmask.json cannot be read`, { cause })
  })
  const value = parse(text)
  const method = (value as { method?: unknown } | undefined)?.method
  if (typeof method === 'string' && method !== 'deeplabv3plus')
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `${index} is a segmenter by ${method}; only a trained network (deeplabv3plus) can be exported`,
    )
  const result = schema.safeParse(value)
  if (!result.success)
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${index} is not a saved DeepLabv3+: ${z.prettifyError(result.error)}`)
  const saved = result.data
  const file = join(folder, saved.weights)
  const actual = await sha256File(file).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The weights ${file} cannot be read: ${cause.message}`, { cause })
  })
  if (actual !== saved.sha256)
    throw new WordmaskError(
      'ERR_WORDMASK_CHECKPOINT',
      `${folder} was saved with other weights (sha256 ${saved.sha256}) than ${saved.weights} (${actual})`,
    )
  return { ...saved, classes: parseClasses(saved.classes as unknown as ClassSpec[]), file }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
