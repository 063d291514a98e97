import { Index } from '@lancedb/lancedb'
import { z } from 'zod'
import { binding } from '../binding'
import type { Clip } from '../clip/clip'
import { invalidArgument, WordmaskError } from '../errors'
import { checkOptions, positiveInteger, runOptions, throwIfAborted } from '../options'
import { storeOf } from '../storage'
import { measuredHits, nearest } from './approximate'
import type { Effort, IndexKind, IndexOptions, IndexReport, Recall } from './contract'
import { HiddenRows } from './hidden'
import { lance } from './lance'
import { withFileLock } from './lock'
import type { OpenArchive } from './open'
import { commitLock } from './place'
import { imageQueries, textQueries } from './sample-queries'
import { exactRows } from './search'
import { Snapshot } from './snapshot'

const kinds = ['ivf-flat', 'ivf-pq', 'ivf-rq', 'hnsw-sq', 'hnsw-pq'] as const satisfies readonly IndexKind[]

const indexOptions = z.strictObject({
  ...runOptions,
  type: z.enum(kinds).optional(),
  targetRecall: z.number().positive().max(1).optional(),
  partitions: positiveInteger.optional(),
  queries: z.array(z.string()).optional(),
  sample: positiveInteger.max(1000).optional(),
})

const fewestRows = 256
/** LanceDB draws 256 vectors for each part to find the parts by, and holds several copies of them as float32: here fewer where that is more. */
const usualDrawn = 256
const fewestDrawn = 32
const drawnBytes = 128 * 2 ** 20
const timedQueries = 10
const reportFile = (place: { uri: string }): string => `${place.uri.replace(/\/+$/, '')}/index.json`

/** Archive.createIndex. */
export async function createIndex(
  { place, tables, identity, options: { onNotice } }: OpenArchive,
  clip: Clip | undefined,
  given: IndexOptions,
): Promise<IndexReport> {
  const options = checkOptions('createIndex', indexOptions, given)
  const { type = 'ivf-flat', targetRecall = 0.95, signal, onProgress, sample = 100 } = options
  throwIfAborted(signal)
  const { table } = await tables.latest()
  const rows = await table.countRows()
  if (rows < fewestRows)
    throw invalidArgument('createIndex', `an archive of ${fewestRows} rows or more (fewer are searched exactly at once)`, `${rows} rows`)
  const partitions = options.partitions ?? Math.max(1, Math.round(Math.sqrt(rows)))
  onProgress?.(0, undefined)
  const began = performance.now()
  await withFileLock(commitLock(place), signal, () =>
    lance(place, async () => {
      await table.checkoutLatest()
      await table.createIndex('vector', { config: configOf(type, partitions, identity.model.dim), replace: true })
    }),
  )
  const seconds = (performance.now() - began) / 1000
  const hidden = await HiddenRows.read({ place, tables, dim: identity.model.dim })
  const { dim } = identity.model
  const snapshot = await Snapshot.open(place, tables, { archive: identity.id, dim, onNotice }, hidden)
  try {
    const image = await imageQueries(snapshot, sample)
    const text = clip && (await textQueries(snapshot, clip, options.queries, sample))
    const exact = {
      image: await exactRows(snapshot, image, dim, measuredHits),
      text: text && (await exactRows(snapshot, text, dim, measuredHits)),
    }
    const exactMillisecondsPerQuery = await exactTime(snapshot, image, dim)
    let report: IndexReport | undefined
    for (const effort of efforts(type, partitions)) {
      throwIfAborted(signal)
      const from = performance.now()
      const found = {
        image: await recall(snapshot, image, dim, exact.image, effort),
        text: text && exact.text && (await recall(snapshot, text, dim, exact.text, effort)),
      }
      const count = (image.length + (text?.length ?? 0)) / dim
      const lowest = Math.min(...[found.image, found.text].flatMap((one) => (one ? [one.at10, one.at100] : [])))
      const millisecondsPerQuery = (performance.now() - from) / count
      const times = { seconds, millisecondsPerQuery, exactMillisecondsPerQuery }
      report = { type, rows, partitions, ...effort, ...found, targetRecall, reached: lowest >= targetRecall, ...times }
      onProgress?.(effort.nprobes, partitions)
      if (report.reached) break
    }
    await (await storeOf(place.file)).put(reportFile(place), `${JSON.stringify(report, null, 2)}\n`)
    return report as IndexReport
  } finally {
    await snapshot.lifetime.dispose()
    await binding().returnFreeMemory({})
  }
}

/** @throws ERR_WORDMASK_INVALID_ARGUMENT where createIndex was not called yet */
export async function readIndexReport({ place }: OpenArchive): Promise<IndexReport> {
  const store = await storeOf(place.file)
  try {
    return JSON.parse((await store.read(reportFile(place))).toString()) as IndexReport
  } catch (error) {
    if ((error as WordmaskError).code !== 'ERR_WORDMASK_FILE_NOT_FOUND') throw error
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `${place.uri} has no index to search without exact. Make one: \`npx wordmask create-index ${place.uri}\`, or archive.createIndex().`,
    )
  }
}

function configOf(type: IndexKind, numPartitions: number, dim: number): Index {
  const drawn = Math.floor(drawnBytes / (4 * dim * numPartitions))
  const sampleRate = Math.max(fewestDrawn, Math.min(usualDrawn, drawn))
  const common = { distanceType: 'cosine', numPartitions, sampleRate } as const
  switch (type) {
    case 'ivf-flat':
      return Index.ivfFlat(common)
    case 'ivf-pq':
      return Index.ivfPq(common)
    case 'ivf-rq':
      return Index.ivfRq(common)
    // Each partition is a graph of its own: few of them.
    case 'hnsw-sq':
      return Index.hnswSq({ ...common, numPartitions: Math.max(1, Math.round(numPartitions / 100)) })
    case 'hnsw-pq':
      return Index.hnswPq({ ...common, numPartitions: Math.max(1, Math.round(numPartitions / 100)) })
  }
}

/** From little effort to all of it. */
function* efforts(type: IndexKind, partitions: number): Generator<Effort> {
  const refines = type === 'ivf-flat' ? [1] : [5, 20, 100]
  for (let nprobes = Math.min(partitions, 8); ; nprobes = Math.min(partitions, nprobes * 2)) {
    for (const refine of refines) yield { nprobes, refine }
    if (nprobes === partitions) return
  }
}

/** Mean of a query, one at a time. */
async function exactTime(snapshot: Snapshot, queries: Float32Array, dim: number): Promise<number> {
  const count = Math.min(timedQueries, queries.length / dim)
  const from = performance.now()
  for (let i = 0; i < count; i++) await exactRows(snapshot, queries.subarray(i * dim, (i + 1) * dim), dim, measuredHits)
  return (performance.now() - from) / Math.max(1, count)
}

async function recall(snapshot: Snapshot, queries: Float32Array, dim: number, exact: number[][], effort: Effort): Promise<Recall> {
  let at10 = 0
  let at100 = 0
  for (const [i, wanted] of exact.entries()) {
    const found = await nearest(snapshot, queries.subarray(i * dim, (i + 1) * dim), measuredHits, undefined, effort)
    const rows = found.map(({ row }) => row)
    at10 += share(wanted.slice(0, 10), rows.slice(0, 10))
    at100 += share(wanted, rows)
  }
  return { at10: at10 / exact.length, at100: at100 / exact.length }
}

function share(wanted: number[], found: number[]): number {
  const had = new Set(found)
  return wanted.length === 0 ? 1 : wanted.filter((row) => had.has(row)).length / wanted.length
}
