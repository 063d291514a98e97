import { beforeAll, describe, expect, test } from 'vitest'
import type { Clip } from '../../binding'
import { binding } from '../../lib/binding'
import { compute, encode, middling, picture, resize, tiny, training, withFolder } from '../helpers/native'
import { segment as segmentImage } from '../helpers/segment'
import { longestSilence } from '../helpers/silence'

describe('the event loop is never silent for 500 ms', () => {
  let clip: Clip
  beforeAll(async () => {
    binding().setThreads(1)
    clip = await binding().Clip.random(middling, 1, compute, {})
  })
  const large = picture(1500, 1000)
  const images = Array.from({ length: 20 }, (_, i) => picture(200, 150, i))

  const cases: Record<string, () => Promise<unknown>> = {
    load: () =>
      withFolder(async (folder) => {
        const file = `${folder}/weights.safetensors`
        await clip.save(file, 'float16', {}, {})
        await Promise.all(Array.from({ length: 8 }, () => binding().Clip.load(middling, [file], compute, {})))
      }),
    encode: () => clip.encodeImage(images, encode, {}),
    segment: async () => {
      const text = await clip.encodeClasses(new Int32Array(50 * 16).fill(5), Array(50).fill(1), { batchSize: 50 }, {})
      const dense = { ...resize, width: 128, height: 128, background: { kind: 'none' } as const, classes: 50 }
      const result = await segmentImage(clip, large, text, dense)
      await binding().regions(result.labels, 1500, 1000, { minArea: 1, instances: true, skip: [] }, {})
    },
    train: () => withFolder((folder) => binding().trainClip({ ...training(folder, 30), model: { ...tiny, dense: 'value' } }, () => {}, {})),
  }
  test.each(Object.keys(cases))('during %s', async (name) => {
    const { longest, turns } = await longestSilence(cases[name]!)
    expect(longest).toBeLessThan(500)
    expect(turns).toBeGreaterThan(10)
  })
})
