import { z } from 'zod'
import { hashRule } from '../archive/phash'
import { preprocessSchema } from '../cards'
import { positiveInteger } from '../options'

/** What decides an embedding, the weights aside. */
export const embedConfig = z.strictObject({
  dim: positiveInteger,
  preprocess: preprocessSchema,
  activation: z.enum(['quick_gelu', 'gelu']),
  dtype: z.enum(['float32', 'bfloat16', 'float16']),
  orient: z.boolean(),
  maxPixels: positiveInteger.optional(),
  /** By which rule perceptual hashes are made. A worker of a version that has another one refuses. */
  perceptualHash: z.literal(hashRule),
})
