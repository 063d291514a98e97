import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clip } from '../../lib/clip/clip'
import { Segmenter, trainClip, writeCutouts, writeLabelMap, writeOverlay } from '../../lib/index'
import type { Segmentation } from '../../lib/segmenter/segmentation'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const image = noise(32, 32)
let clip: Clip
let segmenter: Segmenter
let segmentation: Segmentation
beforeAll(async () => {
  clip = await loadTinyClip(folder)
  segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32 })
  segmentation = await segmenter.segment(image)
})
afterAll(() => clip.dispose())

test.each<[string, (path: string) => Promise<unknown>]>([
  ['clip.save', (path) => clip.save(path)],
  ['segmenter.save', (path) => segmenter.save(path)],
  ['segmenter.save with weights', (path) => segmenter.save(path, { copyWeights: true })],
  ['writeLabelMap', (path) => writeLabelMap(`${path}/map.png`, segmentation)],
  ['writeOverlay', (path) => writeOverlay(`${path}/overlay.png`, image, segmentation)],
  ['writeCutouts', (path) => writeCutouts(path, image, segmentation)],
  ['trainClip', (path) => trainClip({ into: path, stages: [{ steps: 1, batchSize: 2, size: 48 }] })],
])(
  '%s below /proc, where nothing can be made, is ERR_WORDMASK_IO and not a call without an end',
  async (_, call) => {
    await expect(call('/proc/wordmask')).rejects.toHaveCode('ERR_WORDMASK_IO', /\/proc\/wordmask/)
    await expect(call('/proc/wordmask/below/it')).rejects.toHaveCode('ERR_WORDMASK_IO', /\/proc\/wordmask/)
  },
  20_000,
)
