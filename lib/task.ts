import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events'
import type { Task } from '../binding'
import { binding } from './binding'
import { abortedError, throwIfAborted } from './options'

/** One signal for hundreds of calls in flight is no leak, of which Node would warn; a limit that somebody has set is left. */
export function expectMany(signal: AbortSignal): void {
  try {
    if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(Number.POSITIVE_INFINITY, signal)
  } catch {
    // Node 20 does not find a limit of 0, which means none.
  }
}

/** Calls `react` when the signal fires, or now if it has. -> what takes the listener off */
export function onAbort(signal: AbortSignal, react: () => void): () => void {
  expectMany(signal)
  if (signal.aborted) react()
  else signal.addEventListener('abort', react, { once: true })
  return () => signal.removeEventListener('abort', react)
}

/** Runs native calls under a signal: an abort cancels what is queued or running, and the rejection carries its reason. */
export async function withSignal<T>(signal: AbortSignal | undefined, run: (task: Task) => Promise<T>): Promise<T> {
  if (!signal) return run({})
  throwIfAborted(signal)
  const token = new (binding().CancelToken)()
  const off = onAbort(signal, () => token.cancel())
  try {
    return await run({ cancel: token })
  } catch (error) {
    if (signal.aborted && (error as { code?: string }).code === 'ERR_WORDMASK_ABORTED') throw abortedError(signal)
    throw error
  } finally {
    off()
  }
}

/** Waits for `promise` or for the signal, whichever comes first; the work goes on for others who wait. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  if (signal.aborted) {
    // Nobody waits for it any more; what it fails with later must not count as unhandled.
    promise.catch(() => {})
    throw abortedError(signal)
  }
  let off: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    off = onAbort(signal, () => reject(abortedError(signal)))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    off?.()
  }
}

/** Work that several callers wait for: it is cancelled only when all of them have given up. */
export class SharedTask<T> {
  private waiting = 0
  private readonly abort = new AbortController()
  readonly result: Promise<T>
  settled = false

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.result = work(this.abort.signal).finally(() => {
      this.settled = true
    })
    this.result.catch(() => {})
  }

  get cancelled(): boolean {
    return this.abort.signal.aborted
  }

  async wait(signal: AbortSignal | undefined): Promise<T> {
    this.waiting++
    try {
      return await orAbort(this.result, signal)
    } finally {
      if (--this.waiting === 0 && !this.settled) this.abort.abort()
    }
  }
}
