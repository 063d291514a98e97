import { beforeAll, describe, expect, test } from 'vitest'
import { type Ended, runChild } from '../helpers/native'

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

  test('every thread gets the same answers in every round', () => {
    const [main, first, second] = seen.together
    expect(main).toHaveLength(1)
    expect(first).toEqual(main)
    expect(second).toEqual(main)
  })

  test('terminate() cuts off the work of its own thread: 20 calls that waited are dropped, the running one stops', () => {
    expect(seen.code).toBe(1)
    expect(seen.seconds).toBeLessThan(5)
  })

  test('and a call of the main thread that waited behind them is answered', () => {
    expect(seen.after).toBe(seen.together[0]![0]!.split(',')[0])
  })
})
