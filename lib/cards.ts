import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { ClipConfig } from '../binding'
import { newerFormat, WordmaskError } from './errors'
import { modelsFolder } from './folders'
import { templateNames } from './text/prompts'

export const cardVersion = 1

const integer = z.number().int().positive()
const triple = z.tuple([z.number(), z.number(), z.number()])

export const clipConfigSchema: z.ZodType<ClipConfig> = z.strictObject({
  embedDim: integer,
  activation: z.enum(['quick_gelu', 'gelu']),
  layerNormEps: z.number().positive(),
  vision: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('vit'),
      imageSize: integer,
      patchSize: integer,
      width: integer,
      layers: integer,
      heads: integer,
      mlpWidth: integer,
    }),
    z.strictObject({ kind: z.literal('resnet'), imageSize: integer, layers: z.array(integer).length(4), width: integer, heads: integer }),
  ]),
  text: z.strictObject({
    contextLength: integer,
    vocabSize: integer,
    width: integer,
    layers: integer,
    heads: integer,
    mlpWidth: integer,
    vocabulary: z.array(z.number().int().nonnegative()).optional(),
    endOfText: z.number().int().min(-1),
  }),
  keys: z.enum(['openai', 'huggingface']),
  dense: z.enum(['value', 'residual']),
})

export const preprocessSchema = z.strictObject({ mean: triple, std: triple, interpolation: z.enum(['bicubic', 'bilinear']) })
export type Preprocess = z.infer<typeof preprocessSchema>

/** OpenAI's, used by every CLIP whose files say nothing else. */
export const clipPreprocess: Preprocess = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
  interpolation: 'bicubic',
}

// Loose at the top: cards of trained models also hold their data, command and measured figures.
const cardSchema = z.looseObject({
  version: z.number().int(),
  name: z.string(),
  family: z.string(),
  title: z.string(),
  /** Other names of the same architecture: OpenAI's, open_clip's. */
  aliases: z.array(z.string()).default([]),
  config: clipConfigSchema,
  preprocess: preprocessSchema,
  /** What classes are prompted with unless told otherwise. */
  templates: z.union([z.enum(templateNames), z.array(z.string())]).default('imagenet'),
  /** Shorter side, in pixels, that segmentation resizes to unless told otherwise. */
  segmentSize: integer.optional(),
  /** What Encoder.load makes of the image tower unless told otherwise; absent: as `config.dense` says. */
  encoderRead: z.enum(['value', 'residual', 'cells']).optional(),
  /** The layer at which it is read then; absent: the last. */
  encoderLayer: integer.optional(),
  licence: z.string(),
  source: z.string().optional(),
  /** What a user should know before trusting the model. */
  notes: z.string().optional(),
  /** Built-in models only: the file in models/. */
  weights: z.looseObject({ file: z.string(), sha256: z.string() }).optional(),
})
export type ModelCard = z.infer<typeof cardSchema>

const cardsFolder = join(modelsFolder, 'cards')

/** Checks the text of a card. @throws ERR_WORDMASK_VERSION for a newer format, ERR_WORDMASK_CHECKPOINT for a broken one */
export function parseCard(text: string, file: string): ModelCard {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `The card ${file} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > cardVersion) {
    throw newerFormat(`The card ${file}`, version, cardVersion)
  }
  const result = cardSchema.safeParse(value)
  if (!result.success) throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `The card ${file} is not valid: ${z.prettifyError(result.error)}`)
  return result.data
}

/** The card of that name, or undefined. */
export async function readCard(name: string): Promise<ModelCard | undefined> {
  const file = join(cardsFolder, `${name}.json`)
  if (!/^[\w.-]+$/.test(name) || !existsSync(file)) return undefined
  return parseCard(await readFile(file, 'utf8'), file)
}

/** Every card that ships, by name. */
export async function listCards(): Promise<ModelCard[]> {
  const files = (await readdir(cardsFolder)).filter((file) => file.endsWith('.json'))
  const cards = await Promise.all(files.map(async (file) => parseCard(await readFile(join(cardsFolder, file), 'utf8'), file)))
  return cards.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The card whose weights a file is, or undefined for any other file. */
export async function cardOfWeights(file: string): Promise<ModelCard | undefined> {
  const path = resolve(file)
  return (await listCards()).find((card) => card.weights && resolve(modelsFolder, card.weights.file) === path)
}

/** The weights of a built-in model, or undefined for a card that only describes an architecture. */
export function builtInWeights(card: ModelCard): string | undefined {
  return card.weights && join(modelsFolder, card.weights.file)
}
