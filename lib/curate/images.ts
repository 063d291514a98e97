import type { ImagePlace } from '../archive/types'
import type { WordmaskError } from '../errors'

/** One of the two is there: what cannot be read is the image's own error. */
export type ReadImage<P> = { place: P; bytes: Buffer; error?: undefined } | { place: P; bytes?: undefined; error: WordmaskError }

/** Reads many images by few requests, in the order of shards and offsets: lib/sources readPlaces. */
export type ReadImages = <P extends ImagePlace>(places: Iterable<P>, options: { signal?: AbortSignal }) => AsyncIterable<ReadImage<P>>

/** The place of an image, with what its reader needs beside it. */
export function placeOf<T extends object>({ uri, key, offset, length }: ImagePlace, more: T): ImagePlace & T {
  return {
    uri,
    ...(key !== undefined && { key }),
    ...(offset !== undefined && { offset }),
    ...(length !== undefined && { length }),
    ...more,
  }
}
