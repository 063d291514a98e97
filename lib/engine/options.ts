import { z } from 'zod'
import { positiveInteger, runOptions } from '../options'

const { signal } = runOptions
const call = z.custom<(...given: never[]) => unknown>((value) => typeof value === 'function', 'a function').optional()
const text = z.string().min(1)

export const queueOptions = z.strictObject({ url: z.string(), ca: text.optional(), prefix: text.optional(), onWarning: call })

const timing = z.strictObject({
  pollMs: positiveInteger.optional(),
  offerMs: positiveInteger.optional(),
  beatMs: positiveInteger.optional(),
  collector: z.strictObject({ images: positiveInteger.optional(), afterMs: positiveInteger.optional() }).optional(),
})

const shared = {
  batchSize: positiveInteger.max(65_536).optional(),
  attempts: positiveInteger.optional(),
  stop: signal,
  signal,
}

/** Those of indexSources; what describes the sources is checked by planShards. */
export const indexOptions = z.looseObject({
  ...shared,
  queue: queueOptions.optional(),
  part: z.strictObject({ index: z.number().int().nonnegative(), of: positiveInteger }).optional(),
  devices: z.array(text).min(1).optional(),
  orient: z.boolean().optional(),
  maxPixels: positiveInteger.optional(),
  onProgress: call,
  onWarning: call,
  timing: timing.optional(),
})

/** Those of runWorker. */
export const workerOptions = z.strictObject({
  ...shared,
  queue: queueOptions,
  device: text.optional(),
  untilEmpty: z.boolean().optional(),
  onEvent: call,
  lockMs: positiveInteger.optional(),
  pollMs: positiveInteger.optional(),
  beatMs: positiveInteger.optional(),
  open: call,
})

/** Those of indexStatus. */
export const statusOptions = z.strictObject({ queue: queueOptions.optional(), signal })
