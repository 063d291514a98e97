import type { ImagePlace, Reject } from '../archive/types'
import { WordmaskError } from '../errors'
import { unsigned } from '../redact'

/** What went wrong with one image. What is no WordmaskError is a fault of the program and is thrown on. */
export function rejectOf(id: string, place: ImagePlace, error: unknown): Reject {
  if (!(error instanceof WordmaskError) || error.code === 'ERR_WORDMASK_ABORTED') throw error
  const { uri, key, offset, length } = place
  return {
    id,
    uri: unsigned(uri),
    ...(key !== undefined && { key }),
    ...(offset !== undefined && { offset, length }),
    code: error.code,
    reason: error.message,
  }
}
