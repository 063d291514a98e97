import { WordmaskError } from '../errors'
import { type Answer, asTransient, request } from '../hub/http'
import { checkBytes, checkRange, contentRange } from './content-range'
import { refusal } from './https-answer'
import { type Address, httpAddress, proxyAdvice } from './https-url'
import { collect, type Piece, repeated, resumed } from './resume'
import type { ReadOptions, Store, StoredFile } from './store'

export interface HttpsStoreOptions {
  /** Attempts after the first that fails. Default 5. */
  retries?: number
  /** ms before the second attempt; doubles. Default 500. */
  retryDelay?: number
  /** ms without an answer or a byte after which a connection counts as broken. Default 60,000. */
  stallTimeout?: number
}

/**
 * Files of a web server, read only, for shards and lists of one's own. Follows up to ten redirects (never from https:// to
 * http://), goes on where a connection broke, and never takes a whole file for a range of it. A name and password within the
 * address go to that host only.
 */
export class HttpsStore implements Store {
  readonly scheme = 'https'
  readonly #retries: number
  readonly #retryDelay: number
  readonly #stallTimeout: number

  constructor(options: HttpsStoreOptions = {}) {
    this.#retries = options.retries ?? 5
    this.#retryDelay = options.retryDelay ?? 500
    this.#stallTimeout = options.stallTimeout ?? 60_000
  }

  async stat(uri: string, { signal }: { signal?: AbortSignal } = {}): Promise<StoredFile> {
    const address = httpAddress(uri)
    return repeated(this.#job(address, signal), async () => (await this.#head(address, signal)) ?? this.#firstByte(address, signal))
  }

  async read(uri: string, options: ReadOptions = {}): Promise<Buffer> {
    return collect(this.stream(uri, options))
  }

  async *stream(uri: string, { range, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const address = httpAddress(uri)
    checkBytes(address.shown, range)
    if (range?.length === 0) return
    yield* resumed({
      ...this.#job(address, signal),
      open: (from, version) => {
        if (range) return this.#open(address, range.offset + from, range.offset + range.length, version, signal)
        return this.#open(address, from, undefined, version, signal)
      },
    })
  }

  // biome-ignore lint/correctness/useYield: the interface's generator, which a web server cannot fill
  async *list(prefix: string): AsyncGenerator<StoredFile, void, undefined> {
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `A web server does not say which files it has, so ${httpAddress(prefix).shown} cannot be listed. Name them one by one, with braces ` +
        '(train-{000..099}.tar), or in a text file with one address a line',
    )
  }

  async put(uri: string): Promise<boolean> {
    throw readOnly(uri)
  }

  async remove(uri: string): Promise<void> {
    throw readOnly(uri)
  }

  #job(address: Address, signal: AbortSignal | undefined) {
    const advice = `Check the address and the connection, then run the same command again.${proxyAdvice()}`
    return { uri: address.shown, retries: this.#retries, retryDelay: this.#retryDelay, signal, advice }
  }

  async #request(address: Address, method: 'GET' | 'HEAD', headers: Record<string, string>, signal: AbortSignal | undefined) {
    const { authorization } = address
    try {
      return await request(address.url, { method, headers, authorization, signal, stallTimeout: this.#stallTimeout, follow: 'all' })
    } catch (error) {
      throw error instanceof WordmaskError ? refusal(address, error) : error
    }
  }

  /** Undefined where the server answers HEAD otherwise than GET (addresses signed for GET, old programs). */
  async #head(address: Address, signal: AbortSignal | undefined): Promise<StoredFile | undefined> {
    const answer = await this.#request(address, 'HEAD', {}, signal)
    answer.stop()
    const { response } = answer
    if (response.status >= 500 && response.status !== 501) throw refusal(address, response)
    const length = response.headers.get('content-length')
    if (response.status !== 200 || length === null || response.headers.get('content-encoding')) return undefined
    return stored(address, Number(length), response)
  }

  async #firstByte(address: Address, signal: AbortSignal | undefined): Promise<StoredFile> {
    const answer = await this.#request(address, 'GET', { range: 'bytes=0-0' }, signal)
    const { response } = answer
    await discard(answer)
    const { total } = contentRange(response.headers.get('content-range'))
    const length = response.status === 200 ? (response.headers.get('content-length') ?? undefined) : total
    if (response.status !== 200 && response.status !== 206 && !(response.status === 416 && total === 0)) throw refusal(address, response)
    if (length === undefined)
      throw new WordmaskError('ERR_WORDMASK_IO', `The server does not say how long ${address.shown} is, so nothing can be planned with it`)
    return stored(address, Number(length), response)
  }

  /** Bytes `from` up to `to`, or to the end. */
  async #open(address: Address, from: number, to: number | undefined, version: string | undefined, signal?: AbortSignal): Promise<Piece> {
    const ranged = from > 0 || to !== undefined
    const headers: Record<string, string> = ranged ? { range: `bytes=${from}-${to === undefined ? '' : to - 1}` } : {}
    const answer = await this.#request(address, 'GET', headers, signal)
    try {
      return { ...checked(address, answer.response, from, to, version), body: body(answer, signal) }
    } catch (error) {
      await discard(answer)
      throw error
    }
  }
}

/** What the answer says of the bytes that follow, where they are those that were asked for. */
function checked(address: Address, response: Response, from: number, to: number | undefined, version: string | undefined) {
  const ranged = from > 0 || to !== undefined
  const fault = (what: string) => new WordmaskError('ERR_WORDMASK_IO', `Cannot read ${address.shown}: ${what}`)
  if (response.status === 200 && ranged) checkRange(address.shown, undefined, from, to)
  if (response.status !== (ranged ? 206 : 200)) throw refusal(address, response)
  const encoding = response.headers.get('content-encoding')
  if (encoding && encoding !== 'identity')
    throw fault(`the server sends it compressed (${encoding}) though it was asked not to: lengths and ranges mean nothing then`)
  const found = versionOf(response)
  if (version !== undefined && found !== version) throw fault('it changed while it was read. Run the same command again')
  if (!ranged) {
    const length = response.headers.get('content-length')
    return { bytes: length === null ? undefined : Number(length), version: found }
  }
  return { bytes: checkRange(address.shown, response.headers.get('content-range'), from, to), version: found }
}

async function* body({ response, alive, stop }: Answer, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (!response.body) return
    alive()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      stop() // the reader may take its time
      yield chunk
      alive()
    }
  } catch (error) {
    throw asTransient(error, signal)
  } finally {
    stop()
    await response.body?.cancel().catch(() => {})
  }
}

async function discard({ response, stop }: Answer): Promise<void> {
  stop()
  await response.body?.cancel().catch(() => {})
}

const versionOf = (response: Response) => response.headers.get('etag') ?? response.headers.get('last-modified') ?? undefined
const stored = (address: Address, bytes: number, response: Response) => ({ uri: address.uri, bytes, version: versionOf(response) })

function readOnly(uri: string): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Nothing can be written to ${httpAddress(uri).shown}: https:// is for reading. Write to a folder or to s3://bucket/folder`,
  )
}
