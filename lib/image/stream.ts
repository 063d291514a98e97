import { invalidArgument } from '../errors'
import { throwIfAborted } from '../options'
import { onAbort, orAbort } from '../task'

export interface OrderedOptions {
  /** Items in work at once, 1 or more. */
  concurrency: number
  signal?: AbortSignal | undefined
}

/**
 * `work` applied to a stream, results in order. Reads at most `concurrency` items ahead of what the reader has taken, so
 * a slow reader slows the source down. Leaving the loop early, an abort or a failure aborts the work that is still running, and
 * the source is closed. An abort does not wait for a source that hangs. What the source throws is thrown as it is.
 */
export async function* mapOrdered<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  work: (item: T, index: number, signal: AbortSignal) => Promise<R>,
  { concurrency, signal }: OrderedOptions,
): AsyncGenerator<R> {
  const items = new Source(source)
  const stop = new AbortController()
  const off = signal && onAbort(signal, () => stop.abort(signal.reason))
  const running: Promise<R>[] = []
  let index = 0
  let ended = false
  try {
    while (true) {
      while (!items.done && running.length < concurrency) {
        throwIfAborted(signal)
        const next = await items.next(signal)
        if (next.done) break
        const result = work(next.value, index++, stop.signal)
        // A later item that fails while an earlier one is awaited must not count as unhandled.
        result.catch(() => {})
        running.push(result)
      }
      throwIfAborted(signal)
      const first = running.shift()
      if (!first) break
      yield await first
    }
    ended = true
  } finally {
    off?.()
    if (!ended) {
      stop.abort(signal?.reason)
      await Promise.allSettled(running)
      await items.close(signal?.aborted === true)
    }
  }
}

/** An iterator and where it stands. */
class Source<T> {
  done = false
  private asking = false
  private readonly iterator: Iterator<T> | AsyncIterator<T>

  constructor(source: Iterable<T> | AsyncIterable<T>) {
    const async = (source as AsyncIterable<T>)[Symbol.asyncIterator]
    this.iterator = typeof async === 'function' ? async.call(source) : (source as Iterable<T>)[Symbol.iterator]()
    if (typeof this.iterator?.next !== 'function') throw invalidArgument('images', 'an iterable whose iterator has next()', this.iterator)
  }

  async next(signal: AbortSignal | undefined): Promise<IteratorResult<T>> {
    this.asking = true
    const answer = Promise.resolve()
      .then(() => this.iterator.next())
      .then((next) => {
        this.asking = false
        this.done = next.done === true
        return next
      })
    // What has thrown is over, as in for await.
    answer.catch(() => {
      this.asking = false
      this.done = true
    })
    return orAbort(answer, signal)
  }

  /** Asks the source to end; one that has yet to answer, or that nobody wants to wait for, ends when it can. */
  async close(leave: boolean): Promise<void> {
    if (this.done) return
    this.done = true
    const closing = Promise.resolve().then(() => this.iterator.return?.())
    if (leave || this.asking) closing.catch(() => {})
    else await closing
  }
}
