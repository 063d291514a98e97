import type { ImagePlace } from '../../archive/types'

/** One request, and the places that it serves: all of one file. */
export interface Fetch<P extends ImagePlace> {
  uri: string
  /** Absent for a whole file. */
  range?: { offset: number; length: number }
  places: P[]
}

/** A merged request reads at most this times the bytes of its images. */
export const mostRead = 1.2

/**
 * Places of one file that lie near each other become one request, as long as what is read stays below `mostRead` times the images' own
 * bytes and below `maxBytes` (an image of its own may be larger). A place that comes more than once is read once.
 *
 * @param places sorted by file and offset
 */
export function* mergeRanges<P extends ImagePlace>(places: readonly P[], maxBytes: number): Generator<Fetch<P>, void, undefined> {
  let current: Fetch<P> | undefined
  let own = 0
  for (const place of places) {
    const { offset, length } = place
    if (offset === undefined || length === undefined) {
      if (current !== undefined && current.range === undefined && current.uri === place.uri) {
        current.places.push(place)
        continue
      }
      if (current) yield current
      current = { uri: place.uri, places: [place] }
      continue
    }
    if (current?.range !== undefined && current.uri === place.uri) {
      const { range } = current
      const end = range.offset + range.length
      const span = Math.max(end, offset + length) - range.offset
      const more = Math.max(0, offset + length - Math.max(end, offset))
      if (span === range.length || (span <= maxBytes && span <= mostRead * (own + more))) {
        range.length = span
        own += more
        current.places.push(place)
        continue
      }
    }
    if (current) yield current
    current = { uri: place.uri, range: { offset, length }, places: [place] }
    own = length
  }
  if (current) yield current
}

/** By file, then offset, then (within compressed tars) name. */
export function byPlace(a: ImagePlace, b: ImagePlace): number {
  if (a.uri !== b.uri) return a.uri < b.uri ? -1 : 1
  const apart = (a.offset ?? -1) - (b.offset ?? -1)
  if (apart !== 0) return apart
  return (a.key ?? '') < (b.key ?? '') ? -1 : Number((a.key ?? '') > (b.key ?? ''))
}
