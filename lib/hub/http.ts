import { setTimeout as delay } from 'node:timers/promises'
import { WordmaskError } from '../errors'

export interface RequestOptions {
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
  /** Sent as a bearer token to the host of the first address and to no other. */
  token?: string
  /** The same for another way to log in: sent as it is. */
  authorization?: string
  signal?: AbortSignal
  /** Milliseconds without an answer or a byte after which a connection counts as broken. */
  stallTimeout: number
  /** Which redirects to follow: all, or only those that stay on the host (what huggingface_hub does to read metadata). */
  follow?: 'all' | 'same-host'
}

/** A failure worth another attempt: the connection broke, or the server said so. */
export class Transient extends Error {}

const maxRedirects = 10

/** An answer whose body has not been read, and a watch over the connection that must be stopped. */
export interface Answer {
  response: Response
  /** Says that a byte came. */
  alive(): void
  stop(): void
}

/**
 * One request with its redirects. Location may be relative. Statuses are left to the caller. Throws Transient when there is no
 * answer, and the signal's reason on abort.
 */
export async function request(url: string, options: RequestOptions): Promise<Answer> {
  const stall = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const stop = () => clearTimeout(timer)
  const alive = () => {
    stop()
    timer = setTimeout(() => stall.abort(new Transient(`no data came for ${options.stallTimeout / 1000} s`)), options.stallTimeout)
  }
  const signal = options.signal ? AbortSignal.any([stall.signal, options.signal]) : stall.signal
  const home = new URL(url).origin
  let address = url
  try {
    for (let hops = 0; hops <= maxRedirects; hops++) {
      alive()
      const own = new URL(address).origin === home
      const headers: Record<string, string> = { ...options.headers, 'accept-encoding': 'identity', 'user-agent': 'wordmask' }
      if (own && options.token) headers.authorization = `Bearer ${options.token}`
      else if (own && options.authorization) headers.authorization = options.authorization
      const response = await fetch(address, { method: options.method ?? 'GET', headers, redirect: 'manual', signal })
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
      if (location === null) return { response, alive, stop }
      const next = new URL(location, address)
      if (options.follow === 'same-host' && next.origin !== new URL(address).origin) return { response, alive, stop }
      await response.body?.cancel()
      if (next.protocol !== 'https:' && next.protocol !== new URL(address).protocol) {
        throw new WordmaskError(
          'ERR_WORDMASK_DOWNLOAD',
          `${address} redirects to ${next.protocol}//${next.host}, which is not secure. It was not followed`,
        )
      }
      address = next.href
    }
    throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `${url} redirects more than ${maxRedirects} times`)
  } catch (error) {
    stop()
    throw asTransient(error, options.signal, stall.signal)
  }
}

/** Connection errors of fetch and of its body become Transient; aborts and our own errors stay what they are. */
export function asTransient(error: unknown, signal: AbortSignal | undefined, stalled?: AbortSignal): unknown {
  if (signal?.aborted || error instanceof WordmaskError || error instanceof Transient) return error
  if (stalled?.aborted) return stalled.reason
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
  return new Transient(cause?.code ?? cause?.message ?? message)
}

/** Tries again, after growing pauses, what fails with Transient. */
export async function withRetries<T>(
  what: string,
  options: { retries: number; retryDelay: number; signal?: AbortSignal; log?: (line: string) => void; advice: string },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      options.signal?.throwIfAborted()
      return await attempt()
    } catch (error) {
      if (options.signal?.aborted)
        throw new WordmaskError('ERR_WORDMASK_ABORTED', `Download of ${what} was aborted; it goes on where it stopped`)
      if (!(error instanceof Transient)) throw error
      if (tries >= options.retries)
        throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `${what}: ${error.message}. ${options.advice}`, { cause: error })
      const pause = options.retryDelay * 2 ** tries
      options.log?.(`${what}: ${error.message}; trying again in ${pause / 1000} s (${tries + 1} of ${options.retries})`)
      await delay(pause, undefined, { signal: options.signal }).catch(() => {})
    }
  }
}
