import { WordmaskError } from '../errors'
import { asTransient, request, withRetries } from './http'
import type { HubSettings } from './settings'
import { statusError } from './transfer'

/** What the Hub says about one revision of a repository. */
export interface Revision {
  commit: string
  files: string[]
  licence: string | undefined
  /** Its terms must be accepted on the site before a token may download. */
  gated: boolean
}

export interface FileFacts {
  /** Name of the blob in the cache; sha256 of large files, git's sha1 of small ones. */
  etag: string
  size: number | undefined
}

export interface Connection {
  settings: HubSettings
  id: string
  repo: string
  revision: string
  signal?: AbortSignal
  log?: (line: string) => void
  retries: number
  retryDelay: number
  stallTimeout: number
}

export const again = (id: string) => `Run again: npx wordmask model pull ${id}`

/** GET /api/models/<repo>/revision/<revision> */
export async function readRevision(at: Connection): Promise<Revision> {
  const url = `${at.settings.endpoint}/api/models/${at.repo}/revision/${encodeURIComponent(at.revision)}`
  const body = await ask(at, url, 'GET', async (response) => response.text())
  let json: { sha?: unknown; siblings?: { rfilename?: unknown }[]; cardData?: Record<string, unknown>; tags?: unknown; gated?: unknown }
  try {
    json = JSON.parse(body)
  } catch (cause) {
    throw unlikeHub(url, 'it is not JSON', cause)
  }
  const files = (json.siblings ?? []).map(({ rfilename }) => rfilename).filter((file): file is string => typeof file === 'string')
  if (typeof json.sha !== 'string' || !/^[0-9a-f]{40}$/.test(json.sha)) throw unlikeHub(url, 'it names no commit')
  return { commit: json.sha, files: files.filter(isPlainPath), licence: licenceOf(json.cardData, json.tags), gated: Boolean(json.gated) }
}

/** HEAD /<repo>/resolve/<commit>/<file>; the answer is read before it redirects to the file server, as huggingface_hub does. */
export async function readFileFacts(at: Connection, commit: string, file: string): Promise<FileFacts> {
  const url = fileUrl(at, commit, file)
  return ask(at, url, 'HEAD', async ({ headers, status }) => {
    const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replace(/^"(.*)"$/, '$1')
    const size = headers.get('x-linked-size') ?? (status < 300 ? headers.get('content-length') : null)
    if (!/^[\w.-]+$/.test(etag) || /^\.+$/.test(etag)) throw unlikeHub(url, 'it has no usable ETag')
    return { etag, size: size === null ? undefined : Number(size) }
  })
}

export function fileUrl(at: Connection, commit: string, file: string): string {
  return `${at.settings.endpoint}/${at.repo}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`
}

async function ask<T>(at: Connection, url: string, method: 'GET' | 'HEAD', read: (response: Response) => Promise<T>): Promise<T> {
  return withRetries(url, { ...at, advice: again(at.id) }, async () => {
    const { token } = at.settings
    const { response, stop } = await request(url, { method, token, signal: at.signal, stallTimeout: at.stallTimeout, follow: 'same-host' })
    try {
      if (response.status >= 400) throw refusal(at, response, url)
      return await read(response)
    } catch (error) {
      throw asTransient(error, at.signal)
    } finally {
      stop()
    }
  })
}

/** 401, 403 and 404 in words; the Hub answers 401 for a repository that does not exist as well. */
function refusal(at: Connection, response: Response, url: string): Error {
  const page = `${at.settings.endpoint}/${at.repo}`
  const said = response.headers.get('x-error-message') ?? `${response.status} ${response.statusText}`.trimEnd()
  const gated = response.headers.get('x-error-code') === 'GatedRepo' || response.status === 403
  const fail = (words: string) => new WordmaskError('ERR_WORDMASK_DOWNLOAD', `${at.id}: ${words} (the server said: ${said})`)
  if (gated)
    return fail(
      `access to ${at.repo} is restricted. Accept its terms at ${page}, then run: HF_TOKEN=<your token> npx wordmask model pull ${at.id}`,
    )
  if (response.status === 401) {
    const advice = at.settings.token ? 'The token in HF_TOKEN may not read it, or the name is wrong' : 'The name is wrong, or it is private'
    return fail(`${at.repo} cannot be read. ${advice}: look at ${page}, then run: HF_TOKEN=<your token> npx wordmask model pull ${at.id}`)
  }
  if (response.status === 404)
    return fail(
      `${at.repo} at revision ${at.revision} was not found. Check the name at ${page}, then run: npx wordmask model pull hf-hub:${at.repo}`,
    )
  return statusError(response, url, again(at.id))
}

function unlikeHub(url: string, why: string, cause?: unknown): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_DOWNLOAD', `${url} does not answer as the Hub does: ${why}. Check HF_ENDPOINT`, { cause })
}

function licenceOf(card: Record<string, unknown> | undefined, tags: unknown): string | undefined {
  const named = card?.license === 'other' ? (card.license_name ?? 'other') : card?.license
  const text = Array.isArray(named) ? named.join(', ') : named
  if (typeof text === 'string' && text !== '') return typeof card?.license_link === 'string' ? `${text} (${card.license_link})` : text
  const tag = Array.isArray(tags) ? tags.find((item): item is string => typeof item === 'string' && item.startsWith('license:')) : undefined
  return tag?.slice('license:'.length)
}

/** A name from the server must stay inside the snapshot folder. */
function isPlainPath(file: string): boolean {
  return (
    file !== '' &&
    !file.startsWith('/') &&
    !file.includes('\\') &&
    file.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  )
}
