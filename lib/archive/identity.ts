import { createHash, randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { preprocessSchema } from '../cards'
import type { Clip } from '../clip/clip'
import { newerFormat, WordmaskError } from '../errors'
import { sha256File } from '../setup'
import { hashRule } from './phash'
import type { ArchivePlace } from './place'

export const archiveVersion = 1

const modelSchema = z.object({
  /** What Clip.load was given. */
  load: z.string(),
  name: z.string(),
  /** Length of a vector. */
  dim: z.number().int().positive(),
  preprocess: preprocessSchema,
  /** sha256 over the weight files, in order. */
  weights: z.string(),
})

const identitySchema = z.object({
  format: z.literal('wordmask-archive'),
  version: z.number().int(),
  /** Another archive at the same place has another. */
  id: z.string(),
  createdAt: z.string(),
  model: modelSchema,
  /** By which rule its perceptual hashes are made; checkouts that did not record it had another one. */
  perceptualHash: z.string().default('unrecorded'),
})

/** The model that an archive's vectors come from. */
export type ArchiveModel = z.infer<typeof modelSchema>
/** archive.json. */
export type ArchiveIdentity = z.infer<typeof identitySchema>

const sums = new Map<string, Promise<string>>()

/** sha256 over all weight files; of each file version computed once a process. */
export async function weightsHash(files: readonly string[]): Promise<string> {
  const all = createHash('sha256')
  for (const file of files) {
    const { size, mtimeMs } = await stat(file)
    const key = `${file}\n${size}\n${mtimeMs}`
    const sum = sums.get(key) ?? sha256File(file)
    sums.set(key, sum)
    sum.catch(() => sums.delete(key))
    const hex = await sum
    if (files.length === 1) return hex
    all.update(hex)
  }
  return all.digest('hex')
}

export async function modelOf(clip: Clip): Promise<ArchiveModel> {
  const { load, name, config, preprocess, files } = clip.source
  return { load, name, dim: config.embedDim, preprocess, weights: await weightsHash(files) }
}

export function newIdentity(model: ArchiveModel): ArchiveIdentity {
  return {
    ...{ format: 'wordmask-archive', version: archiveVersion, id: randomUUID(), createdAt: new Date().toISOString() },
    ...{ model, perceptualHash: hashRule },
  }
}

/** @throws ERR_WORDMASK_VERSION, ERR_WORDMASK_ARCHIVE for what is damaged or something else */
export function parseIdentity(text: string, place: ArchivePlace): ArchiveIdentity {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw damaged(place, `archive.json is not valid JSON (${(cause as Error).message})`, cause)
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown }
  if (format === 'wordmask-archive' && typeof version === 'number' && version > archiveVersion) {
    throw newerFormat(`The archive ${place.uri}`, version, archiveVersion)
  }
  const result = identitySchema.safeParse(value)
  if (!result.success) throw damaged(place, `archive.json is not valid: ${z.prettifyError(result.error).replace(/\s*\n\s*/g, ' ')}`)
  return result.data
}

export function damaged(place: ArchivePlace, what: string, cause?: unknown): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_ARCHIVE',
    `The archive ${place.uri} is damaged: ${what}. Restore it from a copy, or remove it and index again: \`npx wordmask index SOURCES --into ${place.uri}\`.`,
    { cause },
  )
}

/** @throws ERR_WORDMASK_ARCHIVE_MODEL */
export function checkModel(identity: ArchiveIdentity, model: ArchiveModel, place: ArchivePlace): void {
  const { model: held } = identity
  const differs = (['weights', 'dim'] as const).find((key) => held[key] !== model[key])
  const other = differs ?? (JSON.stringify(held.preprocess) === JSON.stringify(model.preprocess) ? undefined : 'preprocessing')
  if (other === undefined) return
  const is =
    other === 'weights' ? ` (weights ${held.weights.slice(0, 12)}..., not ${model.weights.slice(0, 12)}...)` : ` (${other} differs)`
  throw new WordmaskError(
    'ERR_WORDMASK_ARCHIVE_MODEL',
    `The vectors of ${place.uri} come from ${held.name}${is}; ${model.name} cannot be compared with them. ` +
      `Use --model ${held.load}, or index into another archive: \`npx wordmask index SOURCES --into OTHER --model ${model.load}\`.`,
  )
}

/** Whether rows can be added: near-duplicates would be missed among hashes of two rules. @throws ERR_WORDMASK_ARCHIVE */
export function checkHashes({ perceptualHash, model }: ArchiveIdentity, place: ArchivePlace): void {
  if (perceptualHash === hashRule) return
  throw new WordmaskError(
    'ERR_WORDMASK_ARCHIVE',
    `The perceptual hashes of ${place.uri} are made by another rule (${perceptualHash}, here ${hashRule}): it can be searched, not added to. ` +
      `Index its sources into another archive: \`npx wordmask index SOURCES --into OTHER --model ${model.load}\`.`,
  )
}
