import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isIterable, isObject } from '../arguments'
import { Clip } from '../clip/clip'
import { invalidArgument } from '../errors'
import { refuseByteStream } from '../image/byte-stream'
import { mapOrdered } from '../image/stream'
import { checkOptions, positiveInteger, runOptions } from '../options'
import { inChunks } from './chunks'
import type { Known } from './contract'
import { toHalf } from './half'
import { type Prepared, type PrepareOptions, Preparer, placeOf } from './prepare'
import type { ArchiveRecord } from './records'
import type { EmbeddedRow, SourceImage } from './types'

export interface EmbedOptions extends PrepareOptions {
  /** Images of one pass of the tower. Default 32. */
  batchSize?: number | undefined
  signal?: AbortSignal | undefined
  /** What is there already under these ids, asked before anything is read. */
  known?: ((ids: string[]) => Promise<ReadonlyMap<string, Known>>) | undefined
}

const embedOptions = z.strictObject({
  orient: z.boolean().optional(),
  maxPixels: positiveInteger.optional(),
  retryRejects: z.boolean().optional(),
  batchSize: positiveInteger.max(65_536).optional(),
  signal: runOptions.signal,
  known: z.custom<NonNullable<EmbedOptions['known']>>((value) => typeof value === 'function', 'a function').optional(),
})

/** What became of some images, in the order of the source. */
export interface Embedded {
  records: ArchiveRecord[]
  /** Known already. */
  skipped: number
}

/** Images read and decoded at once, and so held beside the batches. */
const readsAtOnce = 6
/** Decoded pixels of a batch stay below this. */
const pixelsAtOnce = 32_000_000
const lookUpsAtOnce = 256
/** A look-up does not wait longer for more ids, in milliseconds. */
const patience = 50
/** Skips and rejects are reported after so many at the latest. */
const itemsAtOnce = 512

/**
 * Embeds a stream of images with back-pressure: reading and decoding of the next ones, the tower, and whoever takes the answers
 * work at the same time; at most two batches are held. What is wrong with an image makes a reject of it and nothing else.
 */
export function embedImages(
  clip: Clip,
  images: AsyncIterable<SourceImage> | Iterable<SourceImage>,
  options: EmbedOptions = {},
): AsyncGenerator<Embedded> {
  if (!(clip instanceof Clip)) throw invalidArgument('clip', 'a Clip', clip)
  if (!isIterable(images)) throw invalidArgument('images', 'an iterable of images as openSource gives them', images)
  refuseByteStream('images', images)
  return embedStream(clip, images, checkOptions('embedImages', embedOptions, options) as EmbedOptions)
}

async function* embedStream(
  clip: Clip,
  images: AsyncIterable<SourceImage> | Iterable<SourceImage>,
  options: EmbedOptions,
): AsyncGenerator<Embedded> {
  const { batchSize = 32, signal } = options
  const preparer = new Preparer(options)
  const work = ({ image, known }: Asked, _: number, stop: AbortSignal): Promise<Prepared> =>
    image.vector ? Promise.resolve(given(image, known, clip.info.embedDim)) : preparer.prepare(image, known, stop)
  const prepared = mapOrdered(asked(images, options.known), work, { concurrency: readsAtOnce, signal })
  let batch: Prepared[] = []
  let count = 0
  let pixels = 0
  let running: Promise<Embedded> | undefined
  try {
    for await (const item of prepared) {
      batch.push(item)
      if ('pixels' in item) {
        count++
        pixels += item.pixels.width * item.pixels.height
      }
      if (count < batchSize && pixels < pixelsAtOnce && batch.length < itemsAtOnce) continue
      const next = encode(clip, batch, batchSize, signal)
      // It may fail while the one before it is waited for.
      next.catch(() => {})
      const before = running
      running = next
      batch = []
      count = pixels = 0
      if (before) yield await before
    }
    if (running) yield await running
    running = undefined
    if (batch.length > 0) yield await encode(clip, batch, batchSize, signal)
  } finally {
    await running?.catch(() => {})
  }
}

interface Asked {
  image: SourceImage
  known: Known | undefined
}

async function* asked(images: AsyncIterable<SourceImage> | Iterable<SourceImage>, known: EmbedOptions['known']): AsyncGenerator<Asked> {
  for await (const list of inChunks(images, lookUpsAtOnce, patience)) {
    for (const image of list) checkImage(image)
    const found = await known?.(list.map(({ id }) => id))
    for (const image of list) yield { image, known: found?.get(image.id) }
  }
}

function checkImage(image: unknown): void {
  const { id, uri, bytes } = (isObject(image) ? image : {}) as Partial<SourceImage>
  if (typeof id !== 'string' || id === '' || typeof uri !== 'string' || typeof bytes !== 'function')
    throw invalidArgument('an image', '{ id, uri, bytes(), ... } as openSource gives it', image)
}

async function encode(clip: Clip, batch: Prepared[], batchSize: number, signal: AbortSignal | undefined): Promise<Embedded> {
  const waiting = batch.flatMap((item) => ('pixels' in item ? [item.pixels] : []))
  const { data } = await clip.encodeImage(waiting, { batchSize, ...(signal && { signal }) })
  const dim = clip.info.embedDim
  let from = 0
  let skipped = 0
  const records: ArchiveRecord[] = []
  for (const item of batch) {
    if ('skipped' in item) skipped++
    else if ('reject' in item) records.push({ reject: item.reject })
    else if ('given' in item) records.push({ row: item.given })
    else records.push({ row: { ...item.row, vector: toHalf(data.subarray(from, (from += dim))) } })
  }
  return { records, skipped }
}

/**
 * A row whose vector its source knows: nothing is read, so its size and hashes are what the metadata say or empty; the content it
 * is compared by is its vector.
 */
function given(image: SourceImage, known: Known | undefined, dim: number): Prepared {
  const { id, vector, caption, metadata, parent, box, version } = image
  if (vector?.length !== dim)
    throw invalidArgument(`the vector of ${id}`, `${dim} numbers, as the model gives`, `${vector?.length} numbers`)
  const half = toHalf(unit(vector))
  const sha256 = `vector:${createHash('sha256').update(half).digest('hex')}`
  if (known?.sha256 === sha256) return { skipped: id }
  const size = (name: string): number => (typeof metadata?.[name] === 'number' ? Math.max(0, Math.floor(metadata[name])) : 0)
  const row: EmbeddedRow = {
    ...placeOf(image),
    id,
    ...(version !== undefined && { version }),
    width: size('width'),
    height: size('height'),
    bytes: size('bytes'),
    sha256,
    phash: '',
    ...(caption !== undefined && { caption }),
    ...(parent !== undefined && { parent }),
    ...(box !== undefined && { box }),
    addedAt: new Date().toISOString(),
    ...(metadata !== undefined && { metadata }),
    vector: half,
  }
  return { given: row }
}

/** Of length 1; a vector of zeros stays. */
export function unit(vector: Float32Array): Float32Array {
  let square = 0
  for (const value of vector) square += value * value
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0
  return vector.map((value) => value * scale)
}
