export interface OrderedOptions {
  /** Items in work at once, 1 or more. */
  concurrency: number
  signal?: AbortSignal | undefined
}

/**
 * `work` applied to a stream, results in order. Reads at most `concurrency` items ahead of what the reader has taken, so
 * a slow reader slows the source down. Leaving the loop early closes the source once running work has ended.
 */
export async function* mapOrdered<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  work: (item: T, index: number) => Promise<R>,
  { concurrency, signal }: OrderedOptions,
): AsyncGenerator<R> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  const running: Promise<R>[] = []
  let index = 0
  let open = true
  try {
    while (true) {
      while (open && running.length < concurrency) {
        signal?.throwIfAborted()
        const next = await iterator.next()
        if (next.done) {
          open = false
          break
        }
        const result = work(next.value, index++)
        // A later item that fails while an earlier one is awaited must not count as unhandled.
        result.catch(() => {})
        running.push(result)
      }
      const first = running.shift()
      if (!first) return
      yield await first
    }
  } finally {
    await Promise.allSettled(running)
    if (open) await iterator.return?.()
  }
}
