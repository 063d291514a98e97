import { WordmaskError } from '../errors'
import { Transient } from '../hub/http'
import { redact } from '../redact'
import { contentRange } from './content-range'
import type { Address } from './https-url'
import { Busy } from './resume'

/** An answer that is not the file, as what to throw: worth another attempt, or an error with the next thing to do. */
export function refusal(address: Address, answer: Response | WordmaskError): Error {
  const { shown } = address
  if (answer instanceof WordmaskError) return new WordmaskError('ERR_WORDMASK_IO', redact(answer.message), { cause: answer.cause })
  const { status, statusText } = answer
  const words = `the server answered ${status} ${statusText}`.trimEnd()
  if (status === 429 || status === 503) return busy(words, answer.headers.get('retry-after'))
  if (status >= 500 || status === 408) return new Transient(words)
  if (status === 404 || status === 410) return new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${shown} does not exist: ${words}`)
  const say = (text: string) => new WordmaskError('ERR_WORDMASK_IO', `Cannot read ${shown}: ${text}`)
  if (status === 416) {
    const { total } = contentRange(answer.headers.get('content-range'))
    return say(`the range that was asked for lies beyond its end${total === undefined ? '' : ` (it has ${total} bytes)`}`)
  }
  if (status === 401 || status === 403)
    return say(`${words}. Put NAME:PASSWORD and an @ before the host, or sign the address anew if it was signed`)
  return say(words)
}

/** Seconds or a date; what is longer than a minute is not waited for as a whole. */
function busy(words: string, retryAfter: string | null): Transient {
  if (!retryAfter) return new Transient(words)
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return Number.isFinite(seconds) ? new Busy(words, Math.min(Math.max(seconds, 0), 60) * 1000) : new Transient(words)
}
