import { afterAll, beforeAll, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  binding().setThreads(1)
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

test('an image so long and thin that it would take minutes is refused at once, and the ways out that are named work', async () => {
  const strip = noise(2000, 3)
  const began = performance.now()
  for (const call of [() => clip.denseFeatures(strip), async () => (await Segmenter.create({ clip, classes: ['fox'] })).segment(strip)]) {
    await expect(call()).rejects.toHaveCode(
      'ERR_WORDMASK_IMAGE_TOO_LARGE',
      /2000 x 3 pixels with its shorter side at 48 is 32000 x 48 pixels \(24000 patches\); the limit is 16384\..*pieces.*size: \{ width, height \}.*smaller size.*slide/,
    )
  }
  expect(performance.now() - began).toBeLessThan(5000)
  expect((await clip.denseFeatures(strip, { size: { width: 800, height: 16 } })).shape).toEqual([2, 100, 24])
  expect((await clip.denseFeatures(strip, { size: 8 })).shape).toEqual([1, 667, 24])
  expect((await clip.denseFeatures(strip, { slide: { crop: 48, stride: 48 } })).shape).toEqual([6, 4000, 24])
  // With windows there is a limit, too, and without a longer side the size itself is at fault.
  await expect(clip.denseFeatures(noise(9000, 1), { slide: { crop: 48, stride: 48 } })).rejects.toHaveCode(
    'ERR_WORDMASK_IMAGE_TOO_LARGE',
    /limit is 65536/,
  )
  await expect(clip.denseFeatures(noise(32, 32), { size: 2000 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
  expect((await clip.encodeImage(strip)).shape).toEqual([1, 24])
})
