import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { invalidArgument, WordmaskError } from '../errors'

/** Of a URI; a path has none and is 'file'. */
export function schemeOf(uri: string): string {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(uri)?.[1]?.toLowerCase() ?? 'file'
}

/** An address on a web server. */
export const isWeb = (uri: string): boolean => /^https?:\/\//i.test(uri)

/**
 * One spelling a file: an absolute path for local files (also for `file://` and relative ones; links are not resolved), and
 * `file://` with %XX only where the name's bytes are not UTF-8. Other URIs are taken as they are.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for a `file://` URI of another host, or with a broken escape
 */
export function normalUri(uri: string): string {
  return schemeOf(uri) === 'file' ? bytesToUri(uriToBytes(uri)) : uri
}

/**
 * The absolute path as the file system has it, one character a byte (latin1), so that names of any encoding are kept and `<`
 * sorts by bytes.
 */
export function uriToBytes(uri: string): string {
  if (uri === '') throw invalidArgument('a path', 'a path or a URI', uri)
  if (uri.includes('\0')) throw invalidArgument('a path', 'a path without NUL', uri)
  if (!/^file:\/\//i.test(uri)) return Buffer.from(path.resolve(uri), 'utf8').toString('latin1')
  const match = /^file:\/\/(?:localhost)?(\/[^?#]*)$/i.exec(uri)
  if (!match || /%(?![0-9a-f]{2})/i.test(uri) || /%00/.test(uri))
    throw invalidArgument('a URI', 'file:///absolute/path, with %XX for other characters', uri)
  const bytes = Buffer.from(match[1] as string, 'utf8').toString('latin1')
  return path.resolve(bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))))
}

/** The other way round. */
export function bytesToUri(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1')
  if (isUtf8(buffer)) return buffer.toString('utf8')
  return `file://${bytes.replace(/[^\w/.~!$&'()*+,;=:@-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)}`
}

/** What lies below a folder: `relative` has '/' as separator, and may be absolute or a URI, which then stands alone. */
export function joinUri(folder: string, relative: string): string {
  if (schemeOf(relative) !== 'file' || /^file:\/\//i.test(relative)) return normalUri(relative)
  const scheme = schemeOf(folder)
  if (scheme === 'file') {
    if (path.isAbsolute(relative)) return normalUri(relative)
    return bytesToUri(path.resolve(uriToBytes(folder), Buffer.from(relative, 'utf8').toString('latin1')))
  }
  if (scheme === 's3') return `${folder.replace(/\/$/, '')}/${withoutDots(folder, relative)}`
  return new URL(encodeURI(relative).replace(/[?#]/g, encodeURIComponent), `${folder.replace(/\/?$/, '/')}`).href
}

/** The folder of a file. */
export function folderOf(uri: string): string {
  if (schemeOf(uri) === 'file') return bytesToUri(path.dirname(uriToBytes(uri)))
  const clean = schemeOf(uri) === 's3' ? uri : uri.replace(/[?#].*$/, '')
  return clean.slice(0, clean.lastIndexOf('/'))
}

/** Last component, for messages and endings; without the query of a web address. */
export function baseName(uri: string): string {
  const clean = isWeb(uri) ? uri.replace(/[?#].*$/, '') : uri
  return clean.replace(/\/+$/, '').replace(/^.*\//, '')
}

/** An object store takes `..` by its word. */
function withoutDots(folder: string, relative: string): string {
  const clean = path.posix.normalize(relative)
  if (clean.startsWith('/') || clean.startsWith('..'))
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected a path below ${folder} but received ${JSON.stringify(relative)}`)
  return clean
}
