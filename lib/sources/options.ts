import { z } from 'zod'
import type { Reject } from '../archive/types'
import { invalidArgument } from '../errors'
import { checkOptions, positiveInteger } from '../options'
import { redact } from '../redact'
import type { Context, PlanOptions, ShardOptions, SourceOptions, SourceSpec } from './types'

const callback = <F>() => z.custom<F>((value) => typeof value === 'function', 'a function').optional()

const shardOptions = {
  signal: z.instanceof(AbortSignal).optional(),
  onReject: callback<(reject: Reject) => void>(),
  onNotice: callback<(notice: string) => void>(),
}

const sourceOptions = {
  ...shardOptions,
  captions: z.boolean().optional(),
  tiles: z.string().optional(),
  boxes: z
    .union(
      [z.string(), z.strictObject({ uri: z.string(), minConfidence: z.number().min(0).max(1).optional() })],
      'a path, or { uri, minConfidence }',
    )
    .optional(),
  root: z.string().optional(),
}

const forShard = z.strictObject(shardOptions)
const forSource = z.strictObject(sourceOptions)
const forPlan = z.strictObject({ ...sourceOptions, shardSize: positiveInteger.optional() })

export const checkShardOptions = (options: ShardOptions): ShardOptions => checkOptions('openShard', forShard, options)
export const checkSourceOptions = (options: SourceOptions): SourceOptions => checkOptions('openSource', forSource, options)
export const checkPlanOptions = (options: PlanOptions): PlanOptions => checkOptions('planShards', forPlan, options)

const spec = z.strictObject({
  uri: z.string(),
  as: z.enum(['folder', 'glob', 'list', 'tar', 'image', 'clip-retrieval']).optional(),
  columns: z
    .strictObject({
      uri: z.string().optional(),
      caption: z.string().optional(),
      id: z.string().optional(),
      text: z.array(z.string()).readonly().optional(),
    })
    .optional(),
  base: z.string().optional(),
  members: z.string().optional(),
})
export const checkSpec = (source: unknown): SourceSpec => checkOptions('a source', spec, source)

export function contextOf({ captions = false, root, signal, onReject = () => {}, onNotice = () => {} }: SourceOptions): Context {
  return {
    captions,
    root,
    signal,
    onReject: (reject) => onReject({ ...reject, reason: redact(reject.reason) }),
    onNotice: (notice) => onNotice(redact(notice)),
    leftOut: new Set(),
    isRepeated: () => false,
  }
}

/** '3x2' -> [3, 2]: columns, rows. */
export function parseTiles(tiles: string | undefined): [number, number] | undefined {
  if (tiles === undefined) return undefined
  const match = /^([1-9]\d?)x([1-9]\d?)$/.exec(tiles)
  const grid: [number, number] = [Number(match?.[1]), Number(match?.[2])]
  if (!match || grid[0] * grid[1] < 2) throw invalidArgument('tiles', "'2x2' or another COLUMNSxROWS of 2 to 99 x 99", tiles)
  return grid
}
