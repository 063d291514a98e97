import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { EncoderConfig, EncoderResNetConfig, EncoderVitConfig } from '../../binding'
import { type Preprocess, preprocessSchema } from '../cards'
import { WordmaskError } from '../errors'
import { modelsFolder } from '../folders'

/** What towers trained on ImageNet expect; ReCo resizes for them by Pillow's bilinear filter. */
export const imageNetPreprocess: Preprocess = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  interpolation: 'bilinear',
}

const integer = z.number().int().positive()

interface Prefixed {
  prefix: string
}

const vit: z.ZodType<EncoderVitConfig & Prefixed> = z.strictObject({
  kind: z.literal('vit'),
  prefix: z.string(),
  imageSize: integer,
  patchSize: integer,
  width: integer,
  layers: integer,
  heads: integer,
  mlpWidth: integer,
  layerNormEps: z.number().positive(),
  distilled: z.boolean(),
  registers: z.number().int().nonnegative(),
  layerScale: z.boolean(),
  partial: z.enum(['drop', 'pad']),
  positions: z.strictObject({ offset: z.number().nonnegative(), antialias: z.boolean(), byCount: z.boolean() }),
})
const resnet: z.ZodType<EncoderResNetConfig & Prefixed> = z.strictObject({
  kind: z.literal('resnet'),
  prefix: z.string(),
  layers: z.array(integer).length(4),
  width: integer,
})

const cardSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  family: z.string(),
  title: z.string(),
  config: z.union([vit, resnet]),
  preprocess: preprocessSchema,
  /** Of the official weights. */
  licence: z.string(),
  source: z.string(),
  /** Name of the official file. */
  file: z.string(),
  /** ID of a repository that holds these weights under these keys. */
  pull: z.string().optional(),
  notes: z.string().optional(),
})
/** An architecture whose official weights wordmask runs but does not carry. */
export type EncoderCard = z.infer<typeof cardSchema>

const folder = join(modelsFolder, 'cards', 'encoders')

/** Every card of an encoder, by name. */
export async function listEncoderCards(): Promise<EncoderCard[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (file) => {
      const result = cardSchema.safeParse(JSON.parse(await readFile(join(folder, file), 'utf8')))
      if (result.success) return result.data
      throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `The card ${file} is not valid: ${z.prettifyError(result.error)}`)
    }),
  )
}

/** The card of an architecture under its official keys, or undefined where there is none. */
export async function encoderCardOf(config: EncoderConfig): Promise<EncoderCard | undefined> {
  const wanted = JSON.stringify(sorted(config))
  return (await listEncoderCards()).find((card) => JSON.stringify(sorted(card.config)) === wanted)
}

const sorted = (value: object): unknown =>
  Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, typeof inner === 'object' && !Array.isArray(inner) ? sorted(inner) : inner])
