/**
 * Items in lists of at most `size`; a list goes out early when the source lets wait for longer than `patience` milliseconds.
 * Leaving the loop closes the source.
 */
export async function* inChunks<T>(source: AsyncIterable<T> | Iterable<T>, size: number, patience: number): AsyncGenerator<T[]> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let ended = false
  let next = ask(iterator)
  try {
    while (!ended) {
      const list: T[] = []
      const timer = new Timer(patience)
      while (list.length < size) {
        const answer = list.length === 0 ? await next : await Promise.race([next, timer.over])
        if (answer === 'late') break
        if (answer.done) {
          ended = true
          break
        }
        list.push(answer.value)
        next = ask(iterator)
      }
      timer.clear()
      if (list.length > 0) yield list
    }
  } catch (error) {
    ended = true
    throw error
  } finally {
    if (!ended) {
      next.catch(() => {})
      // A source that has yet to answer ends when it can.
      void Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }
}

function ask<T>(iterator: AsyncIterator<T> | Iterator<T>): Promise<IteratorResult<T>> {
  const answer = Promise.resolve().then(() => iterator.next())
  // It may fail while nobody waits for it yet.
  answer.catch(() => {})
  return answer
}

class Timer {
  readonly over: Promise<'late'>
  private timer: NodeJS.Timeout | undefined
  constructor(ms: number) {
    this.over = new Promise((resolve) => {
      this.timer = setTimeout(() => resolve('late'), ms)
    })
  }
  clear(): void {
    clearTimeout(this.timer)
  }
}
