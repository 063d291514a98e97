import { invalidArgument } from './errors'

/** Calls from JavaScript bring anything: what TypeScript promises is asked for once more where it would fail without a code. */
export function checkString(name: string, value: unknown, expected = 'a string'): asserts value is string {
  if (typeof value !== 'string') throw invalidArgument(name, expected, value)
}

export function checkPath(name: string, value: unknown): asserts value is string {
  // For the system a path ends at its first NUL.
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw invalidArgument(name, 'a path', value)
}

export function checkArray(name: string, value: unknown, expected: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgument(name, expected, value)
}

/** An integer of `least` or more. */
export function checkInteger(name: string, value: unknown, least: number): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw invalidArgument(name, `an integer of ${least} or more`, value)
}

export function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}

export function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return isObject(value) && (typeof value[Symbol.iterator] === 'function' || typeof value[Symbol.asyncIterator] === 'function')
}
