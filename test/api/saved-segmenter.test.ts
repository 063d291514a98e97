import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { loadTinyClip, noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const code = 'ERR_WORDMASK_CHECKPOINT'
const image = noise(40, 32)
let clip: Clip
let saved: any
let n = 0
beforeAll(async () => {
  // One thread: these tests are about order and arguments, and must not depend on how busy the cores are.
  binding().setThreads(1)
  clip = await loadTinyClip(folder)
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], background: { names: ['sky'] }, size: 32 })
  await segmenter.save(join(folder, 'whole'), { copyWeights: true })
  saved = JSON.parse(await readFile(join(folder, 'whole', 'wordmask.json'), 'utf8'))
})
afterAll(() => clip.dispose())

/** A copy to tamper with. */
async function copy(): Promise<string> {
  const at = join(folder, `copy-${n++}`)
  await cp(join(folder, 'whole'), at, { recursive: true })
  return at
}

test('the folder stands alone: it loads elsewhere, through a link, and answers the same', async () => {
  const at = await copy()
  await symlink(at, join(folder, 'link'))
  const expected = await (await Segmenter.create({ clip, classes: ['fox', 'dog'], background: { names: ['sky'] }, size: 32 })).segment(
    image,
  )
  for (const path of [at, join(folder, 'link')]) {
    await using loaded = await Segmenter.load(path, { device: 'cpu' })
    expect([...(await loaded.segment(image)).labels]).toEqual([...expected.labels])
  }
})

describe('wordmask.json, tampered with, is refused by name', () => {
  const change = (edit: (index: any) => unknown) => async () => {
    const at = await copy()
    const index = structuredClone(saved)
    const changed = edit(index) ?? index
    await writeFile(join(at, 'wordmask.json'), typeof changed === 'string' ? changed : JSON.stringify(changed))
    return at
  }
  test.each<[string, (index: any) => unknown, string?]>([
    ['an array', () => [] as never],
    ['null', () => 'null'],
    ['a number', () => '7'],
    ['half a document', () => JSON.stringify(saved).slice(0, 200)],
    ['no version', (index) => void delete index.version],
    ['version 0', (index) => void (index.version = 0)],
    ['a version in words', (index) => void (index.version = '1')],
    ['version 1.5', (index) => void (index.version = 1.5), 'ERR_WORDMASK_VERSION'],
    ['version 2', (index) => void (index.version = 2), 'ERR_WORDMASK_VERSION'],
    ['another kind', (index) => void (index.kind = 'clip')],
    ['an unknown method', (index) => void (index.method = 'reco')],
    ['an unknown key', (index) => void (index.extra = 1)],
    ['a name twice', (index) => void (index.classes[1].name = 'Fox')],
    ['a class without a name', (index) => void delete index.classes[0].name],
    ['an unknown key of a class', (index) => void (index.classes[0].weight = 1)],
    ['a colour that is none', (index) => void (index.classes[0].color = 'red')],
    ['no classes', (index) => void (index.classes = [])],
    ['a template without a place', (index) => void (index.templates = ['fox'])],
    ['a background that is a class', (index) => void (index.background = { names: ['fox'] })],
    ['a threshold of 2', (index) => void (index.background = { threshold: 2 })],
    ['a size of 0', (index) => void (index.size = 0)],
    ['half a slide', (index) => void (index.slide = { crop: 16 })],
    ['other names', (index) => void (index.classes[1].name = 'wolf')],
    ['other templates', (index) => void (index.templates = ['a {}'])],
    ['another hash', (index) => void (index.clip.sha256 = ['0'.repeat(64)])],
    ['no hash', (index) => void (index.clip.sha256 = [])],
    ['a prototype', () => `{"__proto__": {"version": 1}, ${JSON.stringify({ ...saved, version: undefined }).slice(1)}`],
  ])('%s', async (_, edit, expected = code) => {
    const at = await change(edit)()
    await expect(Segmenter.load(at)).rejects.toHaveCode(expected, /wordmask\.json|saved with other weights/)
  })

  test('a model that is not here is the error of Clip.load', async () => {
    const at = await change((index) => void Object.assign(index.clip, { copied: false, load: 'no-such-model' }))()
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /no-such-model/)
  })
})

describe('text.safetensors, tampered with', () => {
  const metadata = async (at: string) => (await binding().readCheckpoint([join(at, 'text.safetensors')], {})).metadata
  const write = async (at: string, key: string, data: Float32Array, shape: number[], about?: Record<string, string>) =>
    binding().writeSafetensors(join(at, 'text.safetensors'), [{ key, data, shape, dtype: 'float32' }], about ?? (await metadata(at)), {})
  const unit = (scale = 1) => Float32Array.from({ length: 72 }, (_, i) => (i % 24 === 0 ? scale : 0))

  test.each<[string, (at: string) => Promise<void>]>([
    ['another shape', (at) => write(at, 'text', unit().subarray(0, 48), [2, 24])],
    ['transposed', (at) => write(at, 'text', unit(), [24, 3])],
    ['another key', (at) => write(at, 'txt', unit(), [3, 24])],
    ['vectors that are not of unit length', (at) => write(at, 'text', unit(2), [3, 24])],
    ['zeros', (at) => write(at, 'text', unit(0), [3, 24])],
    ['NaN', (at) => write(at, 'text', unit(Number.NaN), [3, 24])],
    ['infinity', (at) => write(at, 'text', unit(Number.POSITIVE_INFINITY), [3, 24])],
    ['of other names', (at) => write(at, 'text', unit(), [3, 24], { 'wordmask.text': '0'.repeat(64) })],
    ['without metadata', (at) => write(at, 'text', unit(), [3, 24], {})],
    ['truncated', async (at) => writeFile(join(at, 'text.safetensors'), (await readFile(join(at, 'text.safetensors'))).subarray(0, -10))],
    ['empty', (at) => writeFile(join(at, 'text.safetensors'), '')],
    ['no safetensors', (at) => writeFile(join(at, 'text.safetensors'), 'hello '.repeat(100))],
    [
      'a header of exabytes',
      async (at) => {
        const bytes = await readFile(join(at, 'text.safetensors'))
        bytes.writeBigUInt64LE(2n ** 62n, 0)
        await writeFile(join(at, 'text.safetensors'), bytes)
      },
    ],
  ])('%s: refused', async (_, tamper) => {
    const at = await copy()
    await tamper(at)
    await expect(Segmenter.load(at)).rejects.toHaveCode(code, /text\.safetensors/)
  })

  test('missing: named', async () => {
    const at = await copy()
    await rm(join(at, 'text.safetensors'))
    await expect(Segmenter.load(at)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_WORDMASK_(FILE_NOT_FOUND|CHECKPOINT)$/) })
  })
})

describe('clip.safetensors, tampered with', () => {
  test('other weights of the same form, one bit flipped, truncated: refused', async () => {
    const other = await copy()
    await writeFile(join(other, 'clip.safetensors'), await readFile(await saveTinyClip(folder, {}, 2, 'other')))
    await expect(Segmenter.load(other)).rejects.toHaveCode(code, /other weights/)
    const flipped = await copy()
    const bytes = await readFile(join(flipped, 'clip.safetensors'))
    bytes[bytes.length - 100]! ^= 1
    await writeFile(join(flipped, 'clip.safetensors'), bytes)
    await expect(Segmenter.load(flipped)).rejects.toHaveCode(code, /other weights/)
    const cut = await copy()
    await writeFile(join(cut, 'clip.safetensors'), bytes.subarray(0, -1000))
    await expect(Segmenter.load(cut)).rejects.toHaveCode(code)
    const gone = await copy()
    await rm(join(gone, 'clip.safetensors'))
    await expect(Segmenter.load(gone)).rejects.toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /clip\.safetensors/)
  })

  test('a logit scale that makes no sense is refused when the model is loaded', async () => {
    for (const scale of [1000, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const at = join(folder, 'scale.safetensors')
      const file = await saveTinyClip(folder)
      const { tensors, metadata } = await binding().readCheckpoint([file], {})
      const all = []
      for (const { key, shape } of tensors) {
        const { data } = await binding().readTensor([file], key, {})
        all.push({ key, shape, data: key === 'logit_scale' ? data.fill(scale) : data, dtype: 'float32' as const })
      }
      await binding().writeSafetensors(at, all, metadata, {})
      const { Clip } = await import('../../lib/clip/clip')
      await expect(Clip.load(at, { device: 'cpu' })).rejects.toHaveCode(code, /logit_scale/)
    }
  })
})

test('saving where nothing can be written, or where a folder is in the way, is an error with a code', async () => {
  const segmenter = await Segmenter.create({ clip, classes: ['fox'] })
  await writeFile(join(folder, 'taken'), '')
  await expect(segmenter.save(join(folder, 'taken', 'x'))).rejects.toHaveCode('ERR_WORDMASK_IO')
  await expect(segmenter.save('/dev/null/wordmask')).rejects.toHaveCode('ERR_WORDMASK_IO')
  await expect(Segmenter.load(join(folder, 'taken'))).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_WORDMASK_(FILE_NOT_FOUND|IO)$/),
  })
})
