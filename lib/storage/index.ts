import { WordmaskError } from '../errors'
import { redact } from '../redact'
import { LocalStore } from './local'
import type { Store } from './store'
import { schemeOf } from './uri'

/** What each scheme needs is loaded when the first URI of it comes: the S3 client alone is some megabytes. */
const open: Record<string, () => Promise<Store>> = {
  file: async () => new LocalStore(),
  s3: async () => new (await import('./s3.js')).S3Store(),
  https: async () => new (await import('./https.js')).HttpsStore(),
  http: async () => new (await import('./https.js')).HttpsStore(),
}
const opened = new Map<string, Promise<Store>>()

/**
 * The store that a path or URI lies in; one a scheme and process.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for another scheme
 */
export async function storeOf(uri: string): Promise<Store> {
  const scheme = schemeOf(uri)
  const make = open[scheme]
  if (make === undefined)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `Expected a path or a URI of ${Object.keys(open).join('://, ')}:// but received ${JSON.stringify(redact(uri))}`,
    )
  let store = opened.get(scheme)
  if (store === undefined) {
    store = make()
    opened.set(scheme, store)
    // A library that could not be loaded may be there at the next call.
    store.catch(() => opened.delete(scheme))
  }
  return store
}
