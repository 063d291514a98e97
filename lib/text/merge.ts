/** Pairs that could be joined, as rank * 2^32 + position: the lowest rank first, and of one rank the leftmost. */
class Heap {
  private readonly keys: number[] = []

  push(key: number): void {
    const { keys } = this
    let at = keys.push(key) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((keys[parent] as number) <= key) break
      keys[at] = keys[parent] as number
      at = parent
    }
    keys[at] = key
  }

  pop(): number | undefined {
    const { keys } = this
    const top = keys[0]
    const last = keys.pop()
    if (top === undefined || last === undefined || keys.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= keys.length) break
      if (child + 1 < keys.length && (keys[child + 1] as number) < (keys[child] as number)) child++
      if ((keys[child] as number) >= last) break
      keys[at] = keys[child] as number
      at = child
    }
    keys[at] = last
    return top
  }
}

/**
 * Joins neighbours, the lowest rank first, until none can be joined. `join` gives the id of a pair, which is its rank, too: a
 * pair with a joined id ranks behind the one that made it, so that one at a time is the same as all of a rank together. n log n
 * steps, also for a word of a million letters.
 */
export function mergePairs(given: readonly number[], join: (left: number, right: number) => number | undefined): number[] {
  const ids = [...given]
  const next = ids.map((_, i) => i + 1)
  const before = ids.map((_, i) => i - 1)
  const gone = new Uint8Array(ids.length)
  const heap = new Heap()
  const offer = (left: number) => {
    const right = next[left] as number
    if (right >= ids.length) return
    const joined = join(ids[left] as number, ids[right] as number)
    if (joined !== undefined) heap.push(joined * 2 ** 32 + left)
  }
  for (let i = 0; i + 1 < ids.length; i++) offer(i)
  for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
    const joined = Math.floor(key / 2 ** 32)
    const left = key - joined * 2 ** 32
    const right = next[left] as number
    // What was offered may have been joined otherwise since.
    if (gone[left] || right >= ids.length || join(ids[left] as number, ids[right] as number) !== joined) continue
    ids[left] = joined
    gone[right] = 1
    const after = next[right] as number
    next[left] = after
    if (after < ids.length) before[after] = left
    if ((before[left] as number) >= 0) offer(before[left] as number)
    offer(left)
  }
  return ids.filter((_, i) => !gone[i])
}
