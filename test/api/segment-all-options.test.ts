import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clip } from '../../lib/clip/clip'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { loadTinyClip, noise, temporaryFolder, tinyConfig } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
let segmenter: Segmenter
beforeAll(async () => {
  clip = await loadTinyClip(folder)
  segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32 })
})
afterAll(() => clip.dispose())

/** How many images a call asked for before it failed, and with what. */
async function failure(options: object, by = segmenter) {
  let asked = 0
  function* images() {
    for (; asked < 3; asked++) yield noise(32, 32, asked)
  }
  const answers: unknown[] = []
  try {
    for await (const answer of by.segmentAll(images(), options)) answers.push(answer)
  } catch (error) {
    return { asked, answers: answers.length, code: (error as { code: string }).code, message: (error as Error).message }
  }
  return { asked, answers: answers.length, code: undefined, message: '' }
}

describe('a wrong option of segmentAll is an error of the call, before the first image is asked for', () => {
  test.each([
    [{ slide: { crop: 20, stride: 8 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /multiples of 8.*for slide but received "crop 20, stride 8"/],
    [{ slide: { crop: 16, stride: 24 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /stride <= crop/],
    [{ slide: { crop: 2 ** 40, stride: 8 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /<= 1048576/],
    [{ slide: { crop: 16 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /slide\.stride/],
    [{ size: 5000 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /at most 16384 patches/],
    [{ size: { width: 80_000, height: 8 * 100 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /at most 16384 patches/],
    [{ size: 5000, slide: { crop: 32, stride: 32 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /at most 65536 patches/],
    [{ classes: [] }, 'ERR_WORDMASK_CLASSES', /empty/],
    [{ classes: ['fox'], background: { names: ['fox'] } }, 'ERR_WORDMASK_CLASSES', /both/],
    [{ background: { threshold: 2 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /threshold/],
    [{ templates: ['no place'] }, 'ERR_WORDMASK_TEMPLATE', /./],
    [{ maxPixels: 0 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /maxPixels/],
    [{ orient: 1 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /orient/],
    [{ concurrency: 0 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /concurrency/],
    [{ siz: 32 }, 'ERR_WORDMASK_UNKNOWN_OPTION', /"size"/],
    [{ signal: AbortSignal.abort() }, 'ERR_WORDMASK_ABORTED', /./],
  ])('%j', async (options, code, message) => {
    const got = await failure(options)
    expect(got).toMatchObject({ asked: 0, answers: 0, code })
    expect(got.message).toMatch(message)
  })

  test('names without a word that a small model knows', async () => {
    const vocabulary = [...new Set(clip.tokenize(['fox dog']).data)].sort((a, b) => a - b)
    await using small = await loadTinyClip(folder, { text: { ...tinyConfig.text, vocabulary } }, 3)
    await using own = await Segmenter.create({ clip: small, size: 32 })
    expect(await failure({ classes: ['fox', 'quokka'] }, own)).toMatchObject({ asked: 0, code: 'ERR_WORDMASK_VOCABULARY' })
    expect(await failure({}, own)).toMatchObject({ asked: 0, code: 'ERR_WORDMASK_CLASSES' })
  })

  test('what is wrong with an image stays with the image', async () => {
    const images = [noise(32, 32), { ...noise(32, 32), width: 31 }, noise(40, 32)]
    const errors: unknown[] = []
    for await (const answer of segmenter.segmentAll(images, { slide: { crop: 16, stride: 8 } })) errors.push(answer.error?.code)
    expect(errors).toEqual([undefined, 'ERR_WORDMASK_INVALID_ARGUMENT', undefined])
  })
})

describe('a way of looking that the model cannot take is told as soon as it is known', () => {
  test('by Segmenter.create, and by segment and denseFeatures before they read the image', async () => {
    const slide = { crop: 20, stride: 8 }
    await expect(Segmenter.create({ clip, classes: ['fox'], slide })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /multiples of 8/)
    const missing = join(folder, 'missing.jpg')
    await expect(segmenter.segment(missing, { slide })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /multiples of 8/)
    await expect(clip.denseFeatures(missing, { slide })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /multiples of 8/)
  })

  test('by Segmenter.load, where a saved one was changed', async () => {
    const saved = join(folder, 'saved')
    await segmenter.save(saved)
    const file = join(saved, 'wordmask.json')
    const index = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, JSON.stringify({ ...index, slide: { crop: 20, stride: 8 } }))
    await expect(Segmenter.load(saved)).rejects.toHaveCode(
      'ERR_WORDMASK_CHECKPOINT',
      /wordmask\.json does not fit its model.*multiples of 8/,
    )
  })
})
