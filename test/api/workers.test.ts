import { beforeAll, describe, expect, test } from 'vitest'
import { type Ended, runChild } from '../helpers/native'

/** Unit vectors of the calls of a round. Calls in flight share passes, and small products may be summed in another order. */
const vectors = (round: string) =>
  round.split(',').flatMap((text) => [...new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer)])
function expectSame(round: string, other: string): void {
  const [values, others] = [vectors(round), vectors(other)]
  expect(values).toHaveLength(others.length)
  expect(Math.max(...values.map((value, i) => Math.abs(value - others[i]!)))).toBeLessThan(1e-6)
}

describe('two worker threads and the main thread use the addon at once', () => {
  let ended: Ended
  let seen: { together: string[][]; code: number; seconds: number; after: string }
  beforeAll(async () => {
    ended = await runChild('workers.cjs', [])
    seen = JSON.parse(ended.stdout || '{}')
  })

  test('the process ends by itself with code 0', () => {
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null })
  })

  test('every thread gets the same answers in every round, to the rounding of a unit vector', () => {
    const rounds = seen.together.flat()
    expect(seen.together).toHaveLength(3)
    for (const round of rounds) expectSame(round, rounds[0]!)
    const [one, two] = rounds[0]!.split(',')
    expect(() => expectSame(one!, two!), 'other pictures, other answers').toThrow()
  })

  test('terminate() cuts off the work of its own thread: 20 calls that waited are dropped, the running one stops', () => {
    expect(seen.code).toBe(1)
    expect(seen.seconds).toBeLessThan(5)
  })

  test('and a call of the main thread that waited behind them is answered', () => {
    expectSame(seen.after, seen.together[0]![0]!.split(',')[0]!)
  })
})
