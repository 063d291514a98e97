import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Clip } from '../../lib/clip/clip'
import { loadTinyClip, temporaryFolder, tinyConfig } from './tiny-clip'

const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

const row = (data: Float32Array, i: number, d = 24) => [...data.subarray(i * d, (i + 1) * d)]
const norm = (v: number[]) => Math.hypot(...v)

describe('encodeText', () => {
  test('templates: the normalised mean of the normalised prompts', async () => {
    const prompts = await clip.encodeText(['a fox', 'the fox'])
    const mean = row(prompts.data, 0).map((x, i) => x + row(prompts.data, 1)[i]!)
    const named = row((await clip.encodeText('fox', { templates: ['a {}', 'the {}'] })).data, 0)
    for (let i = 0; i < 24; i++) expect(named[i]).toBeCloseTo(mean[i]! / norm(mean), 5)
    expect((await clip.encodeText(['fox', 'dog'], { templates: 'vild' })).shape).toEqual([2, 24])
    await expect(clip.encodeText('fox', { templates: ['fox'] })).rejects.toHaveCode('ERR_WORDMASK_TEMPLATE')
    await expect(clip.encodeText('fox', { templates: 'vild', normalize: false })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /normalize/,
    )
  })

  test('no texts, one text, long texts', async () => {
    expect((await clip.encodeText([])).shape).toEqual([0, 24])
    expect((await clip.encodeText('')).shape).toEqual([1, 24])
    const long = 'fox '.repeat(500)
    expect([...(await clip.encodeText(long)).data]).toEqual([...(await clip.encodeText('fox '.repeat(18))).data])
    await expect(clip.encodeText(long, { truncate: false })).rejects.toHaveCode('ERR_WORDMASK_TEXT_TOO_LONG', /502 tokens; tiny reads 20/)
    await expect(clip.encodeText([3 as never])).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /texts\[0\]/)
  })

  test('tokenize: [n, contextLength]', () => {
    const { data, shape } = clip.tokenize(['a cat', 'fox '.repeat(50)])
    expect(shape).toEqual([2, 20])
    expect([...data.subarray(0, 5)]).toEqual([49_406, 320, 2368, 49_407, 0])
    expect(data[39]).toBe(49_407)
  })
})

describe('a text tower with a small vocabulary', () => {
  test('unknown words are left out and told about once; a name without a known word is an error', async () => {
    const words = clip.tokenize(['a red fox on grass']).data
    const vocabulary = [...new Set(words)].sort((a, b) => a - b)
    const small = await loadTinyClip(folder, { text: { ...tinyConfig.text, vocabulary } }, 3)
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      const known = await small.encodeText('a red fox')
      expect(warn).not.toHaveBeenCalled()
      const partly = await small.encodeText('a red quokka fox!')
      expect([...partly.data]).toEqual([...known.data])
      await small.encodeText('a quokka on grass')
      expect(warn).toHaveBeenCalledTimes(1)
      expect(warn.mock.calls[0]![0]).toMatch(/quokka/)
      expect(warn.mock.calls[0]![1]).toMatchObject({ code: 'WORDMASK_VOCABULARY' })
      await expect(small.encodeText(['fox', 'quokka', 'tapir bush'])).rejects.toHaveCode(
        'ERR_WORDMASK_VOCABULARY',
        /"quokka", "tapir bush".*model pull/,
      )
      const templated = await small.classVectors(
        [{ name: 'fox', synonyms: [], prompts: undefined, negatives: [], id: 1, color: [0, 0, 0] }],
        ['a photograph of a red {}'],
        {},
      )
      const plain = row((await small.encodeText('a a red fox')).data, 0)
      for (let i = 0; i < 24; i++) expect(templated.data[i]).toBeCloseTo(plain[i]!, 5)
      expect(warn).toHaveBeenCalledTimes(2)
      expect(warn.mock.calls[1]![0]).toMatch(/of the templates.*: photograph, of/)
    } finally {
      warn.mockRestore()
      small.dispose()
    }
  })
})
