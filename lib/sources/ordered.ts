import type { Reject } from '../archive/types'
import { mapOrdered } from '../image/stream'
import type { Context } from './types'

/** `work` on several items of a stream at once; what it gives and what it rejects are told in the order of the stream. */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  work: (item: T, context: Context) => Promise<R>,
  context: Context,
  concurrency: number,
): AsyncGenerator<R, void, undefined> {
  const told = async (item: T) => {
    const rejects: Reject[] = []
    const result = await work(item, { ...context, onReject: (reject) => rejects.push(reject) })
    return { result, rejects }
  }
  for await (const { result, rejects } of mapOrdered(items, told, { concurrency, signal: context.signal })) {
    for (const reject of rejects) context.onReject(reject)
    yield result
  }
}
