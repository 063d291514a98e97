import { WordmaskError } from '../errors'
import { storeOf } from '../storage'

/** Looks at so many files at once: on an object store each is a request. */
export const looksAtOnce = 16

/**
 * The version of the file that an image lies in, as StoredFile has it: size and time of a local file, ETag of an object. Undefined
 * where nothing tells, also for a file that is not there: reading it says what is wrong.
 */
export async function versionOf(uri: string, signal: AbortSignal | undefined): Promise<{ version?: string }> {
  try {
    return asVersion((await (await storeOf(uri)).stat(uri, { signal })).version)
  } catch (error) {
    if (!(error instanceof WordmaskError) || error.code === 'ERR_WORDMASK_ABORTED') throw error
    return {}
  }
}

export const asVersion = (version: string | undefined): { version?: string } => (version === undefined ? {} : { version })
