import { readFileSync } from 'node:fs'

/** Milliseconds this thread was ready to run but had no core, since it began: not our doing on a busy machine. */
const starved = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6

/** Longest time without a turn of the event loop while `work` was under way, in milliseconds, and the number of turns. */
export async function longestSilence(work: () => Promise<unknown>): Promise<{ longest: number; turns: number }> {
  const seen = { longest: 0, turns: 0 }
  const clock = () => performance.now() - starved()
  let last = clock()
  const turn = () => {
    const now = clock()
    seen.longest = Math.max(seen.longest, now - last)
    seen.turns++
    last = now
  }
  const timer = setInterval(turn, 1)
  await work()
  turn()
  clearInterval(timer)
  return seen
}
