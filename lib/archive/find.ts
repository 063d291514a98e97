import type { Clip } from '../clip/clip'
import { checkOptions } from '../options'
import { searchApproximate } from './approximate'
import type { OpenArchive } from './open'
import { type SearchOptions, searchOptions } from './options'
import { queryVectors, type SearchQuery } from './query'
import { checkFields } from './read-rows'
import { searchExact } from './search'
import type { Snapshots } from './snapshots'
import type { SearchHit } from './types'
import { readIndexReport } from './vector-index'

/** Archive.search: hits of every query. @param clip asked for only where a query is no vector */
export async function find(
  parts: OpenArchive,
  snapshots: Snapshots,
  clip: () => Clip,
  queries: readonly SearchQuery[],
  given: SearchOptions,
): Promise<SearchHit[][]> {
  const { templates, return: fields, topK = 10, crops = false, exact = true, ...rest } = checkOptions('search', searchOptions, given)
  const wanted = checkFields(fields)
  const { dim } = parts.identity.model
  const effort = exact ? undefined : await readIndexReport(parts)
  const vectors = await queryVectors(queries, dim, async () => clip(), { templates, signal: rest.signal })
  const options = { ...rest, topK, crops, fields: wanted }
  return snapshots.during((snapshot) =>
    effort ? searchApproximate(snapshot, vectors, dim, effort, options) : searchExact(snapshot, vectors, dim, options),
  )
}
