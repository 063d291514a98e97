import { setImmediate } from 'node:timers/promises'

export interface DiverseOptions {
  /**
   * 'mmr' (maximal marginal relevance, Carbonell and Goldstein 1998): next is argmax λ r(i) - (1 - λ) max over taken j of
   * cos(i, j), where r is the score scaled to [0, 1] over the pool.
   * 'k-centre' (Gonzalez 1985): next is argmax min over taken j of 1 - cos(i, j), beginning with the best score.
   */
  method: 'mmr' | 'k-centre'
  /** λ of mmr: 1 is the order of scores, 0 looks at diversity alone. Default 0.7. */
  lambda?: number
  /** Images are chosen among the `pool` x wanted best scores. At least 1; default 3. */
  pool?: number
}

/** In which order images that a class may have are taken; a bare name has the defaults. */
export type Diverse = DiverseOptions['method'] | DiverseOptions

export const defaultLambda = 0.7
export const defaultPool = 3

export interface Eligible {
  /** Cosine with the class. */
  score: number
  vector: Float32Array
}

/** Updates of the distances between two breaths of the event loop. */
const workAtOnce = 4_000_000

/**
 * The order in which images are offered, until `take` has said yes `wanted` times. An image that `take` refuses is not counted as
 * taken. `items` are best first; `already` were taken before.
 */
export async function offerDiverse<T extends Eligible>(
  items: readonly T[],
  already: readonly Eligible[],
  wanted: number,
  diverse: Diverse,
  take: (item: T) => boolean,
): Promise<void> {
  const options: DiverseOptions = typeof diverse === 'string' ? { method: diverse } : diverse
  const open = items.slice(0, Math.ceil((options.pool ?? defaultPool) * wanted))
  const rank = options.method === 'mmr' ? relevance(open, options.lambda ?? defaultLambda) : distance
  // Largest cosine with what was taken; -1 while nothing was.
  const near = new Float64Array(open.length).fill(-1)
  const gone = new Uint8Array(open.length)
  for (const { vector } of already) update(near, open, gone, vector)
  let taken = 0
  let since = 0
  let left = open.length
  while (left > 0 && taken < wanted) {
    let best = -1
    let most = Number.NEGATIVE_INFINITY
    for (let i = 0; i < open.length; i++) {
      if (gone[i]) continue
      const value = rank(i, near[i] as number, taken + already.length)
      if (value > most) {
        most = value
        best = i
      }
    }
    gone[best] = 1
    left--
    const item = open[best] as T
    if (!take(item)) continue
    taken++
    update(near, open, gone, item.vector)
    since += left * item.vector.length
    if (since < workAtOnce) continue
    since = 0
    await setImmediate()
  }
}

type Rank = (i: number, near: number, taken: number) => number

function relevance(items: readonly Eligible[], lambda: number): Rank {
  const most = items[0]?.score ?? 0
  const least = items.at(-1)?.score ?? 0
  const scale = most > least ? 1 / (most - least) : 0
  // Until something is taken there is nothing to be like.
  return (i, near, taken) => lambda * ((items[i] as Eligible).score - least) * scale - (taken === 0 ? 0 : (1 - lambda) * near)
}

/** Of equal distances, and at the start, the better score: items come best first. */
const distance: Rank = (_, near, taken) => (taken === 0 ? 0 : 1 - near)

function update(near: Float64Array, items: readonly Eligible[], gone: Uint8Array, vector: Float32Array): void {
  const d = vector.length
  for (let i = 0; i < items.length; i++) {
    if (gone[i]) continue
    const other = (items[i] as Eligible).vector
    let sum = 0
    for (let j = 0; j < d; j++) sum += (vector[j] as number) * (other[j] as number)
    if (sum > (near[i] as number)) near[i] = sum
  }
}
