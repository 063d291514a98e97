import { availableParallelism } from 'node:os'

export interface CoreDivision {
  /** Cores this process may run on. */
  cores: number
  /** Threads of one tensor operation. One operation runs at a time a device, so it gets every core. */
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
  // What LibTorch and libuv take by themselves; setThreads changes the first.
  return { cores, tensor: positive(env.OMP_NUM_THREADS) ?? cores, decodePerImage: 1, pool: positive(env.UV_THREADPOOL_SIZE) ?? 4 }
}
