import { redact } from './redact'

/** Stable codes; native/base/error.h holds the same names for what is thrown natively. */
export type ErrorCode =
  | 'ERR_WORDMASK_INVALID_ARGUMENT'
  | 'ERR_WORDMASK_UNKNOWN_OPTION'
  | 'ERR_WORDMASK_FILE_NOT_FOUND'
  | 'ERR_WORDMASK_IO'
  | 'ERR_WORDMASK_IMAGE'
  | 'ERR_WORDMASK_IMAGE_TOO_LARGE'
  | 'ERR_WORDMASK_CLASSES'
  | 'ERR_WORDMASK_ABSENT'
  | 'ERR_WORDMASK_TEMPLATE'
  | 'ERR_WORDMASK_VOCABULARY'
  | 'ERR_WORDMASK_TEXT_TOO_LONG'
  | 'ERR_WORDMASK_MODEL_NOT_FOUND'
  | 'ERR_WORDMASK_CHECKPOINT'
  | 'ERR_WORDMASK_CHECKPOINT_FORBIDDEN'
  | 'ERR_WORDMASK_CHECKPOINT_KEYS'
  | 'ERR_WORDMASK_VECTORS'
  | 'ERR_WORDMASK_ARCHIVE'
  | 'ERR_WORDMASK_ARCHIVE_MODEL'
  | 'ERR_WORDMASK_READ_ONLY'
  | 'ERR_WORDMASK_VERSION'
  | 'ERR_WORDMASK_DEVICE'
  | 'ERR_WORDMASK_DISPOSED'
  | 'ERR_WORDMASK_ABORTED'
  | 'ERR_WORDMASK_BUSY'
  | 'ERR_WORDMASK_MEMORY'
  | 'ERR_WORDMASK_DOWNLOAD'
  | 'ERR_WORDMASK_NATIVE_LOAD'
  | 'ERR_WORDMASK_PEER'
  | 'ERR_WORDMASK_QUEUE'
  | 'ERR_WORDMASK_INTERNAL'

/**
 * The one error class of the package. `code` is stable, `message` names what was expected, what came and what to do; secrets of URIs in it
 * are struck out.
 */
export class WordmaskError extends Error {
  override readonly name = 'WordmaskError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(redact(message), options)
  }
}

/** One wording for every bad argument. */
export function invalidArgument(name: string, expected: string, received: unknown): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected ${expected} for ${name} but received ${describe(received)}`)
}

/** A file of a later wordmask. @param what the file @param found its format @param known the latest that is read here */
export function newerFormat(what: string, found: unknown, known: number): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_VERSION',
    `${what} has format ${found}; this wordmask reads up to ${known}. Update it: npm install wordmask@latest`,
  )
}

/** For constructors that only the package calls. */
export function madeElsewhere(name: string, maker: string): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected a ${name} to come from ${maker}, not from new ${name}`)
}

/** "an AbortSignal", "a Uint8Array", "a URL". */
export const withArticle = (name: string): string => `${/^([aeio]|un)/i.test(name) ? 'an' : 'a'} ${name}`

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  return withArticle(value.constructor?.name ?? 'object')
}
