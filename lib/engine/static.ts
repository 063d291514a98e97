import { setTimeout as delay } from 'node:timers/promises'
import { invalidArgument } from '../errors'
import type { Handle, ShardEngine, WorkOptions } from './engine'

/** Where each open shard is in other hands (the same part was started twice), in ms. */
const lookAgain = 1000

/** One of `of` equal parts, counted from 0. */
export interface Part {
  index: number
  of: number
}

/** `--shard 0/8`: the first of eight. @throws ERR_WORDMASK_INVALID_ARGUMENT */
export function parsePart(text: string): Part {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? []
  if (index === undefined || of === undefined || of < 1 || index >= of)
    throw invalidArgument('--shard', 'i/n with i from 0 to n - 1, as in 0/8 for the first of eight', text)
  return { index, of }
}

/** The ids of a part: each n-th in ascending order, so that processes with the same plan divide it alike. */
export function idsOfPart(ids: Iterable<string>, { index, of }: Part): string[] {
  return [...ids].sort().filter((_, position) => position % of === index)
}

/**
 * For job arrays: every process makes the same plan and does each n-th shard of it; they know nothing of one another. Run a
 * part again and it does what it has not done.
 */
export class StaticEngine implements ShardEngine {
  readonly way = 'static'

  constructor(private readonly ids: readonly string[]) {}

  /** Its shards were given to it. */
  async offer(): Promise<void> {}

  async work(handle: Handle, { stop, signal }: WorkOptions = {}): Promise<void> {
    let open = [...this.ids]
    while (open.length > 0) {
      const again: string[] = []
      for (const id of open) {
        if (stop?.aborted || signal?.aborted) return
        const { state } = await handle(id)
        if (state === 'again' || state === 'busy') again.push(id)
      }
      if (again.length === open.length) await delay(lookAgain, undefined, { signal }).catch(() => {})
      open = again
    }
  }

  async close(): Promise<void> {}
}
