import type { ImagePlace } from '../../archive/types'
import { checkInteger } from '../../arguments'
import { WordmaskError } from '../../errors'
import { mapOrdered } from '../../image/stream'
import { throwIfAborted } from '../../options'
import { storeOf } from '../../storage'
import { readWhole } from '../bytes'
import { kindOfPlace } from './check'
import { byPlace, type Fetch, mergeRanges } from './ranges'
import { missing, unpacked } from './read'

export interface ReadPlacesOptions {
  /** Requests at once. Default 8. */
  concurrency?: number
  /** Largest merged request in bytes; a larger image is a request of its own. Default 16 MiB. */
  maxRangeBytes?: number
  signal?: AbortSignal
}

/** One of the two is there. What cannot be read is the image's own error. */
export type ReadPlace<P> = { place: P; bytes: Buffer; error?: undefined } | { place: P; bytes?: undefined; error: WordmaskError }

/**
 * The bytes of many images, by few requests: sorted by file and offset, neighbours merged where the gap between them is small (at most 1.2
 * times the images' own bytes are read), every compressed tar unpacked once. They come in that order and not in that of `places`. Each
 * Buffer is its own.
 *
 * Memory: the places, and up to `concurrency` + 1 requests of `maxRangeBytes`.
 */
export async function* readPlaces<P extends ImagePlace>(
  places: Iterable<P> | AsyncIterable<P>,
  options: ReadPlacesOptions = {},
): AsyncGenerator<ReadPlace<P>, void, undefined> {
  const { concurrency = 8, maxRangeBytes = 16 << 20, signal } = options
  checkInteger('concurrency', concurrency, 1)
  checkInteger('maxRangeBytes', maxRangeBytes, 1)
  throwIfAborted(signal)
  const direct: P[] = []
  const compressed: P[] = []
  for await (const place of places) {
    try {
      ;(kindOfPlace(place) === 'unpacked' ? compressed : direct).push(place)
    } catch (error) {
      yield { place, error: asError(error) }
    }
  }
  const fetches = mergeRanges(direct.sort(byPlace), maxRangeBytes)
  for await (const read of mapOrdered(fetches, (fetch, _, stop) => readFetch(fetch, stop), { concurrency, signal })) yield* read
  compressed.sort(byPlace)
  for (let from = 0, to = 0; from < compressed.length; from = to) {
    const { uri } = compressed[from] as P
    while (to < compressed.length && (compressed[to] as P).uri === uri) to++
    yield* readCompressed(uri, compressed.slice(from, to), signal)
  }
}

async function readFetch<P extends ImagePlace>({ uri, range, places }: Fetch<P>, signal: AbortSignal): Promise<ReadPlace<P>[]> {
  try {
    const bytes = range ? await (await storeOf(uri)).read(uri, { range, signal }) : await readWhole(uri, signal)
    if (places.length === 1) return [{ place: places[0] as P, bytes }]
    return places.map((place) => {
      const from = (place.offset ?? 0) - (range?.offset ?? 0)
      // A copy: one image that is kept must not keep its neighbours.
      return { place, bytes: Buffer.from(bytes.subarray(from, from + (place.length ?? bytes.length))) }
    })
  } catch (error) {
    const own = asError(error)
    if (places.length === 1 || own.code === 'ERR_WORDMASK_FILE_NOT_FOUND') return places.map((place) => ({ place, error: own }))
    // A shard that was cut short: what is left of it is still read.
    const reads: ReadPlace<P>[] = []
    for (const place of places) reads.push(...(await readFetch(alone(place), signal)))
    return reads
  }
}

function alone<P extends ImagePlace>(place: P): Fetch<P> {
  const { uri, offset, length } = place
  return { uri, places: [place], ...(offset !== undefined && length !== undefined && { range: { offset, length } }) }
}

async function* readCompressed<P extends ImagePlace>(uri: string, places: P[], signal?: AbortSignal): AsyncGenerator<ReadPlace<P>> {
  const waiting = new Map<string, P[]>()
  for (const place of places) waiting.set(place.key!, [...(waiting.get(place.key!) ?? []), place])
  let failure: WordmaskError | undefined
  try {
    for await (const { key, bytes } of unpacked(uri, new Set(waiting.keys()), signal)) {
      for (const place of waiting.get(key)!) yield { place, bytes: Buffer.from(bytes) }
      waiting.delete(key)
    }
  } catch (error) {
    failure = asError(error)
  }
  for (const [key, left] of waiting) for (const place of left) yield { place, error: failure ?? missing(uri, key) }
}

function asError(error: unknown): WordmaskError {
  if (error instanceof WordmaskError && error.code !== 'ERR_WORDMASK_ABORTED') return error
  throw error
}
