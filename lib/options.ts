import { z } from 'zod'
import { invalidArgument, WordmaskError, withArticle } from './errors'

/** What every long call takes. */
export interface RunOptions {
  /**
   * Aborting rejects the call with ERR_WORDMASK_ABORTED (`cause` is the signal's reason) and leaves the object usable. What was
   * aborted before the call does not begin; an abort after it changes nothing.
   */
  signal?: AbortSignal
  /**
   * Called on the way and once at the end; `total` is undefined for streams. Units are the call's own. What it throws ends the
   * call, which stops as for an abort, and is what the call rejects with, as it is.
   */
  onProgress?: (done: number, total: number | undefined) => void
}

/** Row-major tensor: element [i, j] of shape [n, m] is data[i * m + j]. */
export interface Tensor<Data = Float32Array> {
  data: Data
  shape: number[]
}

export const positiveInteger = z.number().int().positive()

export const runOptions = {
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z.custom<NonNullable<RunOptions['onProgress']>>((value) => typeof value === 'function', 'a function').optional(),
}

/** maxPending, of whatever has one. */
export const pendingLimit = z.number().int().nonnegative().optional()

export const slideOptions = z.strictObject({ crop: positiveInteger, stride: positiveInteger }).optional()

/**
 * Checks the options of a call. @throws ERR_WORDMASK_UNKNOWN_OPTION with the name meant, ERR_WORDMASK_INVALID_ARGUMENT with
 * what was expected and what came.
 */
export function checkOptions<Shape extends z.core.$ZodLooseShape>(
  call: string,
  schema: z.ZodObject<Shape>,
  options: unknown,
): z.infer<z.ZodObject<Shape>> {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalidArgument(`the options of ${call}`, 'an object', options)
  const result = schema.safeParse(options)
  if (result.success) return result.data
  const unknown = result.error.issues.find((issue) => issue.code === 'unrecognized_keys')
  if (unknown) throw unknownOption(call, unknown, schema)
  const issue = result.error.issues[0] as z.core.$ZodIssue
  throw invalidArgument(`${call}: ${issue.path.join('.')}`, expectation(issue), valueAt(options, issue.path))
}

function unknownOption(call: string, issue: z.core.$ZodIssueUnrecognizedKeys, schema: z.ZodObject): WordmaskError {
  const name = issue.keys[0] as string
  let shape: z.core.$ZodLooseShape = schema.shape
  for (const step of issue.path) {
    let inner = shape[step as string] as unknown
    while (inner instanceof z.ZodOptional) inner = inner.unwrap()
    shape = inner instanceof z.ZodObject ? inner.shape : {}
  }
  const known = Object.keys(shape)
  const meant = nearest(name, known)
  const where = [call, ...issue.path].join('.')
  const hint = meant === undefined ? (known.length > 0 ? `Known are ${known.join(', ')}.` : '') : `Did you mean ${JSON.stringify(meant)}?`
  return new WordmaskError('ERR_WORDMASK_UNKNOWN_OPTION', `${where} has no option ${JSON.stringify(name)}. ${hint}`.trimEnd())
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if ((issue.expected as string) === 'int') return 'a whole number'
      return withArticle(issue.expected)
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ')
    case 'too_small':
      return `at least ${issue.inclusive === false ? `more than ${issue.minimum}` : issue.minimum}`.replace('at least more', 'more')
    case 'too_big':
      return issue.inclusive === false ? `less than ${issue.maximum}` : `at most ${issue.maximum}`
    default:
      return issue.message
  }
}

const valueAt = (value: unknown, path: PropertyKey[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value)

/** The known name that a misspelt one is closest to: at most two edits, or a third of its letters. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = edits(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length] as number
}

export function abortedError(signal: AbortSignal): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_ABORTED', 'The call was aborted by its signal', { cause: signal.reason })
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal)
}
