import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { WordmaskError } from '../errors'

/** A share of nothing is null. */
const interval = z.object({ value: z.number().nullable(), low: z.number(), high: z.number() })
const measured = z.object({ value: z.number(), low: z.number(), high: z.number() })
const count = z.number().int().nonnegative()

/** card.json of the specialist that ships, as scripts/specialist-sample.mjs writes it. */
const exampleCard = z.object({
  version: z.literal(1),
  name: z.string(),
  seed: count,
  /** What made it, and the command in it that made the specialist. */
  ...{ made: z.string(), typed: z.string() },
  data: z.object({
    ...{ split: z.string(), size: count },
    pool: z.object({ images: count, each: count }),
    truth: z.object({ shown: count, without: count }),
  }),
  contexts: z.array(z.string()),
  /** The names that the seed drew, in order; those that a specialist was built for have figures. */
  drawn: z.array(
    z.object({ name: z.string(), present: z.boolean(), pValue: z.number(), iou: measured.optional(), recoIou: measured.optional() }),
  ),
  /** Against exact masks of scenes that neither training nor choice has seen; `shown`: of those that show the name alone. */
  figures: z.object({
    ...{ iou: measured, recoIou: measured, shownIou: measured, shownRecoIou: measured },
    ...{ recall: interval, precision: interval, falsePositivesPer1000: interval },
    images: z.object({ shown: count, without: count }),
  }),
  threshold: z.object({ value: z.number(), why: z.string() }),
  images: z.object({ trained: count, held: count, references: count }),
  training: z.looseObject({ shown: count, without: count, composites: count, steps: count }),
  time: z.object({ specialist: z.number(), reco: z.number(), ratio: z.number(), threads: count }),
  ...{ licence: z.string(), bytes: count },
  /** Below images/; `map` below truth/ and reco/, where 1 is the name. */
  pictures: z.array(z.object({ image: z.string(), map: z.string(), caption: z.string(), shown: z.boolean() })).min(1),
})
export type ExampleCard = z.infer<typeof exampleCard>

/** @throws ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_IO for what is no such card */
export async function readExampleCard(folder: string): Promise<ExampleCard> {
  const file = path.join(folder, 'card.json')
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${file} is missing; wordmask ships with it`, { cause })
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_IO', `${file} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
  const result = exampleCard.safeParse(value)
  if (!result.success)
    throw new WordmaskError('ERR_WORDMASK_IO', `${file} is not the card of a specialist: ${z.prettifyError(result.error)}`)
  return result.data
}
