import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WordmaskError } from '../errors'
import { sha256File } from './hash'
import { makeFolder } from './make-folder'

export interface DownloadOptions {
  /** Expected digest in hex; what does not match is removed and refused. */
  sha256?: string
  headers?: Record<string, string>
  /** Bytes so far and in all (undefined where the server does not say). */
  onProgress?: (done: number, total: number | undefined) => void
  log?: (line: string) => void
  signal?: AbortSignal
  /** Further attempts after a broken connection or a 5xx or 429 answer, each going on where the last stopped. Default 4. */
  retries?: number
  /** Milliseconds before the first further attempt, doubled each time. Default 1000. */
  retryDelay?: number
  /** Milliseconds without a byte after which a connection counts as broken. Default 60000. */
  stallTimeout?: number
}

/**
 * Fetches `url` into `file`: written to `file.part`, checked, renamed. An interrupted download goes on where it stopped, also
 * in another process, as long as the server still has the same entity. Errors: ERR_WORDMASK_DOWNLOAD, ERR_WORDMASK_IO, ERR_WORDMASK_ABORTED.
 */
export async function download(url: string, file: string, options: DownloadOptions = {}): Promise<void> {
  const retries = options.retries ?? 4
  const part = `${file}.part`
  await inFile(part, () => makeFolder(dirname(file)))
  for (let attempt = 0; ; attempt++) {
    try {
      await fetchPart(url, part, options)
      break
    } catch (error) {
      if (options.signal?.aborted)
        throw new WordmaskError('ERR_WORDMASK_ABORTED', `Download of ${url} was aborted; it goes on where it stopped`)
      if (error instanceof WordmaskError && !(error instanceof Transient)) throw error
      const reason = describe(error)
      if (attempt >= retries) {
        throw new WordmaskError(
          'ERR_WORDMASK_DOWNLOAD',
          `${url}: ${reason}. Run the same command again: it goes on at byte ${sizeOf(part)}`,
          { cause: error },
        )
      }
      const pause = (options.retryDelay ?? 1000) * 2 ** attempt
      options.log?.(`${reason}: trying again in ${pause / 1000} s, from byte ${sizeOf(part)} (${attempt + 1} of ${retries})`)
      await delay(pause)
    }
  }
  if (options.sha256) {
    const actual = await sha256File(part)
    if (actual !== options.sha256.toLowerCase()) {
      discard(part)
      throw new WordmaskError(
        'ERR_WORDMASK_DOWNLOAD',
        `${url}: expected sha256 ${options.sha256} but received ${actual}; the file was removed. Check the address and the digest, then run the same command again`,
      )
    }
  }
  await inFile(file, async () => renameSync(part, file))
  rmSync(`${part}.json`, { force: true })
}

class Transient extends WordmaskError {
  constructor(message: string) {
    super('ERR_WORDMASK_DOWNLOAD', message)
  }
}

async function fetchPart(url: string, part: string, options: DownloadOptions): Promise<void> {
  const state = readState(part)
  const from = state?.url === url && state.validator ? sizeOf(part) : 0
  const headers: Record<string, string> = { ...options.headers, 'accept-encoding': 'identity' }
  if (from > 0) Object.assign(headers, { range: `bytes=${from}-`, 'if-range': state?.validator })
  const stall = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(new Transient('no data came for a while')), options.stallTimeout ?? 60_000)
  }
  try {
    alive()
    const signal = options.signal ? AbortSignal.any([stall.signal, options.signal]) : stall.signal
    const response = await fetch(url, { headers, signal })
    if (response.status === 416) {
      discard(part)
      throw new Transient('the server refused to go on where the download stopped')
    }
    if (response.status >= 500 || response.status === 429)
      throw new Transient(`the server answered ${response.status} ${response.statusText}`)
    if (!response.ok || !response.body) {
      throw new WordmaskError(
        'ERR_WORDMASK_DOWNLOAD',
        `${url}: the server answered ${response.status} ${response.statusText}. Check the address`,
      )
    }
    const start = response.status === 206 ? from : 0
    const length = response.headers.get('content-length')
    const total = length === null ? undefined : start + Number(length)
    const validator = response.headers.get('etag') ?? response.headers.get('last-modified') ?? undefined
    const handle = await inFile(part, () => open(part, start > 0 ? 'a' : 'w'))
    try {
      await inFile(part, async () => writeFileSync(`${part}.json`, JSON.stringify({ url, validator })))
      let done = start
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        alive()
        await inFile(part, () => handle.write(chunk))
        done += chunk.length
        options.onProgress?.(done, total)
      }
      if (total !== undefined && done !== total) throw new Transient(`the connection ended after ${done} of ${total} bytes`)
      await inFile(part, () => handle.sync())
    } finally {
      await handle.close()
    }
  } finally {
    clearTimeout(timer)
  }
}

function readState(part: string): { url: string; validator?: string } | undefined {
  if (!existsSync(part) || !existsSync(`${part}.json`)) return undefined
  try {
    return JSON.parse(readFileSync(`${part}.json`, 'utf8'))
  } catch {
    return undefined
  }
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0
}

function discard(part: string): void {
  rmSync(part, { force: true })
  rmSync(`${part}.json`, { force: true })
}

async function inFile<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw ioError(file, error)
  }
}

export function ioError(file: string, error: unknown): WordmaskError {
  const { code, message } = error as NodeJS.ErrnoException
  const advice =
    code === 'ENOSPC'
      ? 'The disk is full: free space, or set XDG_CACHE_HOME to a folder on another disk, then run the same command again'
      : 'Make it writable, or set XDG_CACHE_HOME to a folder that is, then run the same command again'
  return new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file} (${code ?? message}). ${advice}`, { cause: error })
}

function describe(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  return cause?.code ?? cause?.message ?? (error as Error).message
}
