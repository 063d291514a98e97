import type { Metadata } from './types'

/**
 * What a row's metadata may hold: strings, finite numbers, booleans, null. 64-bit integers beyond 2^53 become strings, dates ISO 8601,
 * lists and objects JSON; NaN and infinities null.
 */
export function scalar(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (value === null || value === undefined) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? scalar(inner) : inner)) ?? null
}

export function metadataOf(fields: Record<string, unknown>, leaveOut: readonly (string | undefined)[] = []): Metadata {
  const metadata: Metadata = {}
  for (const [name, value] of Object.entries(fields)) if (!leaveOut.includes(name)) metadata[name] = scalar(value)
  return metadata
}

/** What all values of a CSV column look like; undefined for text, and where every value is blank. */
export function typeOf(values: readonly string[]): 'number' | 'boolean' | undefined {
  const given = values.filter((value) => value !== '')
  if (given.length === 0) return undefined
  if (given.every((value) => isNumber.test(value))) return 'number'
  return given.every((value) => /^(true|false)$/i.test(value)) ? 'boolean' : undefined
}

/** Written as a number is: '007' is none. */
const isNumber = /^-?(0|[1-9]\d{0,15})(\.\d+)?(e[+-]?\d{1,3})?$/i

/** Undefined where the text is none of this type; blank is null. */
export function typed(text: string, type: 'number' | 'boolean' | undefined): string | number | boolean | null | undefined {
  if (type === undefined) return text
  if (text === '') return null
  if (type === 'number') return isNumber.test(text) ? Number(text) : undefined
  return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined
}
