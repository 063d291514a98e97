import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { WordmaskError } from '../errors'
import { makeFolder } from '../setup/make-folder'
import { asTransient, request, Transient } from './http'

export interface Transfer {
  url: string
  /** Where the file ends up; until it is whole and checked it is `incomplete`. */
  file: string
  incomplete: string
  size: number | undefined
  /** sha256 (64 digits) or git's blob sha1 (40 digits); anything else is not a digest of the content. */
  digest: string | undefined
  token?: string
  signal?: AbortSignal
  stallTimeout: number
  onBytes(done: number, total: number | undefined): void
  /** Sentence for the end of an error message: what to type next. */
  advice: string
}

/**
 * One attempt to fetch a file, going on at the end of `incomplete`. Throws Transient where another attempt makes sense. A whole
 * file is checked, then renamed; one that fails the check is removed.
 */
export async function transfer(job: Transfer): Promise<void> {
  await inFile(job.incomplete, () => makeFolder(dirname(job.incomplete)))
  let from = await sizeOf(job.incomplete)
  if (job.size !== undefined && from > job.size) {
    await rm(job.incomplete, { force: true })
    from = 0
  }
  if (from === 0 || from !== job.size) await fetchRest(job, from)
  const size = await sizeOf(job.incomplete)
  if (job.size !== undefined && size !== job.size) {
    await rm(job.incomplete, { force: true })
    throw new WordmaskError(
      'ERR_WORDMASK_DOWNLOAD',
      `${job.url}: expected ${job.size} bytes but received ${size}; they were removed. ${job.advice}`,
    )
  }
  await verify(job)
  await inFile(job.file, () => rename(job.incomplete, job.file))
}

async function fetchRest(job: Transfer, from: number): Promise<void> {
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {}
  const answer = await request(job.url, { headers, token: job.token, signal: job.signal, stallTimeout: job.stallTimeout, follow: 'all' })
  const { response } = answer
  try {
    if (response.status === 416) {
      // The server has fewer bytes than we do: what we have belongs to something else.
      await rm(job.incomplete, { force: true })
      throw new Transient('the server refused to go on where the download stopped (416)')
    }
    if (!response.ok || !response.body) throw statusError(response, job.url, job.advice)
    const start = response.status === 206 ? rangeStart(response, from) : 0
    const length = response.headers.get('content-length')
    const total = length === null ? undefined : start + Number(length)
    const handle = await inFile(job.incomplete, () => open(job.incomplete, start > 0 ? 'a' : 'w'))
    let done = start
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        answer.alive()
        await inFile(job.incomplete, () => handle.write(chunk))
        done += chunk.length
        job.onBytes(done, job.size ?? total)
      }
      await inFile(job.incomplete, () => handle.sync())
    } finally {
      await handle.close()
    }
    const expected = job.size ?? total
    if (expected !== undefined && done < expected) throw new Transient(`the connection ended after ${done} of ${expected} bytes`)
  } catch (error) {
    throw asTransient(error, job.signal)
  } finally {
    answer.stop()
    if (!response.bodyUsed) await response.body?.cancel().catch(() => {})
  }
}

function rangeStart(response: Response, from: number): number {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  if (start !== undefined && Number(start) !== from) throw new Transient(`the server went on at byte ${start} instead of ${from}`)
  return from
}

/** 5xx and 429 are worth another attempt; the rest is not. */
export function statusError(response: Response, url: string, advice: string): Error {
  const words = `the server answered ${response.status} ${response.statusText}`.trimEnd()
  if (response.status >= 500 || response.status === 429) return new Transient(words)
  return new WordmaskError('ERR_WORDMASK_DOWNLOAD', `${url}: ${words}. ${advice}`)
}

async function verify(job: Transfer): Promise<void> {
  if (!job.digest || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(job.digest)) return
  const actual = job.digest.length === 64 ? await digestOf(job.incomplete, 'sha256') : await gitDigest(job.incomplete)
  if (actual === job.digest) return
  await rm(job.incomplete, { force: true })
  const name = job.digest.length === 64 ? 'sha256' : 'git sha1'
  throw new WordmaskError(
    'ERR_WORDMASK_DOWNLOAD',
    `${job.url}: expected ${name} ${job.digest} but received ${actual}; the file was removed. ${job.advice}`,
  )
}

export async function digestOf(file: string, algorithm: 'sha256' | 'sha1', head = ''): Promise<string> {
  const hash = createHash(algorithm).update(head)
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return hash.digest('hex')
}

async function gitDigest(file: string): Promise<string> {
  return digestOf(file, 'sha1', `blob ${await sizeOf(file)}\0`)
}

export async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0
}

/** Errors of the file system in words; ours pass. */
export async function inFile<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (cause instanceof WordmaskError || cause instanceof Transient) throw cause
    const advice =
      code === 'ENOSPC'
        ? 'The disk is full: free space, or set HF_HUB_CACHE to a folder on another disk'
        : 'Set HF_HUB_CACHE to a folder that is writable'
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${message}. ${advice}, then run the same command again`, { cause })
  }
}
