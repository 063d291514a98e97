import { afterAll, beforeAll, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import { maxDifference } from '../helpers/weights'
import { loadTinyClip, temporaryFolder, tinyConfig } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  binding().setThreads(1)
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

const texts = Array.from({ length: 5000 }, (_, i) => `thing number ${i} of many`)

test('5,000 texts: the event loop turns meanwhile, rows are in order, progress counts them all', async () => {
  let turns = 0
  let over = false
  const turn = () => {
    turns++
    if (!over) setImmediate(turn)
  }
  turn()
  const progress: (number | undefined)[][] = []
  const { data, shape } = await clip.encodeText(texts, { onProgress: (...at) => progress.push(at) })
  over = true
  expect(turns).toBeGreaterThan(4)
  expect(shape).toEqual([5000, 24])
  expect(progress.at(-1)).toEqual([5000, 5000])
  expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).sort((a, b) => a! - b!))
  for (const i of [0, 2047, 2048, 4100, 4999]) {
    const alone = await clip.encodeText(texts[i]!)
    expect(maxDifference(data.subarray(i * 24, (i + 1) * 24), alone.data)).toBeLessThan(1e-5)
  }
})

test('an abort between the pieces ends the call; a text too long in the last piece rejects it', async () => {
  const controller = new AbortController()
  const running = clip.encodeText(texts, { signal: controller.signal, onProgress: () => controller.abort() })
  await expect(running).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  await expect(clip.encodeText([...texts, 'fox '.repeat(500)], { truncate: false })).rejects.toHaveCode('ERR_WORDMASK_TEXT_TOO_LONG')
})

test('a small model names the texts it knows no word of before it encodes any', async () => {
  const vocabulary = [...new Set(clip.tokenize(['thing number of many 0 1 2 3 4 5 6 7 8 9']).data)].sort((a, b) => a - b)
  await using small = await loadTinyClip(folder, { text: { ...tinyConfig.text, vocabulary } }, 3)
  const progress: unknown[] = []
  const call = small.encodeText([...texts, 'quokka'], { onProgress: () => progress.push(1) })
  await expect(call).rejects.toHaveCode('ERR_WORDMASK_VOCABULARY', /"quokka"/)
  expect(progress).toEqual([])
})
