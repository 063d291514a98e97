import { expect } from 'vitest'

expect.extend({
  /** Rejects or throws with this WordmaskError code; the message must match the pattern. */
  toHaveCode(received: unknown, code: string, pattern?: RegExp) {
    const error = received as { code?: string; message?: string } | undefined
    const pass = error?.code === code && (pattern === undefined || pattern.test(error.message ?? ''))
    return { pass, message: () => `expected code ${code}${pattern ? ` and ${pattern}` : ''}, received ${error?.code}: ${error?.message}` }
  },
})

declare module 'vitest' {
  interface Matchers<T = any> {
    toHaveCode(code: string, pattern?: RegExp): T
  }
}
