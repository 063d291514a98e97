import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Clip } from '../../lib/index'
import { testing } from '../helpers/testing'

const mebibyte = 2 ** 20

test.each([
  [2 * mebibyte, 2 * mebibyte, true],
  [2 * mebibyte, 1.8 * mebibyte, true],
  [2 * mebibyte, 1.7 * mebibyte, false],
  [2 * mebibyte, 2 * mebibyte + 1, false],
  [mebibyte - 1, mebibyte - 1, false],
])('a tensor of %d bytes, then one of %d: the second lies where the first lay: %s', (first, second, expected) => {
  expect(testing().keptReuses(Math.floor(first), Math.floor(second))).toBe(expected)
})

test('of 300 blocks of 1 MiB 256 are kept, of one of 300 MiB nothing, of small ones nothing; released, nothing is', () => {
  expect(testing().keptAfter(300, mebibyte, true)).toBe(256 * mebibyte)
  expect(testing().keptAfter(1, 300 * mebibyte, true)).toBe(0)
  expect(testing().keptAfter(1000, mebibyte / 2, true)).toBe(0)
  expect(testing().keptAfter(3, mebibyte, true)).toBe(3 * mebibyte)
  expect(testing().keptRelease()).toBe(0)
})

test('what a thread gives up that does not compute goes back at once', () => {
  expect(testing().keptAfter(3, mebibyte, false)).toBe(0)
})

test('four threads that take and give up blocks of all sizes, while all is released now and then, never share one', () => {
  expect(testing().keptClashes(4, 1000)).toBe(0)
})

test('what a thread has freed between blocks in use stays in memory until it is asked back', () => {
  const [before, after] = testing().freeMemory()
  expect(before).toBeGreaterThan(0.9)
  expect(after).toBeLessThan(0.1)
})

test('what a pass of a tower leaves is kept for the next one, and goes back once there has been nothing to do for a second', async () => {
  testing().keptRelease()
  await using clip = await Clip.load('scenes')
  const images = Array.from({ length: 16 }, () => ({ data: new Uint8Array(96 * 96 * 3), width: 96, height: 96, channels: 3 as const }))
  let kept = 0
  while (kept === 0) {
    await clip.encodeImage(images, { batchSize: 16 })
    kept = testing().keptMemory()
  }
  expect(kept).toBeLessThanOrEqual(256 * mebibyte)
  while (testing().keptMemory() > 0) await setTimeout(50)
})
