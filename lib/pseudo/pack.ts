import { z } from 'zod'
import { WordmaskError } from '../errors'

/** The one file of an output: packLabels of the shard. */
export const labelsFile = 'labels'

const place = z.object({ uri: z.string(), key: z.string().optional(), offset: z.number().optional(), length: z.number().optional() })

const labelled = z.object({
  place,
  /** Path below the images of the output folder, with an ending. */
  relative: z.string(),
  /** Of the image file. */
  bytes: z.number(),
  width: z.number(),
  height: z.number(),
  /** Pixels by label value, where there are any. */
  pixels: z.record(z.string(), z.number()),
  /** Length of its PNG. */
  png: z.number(),
})
const rejected = z.object({ place, code: z.string(), reason: z.string() })
const header = z.object({ version: z.literal(1), labelled: z.array(labelled), rejected: z.array(rejected) })

export type LabelledPlace = z.infer<typeof labelled>
export type RejectedPlace = z.infer<typeof rejected>

/** Label maps of a shard. */
export interface ShardLabels {
  labelled: (LabelledPlace & { data: Uint8Array })[]
  rejected: RejectedPlace[]
}

/** One line of JSON, then the PNG files one after the other. */
export function packLabels({ labelled, rejected }: ShardLabels): Buffer {
  const line = JSON.stringify({ version: 1, labelled: labelled.map(({ data, ...rest }) => ({ ...rest, png: data.length })), rejected })
  return Buffer.concat([Buffer.from(`${line}\n`), ...labelled.map(({ data }) => data)])
}

/** @throws ERR_WORDMASK_IO for what packLabels did not write */
export function unpackLabels(bytes: Buffer, shard: string): ShardLabels {
  const end = bytes.indexOf(10)
  const found = header.safeParse(parse(bytes.toString('utf8', 0, Math.max(0, end)))).data
  const length = found?.labelled.reduce((sum, { png }) => sum + png, end + 1)
  if (!found || length !== bytes.length) throw new WordmaskError('ERR_WORDMASK_IO', `The labels of the shard ${shard} are damaged`)
  let at = end + 1
  return { labelled: found.labelled.map((one) => ({ ...one, data: bytes.subarray(at, (at += one.png)) })), rejected: found.rejected }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
