import { setTimeout as delay } from 'node:timers/promises'
import { WordmaskError } from '../errors'
import { Transient } from '../hub/http'
import { abortedError, throwIfAborted } from '../options'
import { redact } from '../redact'

/** A body that has begun to come. */
export interface Piece {
  body: AsyncIterable<Uint8Array>
  /** Bytes of this body, where the server said so. */
  bytes?: number
  version?: string
}

/** A server that asks to be left alone for `after` ms. */
export class Busy extends Transient {
  constructor(
    message: string,
    readonly after: number,
  ) {
    super(message)
  }
}

export interface Resume {
  uri: string
  /** Attempts after the first without a byte in between. */
  retries: number
  /** ms before the first of them; doubles, up to 20 s. */
  retryDelay: number
  signal?: AbortSignal
  /** Opens what is left from byte `from` of the whole; `version` is that of the first piece. */
  open(from: number, version: string | undefined): Promise<Piece>
  /** What to do next, where it never came whole. */
  advice: string
}

/** The bytes of a body; one that breaks goes on where it broke. @throws ERR_WORDMASK_IO, ERR_WORDMASK_ABORTED */
export async function* resumed(job: Resume): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0
  let total: number | undefined
  let version: string | undefined
  for (let failures = 0; ; ) {
    try {
      throwIfAborted(job.signal)
      const piece = await job.open(at, version)
      version ??= piece.version
      if (piece.bytes !== undefined) total ??= at + piece.bytes
      for await (const chunk of piece.body) {
        at += chunk.length
        failures = 0
        if (total !== undefined && at > total) throw tooMany(job.uri, total)
        yield chunk
      }
      if (total === undefined || at === total) return
      throw new Transient(`the connection ended after ${at} of ${total} bytes`)
    } catch (error) {
      await again(job, error, failures++)
    }
  }
}

/** The answer of one request that is tried again as `resumed` does. */
export async function repeated<T>(job: Omit<Resume, 'open'>, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      throwIfAborted(job.signal)
      return await attempt()
    } catch (error) {
      await again(job, error, failures)
    }
  }
}

async function again(job: Omit<Resume, 'open'>, error: unknown, failures: number): Promise<void> {
  if (job.signal?.aborted) throw abortedError(job.signal)
  if (!(error instanceof Transient)) throw error
  if (failures >= job.retries) {
    const tries = failures === 0 ? '' : ` (${failures + 1} attempts)`
    throw new WordmaskError('ERR_WORDMASK_IO', redact(`Cannot read ${job.uri}: ${error.message}${tries}. ${job.advice}`))
  }
  const pause = error instanceof Busy ? error.after : Math.min(job.retryDelay * 2 ** failures, 20_000)
  await delay(pause, undefined, { signal: job.signal }).catch(() => {})
}

function tooMany(uri: string, total: number): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_IO', redact(`Expected ${total} bytes of ${uri} but more came; what was read is not to be trusted`))
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
