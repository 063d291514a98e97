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
  const pool = Number(env.UV_THREADPOOL_SIZE)
  return { cores, tensor: cores, decodePerImage: 1, pool: Number.isInteger(pool) && pool > 0 ? pool : 4 }
}
