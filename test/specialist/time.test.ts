import { expect, test } from 'vitest'
import type { Pixels } from '../../binding'
import type { SegmentOptions } from '../../lib/segmenter/options'
import type { Segmentation } from '../../lib/segmenter/segmentation'
import { countedRounds, type TimedSide } from '../../lib/specialist/time'

const image = (width: number): Pixels => ({ data: new Uint8Array(3 * width), width, height: 1 })

/** Sides whose calls take what `ms` says on a clock of their own, and what was called. */
function fakes(ms: (side: string, call: number) => number) {
  const calls: string[] = []
  let [now, running] = [0, 0]
  const side = (name: string, view?: SegmentOptions): TimedSide => {
    let count = 0
    const segment = async (pixels: unknown, options?: SegmentOptions) => {
      expect(running++, 'one call at a time').toBe(0)
      await Promise.resolve()
      now += ms(name, count++)
      calls.push(`${name}${(pixels as Pixels).width}${options?.background ? '+' : ''}`)
      running--
      return {} as Segmentation
    }
    return { segmenter: { segment }, ...(view && { view }) }
  }
  return { side, calls, clock: () => now }
}

test('every image goes to one side and then to the other, each asked in its own way, and the middle of all rounds counts', async () => {
  const { side, calls, clock } = fakes((name, call) => (name === 'a' ? [2, 4, 90][call % 3] : 10)!)
  const sides = [side('a'), side('b', { background: { names: ['sea'] } })]
  expect(await countedRounds(sides, [1, 2, 3].map(image), undefined, clock)).toEqual([4, 10])
  expect(calls.slice(0, 7)).toEqual(['a1', 'b1+', 'a2', 'b2+', 'a3', 'b3+', 'a1'])
  expect(calls.length).toBe(5 * 6)
})

test('after ten seconds no other round begins, one is always whole', async () => {
  const { side, calls, clock } = fakes(() => 6000)
  expect(await countedRounds([side('a'), side('b')], [1, 2].map(image), undefined, clock)).toEqual([6000, 6000])
  expect(calls).toEqual(['a1', 'b1', 'a2', 'b2'])
})

test('without an image there is no time', async () => {
  const { side, clock } = fakes(() => 1)
  expect(await countedRounds([side('a')], [], undefined, clock)).toEqual([Number.NaN])
})
