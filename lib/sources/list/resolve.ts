import path from 'node:path'
import { WordmaskError } from '../../errors'
import { bytesToUri, isWeb, joinUri, schemeOf, uriToBytes } from '../../storage/uri'

/**
 * Where a list's entry lies. Relative paths are below `base`. No crawling: an address on the web is taken only from a list that lies on the same
 * host, for a server that holds both is one's own; and such a list names nothing of this machine.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT
 */
export function resolveEntry(entry: string, base: string, list: string): string {
  const web = isWeb(list)
  if (isWeb(entry)) {
    if (web && sameHost(entry, list)) return entry
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `names ${entry}, and wordmask does not crawl: images come from files, an object store, or the host that the list itself lies on. ` +
        'Download them first (img2dataset writes tars that wordmask reads)',
    )
  }
  const uri = joinUri(base, entry)
  if (web && !sameHost(uri, list))
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `names ${entry}, but a list on the web may name only files of its own host`)
  return uri
}

/** A relative path or an absolute one whose name is not UTF-8, one character a byte. */
export function resolveRaw(raw: string, base: string): string {
  if (schemeOf(base) !== 'file') throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', 'is not UTF-8')
  return bytesToUri(path.resolve(uriToBytes(base), raw))
}

function sameHost(a: string, b: string): boolean {
  try {
    return new URL(a).origin === new URL(b).origin
  } catch {
    return false
  }
}
