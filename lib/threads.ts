import { availableParallelism } from 'node:os'
import { invalidArgument } from './errors'

/** Most threads of one tensor operation that can be asked for. */
export const maxThreads = 1024

export interface CoreDivision {
  /** Cores this process may run on. */
  cores: number
  /**
   * Threads of one tensor operation. One operation runs at a time a device, so it gets every core. The first of: the
   * `threads` option of Clip.load, WORDMASK_THREADS, OMP_NUM_THREADS, the cores.
   */
  tensor: number
  /** Threads sharp uses on one image; images are decoded side by side instead. */
  decodePerImage: number
  /** libuv's pool: how many images are decoded, and files read, at once. */
  pool: number
}

/**
 * How the cores are divided, said in one place (design.md 5): more runnable threads than cores cost milliseconds a parallel region, so
 * decoding runs on libuv's pool with one thread an image, and tensors on one queue a device. Computed once a process.
 */
export function divideCores(cores = availableParallelism(), env: Record<string, string | undefined> = process.env): CoreDivision {
  const positive = (text: string | undefined): number | undefined => (text && /^[1-9]\d*$/.test(text) ? Number(text) : undefined)
  const tensor = positive(env.WORDMASK_THREADS) ?? positive(env.OMP_NUM_THREADS) ?? cores
  return { cores, tensor, decodePerImage: 1, pool: positive(env.UV_THREADPOOL_SIZE) ?? 4 }
}

/** WORDMASK_THREADS, undefined where it is not set. @throws ERR_WORDMASK_INVALID_ARGUMENT unless a whole number from 1 to 1024 */
export function threadsWanted(env: Record<string, string | undefined> = process.env): number | undefined {
  const text = env.WORDMASK_THREADS
  if (text === undefined || text === '') return undefined
  const threads = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (threads < 1 || threads > maxThreads) throw invalidArgument('WORDMASK_THREADS', `a whole number from 1 to ${maxThreads}`, text)
  return threads
}
