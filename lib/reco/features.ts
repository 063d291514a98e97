import type { Pixels } from '../../binding'
import { contentOf } from '../archive/content'
import { sha256Bytes } from '../archive/hashes'
import { cut } from '../archive/prepare'
import type { ArchiveRow, ImagePlace } from '../archive/types'
import { placeOf, type ReadImage } from '../curate/images'
import { WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import { mapOrdered } from '../image/stream'
import type { Tensor } from '../options'
import { readPlaces } from '../sources'
import { orAbort } from '../task'
import { centreSquare, type DenseEncoder } from './encoder'
import { FeatureCache } from './feature-cache'

/** Images decoded or encoded at once: one in the tower, the next ones on their way. */
const imagesAtOnce = 3

/** An image that could not be used, and why. */
export type OnReject = (image: ArchiveRow, error: WordmaskError) => void

/**
 * Dense features of the centre squares of archive images, by one encoder or several: from the cache, else from the image, which is
 * then read once for all of them, in the order of shards. Memory: the places, and a few decoded images.
 */
export class Features {
  private readonly caches: { encoder: DenseEncoder; cache: FeatureCache }[] = []
  /** Tried once, and told. */
  private readonly unreadable = new Set<string>()

  private constructor(
    private readonly size: (encoder: DenseEncoder) => number,
    private readonly onReject: OnReject,
  ) {}

  static async open(encoders: readonly DenseEncoder[], folder: string, size: (encoder: DenseEncoder) => number, onReject: OnReject) {
    const features = new Features(size, onReject)
    for (const encoder of encoders) {
      const made = `${await encoder.identity()} square ${size(encoder)}`
      features.caches.push({ encoder, cache: new FeatureCache(folder, made) })
    }
    return features
  }

  /** Fills the cache. `onImage` is called for every image, also for one that was there. */
  async fill(rows: readonly ArchiveRow[], signal: AbortSignal | undefined, onImage: () => void): Promise<void> {
    const missing: ArchiveRow[] = []
    for (const row of this.distinct(rows)) {
      const there = await Promise.all(this.caches.map(({ cache }) => cache.has(contentOf(row))))
      if (there.every(Boolean)) onImage()
      else missing.push(row)
    }
    for await (const _ of this.encode(missing, signal)) onImage()
  }

  /** Features of each row by each encoder, in order; undefined where the image cannot be read. */
  async of(rows: readonly ArchiveRow[], signal: AbortSignal | undefined): Promise<(Tensor[] | undefined)[]> {
    const found = new Map<string, Tensor[]>()
    const missing: ArchiveRow[] = []
    for (const row of this.distinct(rows)) {
      const held = await Promise.all(this.caches.map(({ cache }) => cache.get(contentOf(row))))
      if (held.every((tensor) => tensor !== undefined)) found.set(contentOf(row), held)
      else missing.push(row)
    }
    for await (const { content, tensors } of this.encode(missing, signal)) if (tensors) found.set(content, tensors)
    return rows.map((row) => found.get(contentOf(row)))
  }

  /** Each content once; not what could not be used before. */
  private distinct(rows: readonly ArchiveRow[]): ArchiveRow[] {
    const all = new Map(rows.map((row) => [contentOf(row), row]))
    for (const content of this.unreadable) all.delete(content)
    return [...all.values()]
  }

  private async *encode(rows: readonly ArchiveRow[], signal: AbortSignal | undefined) {
    if (rows.length === 0) return
    const places = rows.map((row) => placeOf(row, { row }))
    const work = async ({ place: { row }, bytes, error }: ReadImage<ImagePlace & { row: ArchiveRow }>, _: number, stop: AbortSignal) => {
      const content = contentOf(row)
      try {
        if (error) throw error
        return { content, tensors: await this.encodeOne(await decodeRow(row, bytes, stop), content, stop) }
      } catch (cause) {
        if (!(cause instanceof WordmaskError) || !ofOneImage.has(cause.code)) throw cause
        this.unreadable.add(content)
        this.onReject(row, cause)
        return { content, tensors: undefined }
      }
    }
    yield* mapOrdered(readPlaces(places, { ...(signal && { signal }) }), work, { concurrency: imagesAtOnce, signal })
  }

  private async encodeOne(pixels: Pixels, content: string, signal: AbortSignal): Promise<Tensor[]> {
    const square = centreSquare(pixels)
    const tensors: Tensor[] = []
    for (const { encoder, cache } of this.caches) {
      const side = this.size(encoder)
      const { data, shape } = await encoder.features(square, { width: side, height: side }, signal)
      await cache.put(content, { data, shape })
      tensors.push({ data, shape })
    }
    return tensors
  }
}

const ofOneImage = new Set(['ERR_WORDMASK_IMAGE', 'ERR_WORDMASK_IMAGE_TOO_LARGE', 'ERR_WORDMASK_FILE_NOT_FOUND', 'ERR_WORDMASK_IO'])

/** The upright pixels of a row. @throws ERR_WORDMASK_IO where the file is another than the one that was added */
export async function decodeRow(row: ArchiveRow, bytes: Buffer, signal: AbortSignal): Promise<Pixels> {
  if ((await sha256Bytes(bytes)) !== row.sha256)
    throw new WordmaskError('ERR_WORDMASK_IO', `${row.key ?? row.uri} is not what it was when it was added to the archive. Add it again`)
  const pixels = await orAbort(decodeImage(bytes), signal)
  return row.box ? cut(pixels, row.box) : pixels
}
