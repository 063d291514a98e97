/** Numbers in [0, 1) that are the same on every machine (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` different integers of 0 .. n - 1 in random order (Fisher-Yates of the part that is asked for). */
export function sample(n: number, count: number, seed: number): number[] {
  const next = seeded(seed)
  const moved = new Map<number, number>()
  const at = (i: number) => moved.get(i) ?? i
  return Array.from({ length: Math.min(n, count) }, (_, i) => {
    const j = i + Math.floor(next() * (n - i))
    const drawn = at(j)
    moved.set(j, at(i))
    return drawn
  })
}
