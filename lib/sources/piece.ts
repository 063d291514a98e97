import { z } from 'zod'
import { WordmaskError } from '../errors'

const count = z.number().int().nonnegative()
const columns = z.strictObject({
  uri: z.string(),
  caption: z.string().optional(),
  id: z.string().optional(),
  /** Columns of a CSV file that are no strings. */
  types: z.record(z.string(), z.enum(['number', 'boolean'])).optional(),
})

const filesPiece = z.strictObject({
  kind: z.literal('files'),
  folder: z.string(),
  /** Folder below `folder` ('' for itself), and names in it; a name may be a URI of its own. */
  files: z.array(z.tuple([z.string(), z.array(z.string())])),
})

const tarPiece = z.strictObject({
  kind: z.literal('tar'),
  uri: z.string(),
  version: z.string().optional(),
  members: z.string().optional(),
})

const listPiece = z.strictObject({
  kind: z.literal('list'),
  uri: z.string(),
  format: z.enum(['text', 'csv', 'tsv', 'jsonl', 'parquet']),
  version: z.string().optional(),
  base: z.string(),
  columns,
  /** Names of a CSV file's columns, in order. */
  header: z.array(z.string()).optional(),
  /** Number of the first row, from 0, and of the one after the last. */
  rows: z.tuple([count, count]),
  /** Where those rows lie; absent where there are no ranges (gzip, parquet). */
  range: z.strictObject({ offset: count, length: count }).optional(),
})

const dumpPiece = z.strictObject({
  kind: z.literal('clip-retrieval'),
  vectors: z.string(),
  metadata: z.string(),
  version: z.string().optional(),
  base: z.string(),
  columns,
  rows: z.tuple([count, count]),
})

const pieceSource = z.discriminatedUnion('kind', [filesPiece, tarPiece, listPiece, dumpPiece])

const shardSource = z.strictObject({
  version: z.literal(1),
  captions: z.boolean(),
  tiles: z.tuple([count, count]).optional(),
  boxes: z.strictObject({ uri: z.string(), minConfidence: z.number(), version: z.string().optional() }).optional(),
  root: z.string().optional(),
  piece: pieceSource,
})

export type FilesPiece = z.infer<typeof filesPiece>
export type TarPiece = z.infer<typeof tarPiece>
export type ListPiece = z.infer<typeof listPiece>
export type DumpPiece = z.infer<typeof dumpPiece>
export type PieceSource = z.infer<typeof pieceSource>
export type ListPieceColumns = z.infer<typeof columns>
/** The JSON of `Shard.source`. */
export type ShardSource = z.infer<typeof shardSource>

/** @throws ERR_WORDMASK_INVALID_ARGUMENT for what planShards did not write */
export function parseShardSource(name: string, source: unknown): ShardSource {
  const result = shardSource.safeParse(source)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected the shard ${JSON.stringify(name)} to come from planShards, but ${issue.path.join('.') || 'its source'}: ${issue.message}`,
  )
}
