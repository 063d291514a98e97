import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Archive } from '../../lib/archive/archive'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { Encoder } from '../../lib/encoder/encoder'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { noise, saveTinyClip, temporaryFolder } from '../api/tiny-clip'
import { smallArchive } from './scenes'

const folder = await temporaryFolder()
const classes = ['fox', 'grass']
const contexts = ['sky', 'rock']
const image = noise(90, 70)
let clip: Clip
let archive: Archive
let uri: string
const make = (options: object = {}) => Segmenter.create({ method: 'reco', archive, classes, contexts, k: 4, ...options })

beforeAll(async () => {
  binding().setThreads(1)
  ;({ clip, archive, uri } = await smallArchive(folder))
})
afterAll(async () => {
  await archive.close()
  clip.dispose()
})

describe('segment', () => {
  test('labels are the argmax of the product of both probability maps; the protocol says how they came about', async () => {
    const segmenter = await make()
    const s = await segmenter.segment(image)
    expect([s.width, s.height, s.labels.length]).toEqual([90, 70, 6300])
    const { data, shape } = await s.scores({ at: 'image' })
    expect(shape).toEqual([2, 70, 90])
    for (let i = 0; i < 6300; i++) {
      expect(data[i]).toBeGreaterThan(0)
      expect(data[i]).toBeLessThan(1)
      const values = [data[i]!, data[6300 + i]!]
      if (Math.max(...values) - values[s.labels[i]!]! > 1e-6) throw new Error(`pixel ${i}`)
    }
    expect(s.protocol).toMatchObject({
      ...{ method: 'reco', model: 'tiny', templates: 'none', size: { width: 64, height: 48 }, slide: undefined },
      reco: {
        ...{ encoder: 'tiny', encoderSize: { width: 64, height: 48 }, referenceSize: 32, k: 4, window: 'official' },
        ...{ guidance: true, elimination: true, contexts, retrieval: expect.stringContaining('tiny') },
      },
    })
    expect(s.protocol.temperature).toBeUndefined()
    for (const { score } of await s.masks()) expect(score > 0 && score < 1).toBe(true)
  })

  test('scores are sigmoid(cos to the reference) x sigmoid(10 cos to the name)', async () => {
    const segmenter = await make()
    const s = await segmenter.segment(image)
    const { data, shape } = await s.scores()
    const [, h, w] = shape as [number, number, number]
    const dense = await clip.denseFeatures(image, { size: 48 })
    const text = await clip.classVectors(segmenter.classes!, 'none')
    const references = await (await make({ elimination: false, guidance: false, k: 1, classes: ['fox'] })).segment(image)
    expect(references.protocol.reco).toMatchObject({ k: 1, contexts: [] })
    expect(dense.shape).toEqual([h, w, 24])
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
    for (const cell of [0, 17, h * w - 1]) {
      let dot = 0
      for (let c = 0; c < 24; c++) dot += dense.data[cell * 24 + c]! * text.data[c]!
      const factor = data[cell]! / sigmoid(10 * dot)
      expect(factor).toBeGreaterThan(sigmoid(-1))
      expect(factor).toBeLessThan(sigmoid(1))
    }
  })

  test('one name alone: a probability map, a threshold, contexts that compete as background', async () => {
    const segmenter = await make({ classes: ['fox'] })
    const whole = await segmenter.segment(image)
    expect(new Set(whole.labels)).toEqual(new Set([0]))
    const { data } = await whole.scores({ at: 'image' })
    const sorted = [...data].sort((a, b) => a - b)
    const threshold = sorted[3150]!
    const cut = await segmenter.segment(image, { background: { threshold } })
    data.forEach((value, i) => {
      if (Math.abs(value - threshold) > 1e-6 && value > threshold !== (cut.labels[i] === 1)) throw new Error(`pixel ${i}`)
    })
    expect(cut.coverage[0]).toBeCloseTo(0.5, 1)
    const against = await segmenter.segment(image, { background: { names: contexts } })
    expect((await against.scores()).shape[0]).toBe(1)
    expect([...against.labels].every((label) => label === 0 || label === 1)).toBe(true)
    await segmenter.segment(image, { classes: ['fox'], background: { names: ['owl'] } })
    expect(segmenter.references.map(({ name }) => name)).toContain('owl')
  })

  test('a name that is a context has its reference, and so has "vegetation" that of "tree"', async () => {
    const segmenter = await make({ classes: ['Sky', 'vegetation', 'fox'], contexts: ['tree', 'sky'] })
    expect(segmenter.references.map(({ name }) => name).sort()).toEqual(['fox', 'sky', 'tree'])
    const plain = await make({ classes: ['vegetation'], contexts: ['sky'] })
    expect(plain.references.map(({ name }) => name)).toEqual(['sky', 'vegetation'])
    const off = await make({ classes: ['sky', 'fox'], elimination: false })
    expect(off.references.map(({ name }) => name)).toEqual(['sky', 'fox'])
  })

  test('contexts are turned away from in their order, each from those before it; the order changes references', async () => {
    const segmenter = await make()
    expect(segmenter.references.map(({ name, contexts: before }) => [name, before])).toEqual([
      ['sky', []],
      ['rock', ['sky']],
      ['fox', contexts],
      ['grass', contexts],
    ])
    const turned = await make({ contexts: [...contexts].reverse() })
    const maps = async (s: Segmenter) => (await (await s.segment(image)).scores()).data
    expect(await maps(turned)).not.toEqual(await maps(segmenter))
  })

  test('a subset of the classes, and names that come later: only their images are looked at', async () => {
    const segmenter = await make()
    const one = await segmenter.segment(image, { classes: ['grass'] })
    expect(one.classes.map(({ name }) => name)).toEqual(['grass'])
    const features = vi.spyOn(clip.native, 'denseFeatures')
    await segmenter.segment(image, { classes: ['grass', 'wolf'] })
    // One look at the image itself; those of the wolf's references that no other name had.
    expect(features.mock.calls.length).toBeLessThanOrEqual(1 + 4)
    expect(segmenter.references.map(({ name }) => name)).toContain('wolf')
    features.mockClear()
    await segmenter.segment(image, { classes: ['grass', 'wolf'] })
    expect(features).toHaveBeenCalledTimes(1)
    features.mockRestore()
  })

  test('references name their images, best first, and where in them the seeds lie', async () => {
    const segmenter = await make()
    const fox = segmenter.references.find(({ name }) => name === 'fox')!
    expect(fox.grid).toEqual([4, 4])
    expect(fox.images).toHaveLength(4)
    const hits = await archive.search('fox', { topK: 4, templates: 'none' })
    expect(fox.images.map(({ id }) => id)).toEqual(hits.map(({ id }) => id))
    for (const { seed } of fox.images) expect(seed.every((at) => at >= 0 && at < 4)).toBe(true)
  })

  test('an archive smaller than k is taken whole', async () => {
    const segmenter = await make({ classes: ['fox'], k: 100 })
    expect(segmenter.references.find(({ name }) => name === 'fox')!.images).toHaveLength(14)
  })

  test('two encoders: dense CLIP weighs, another one is co-segmented; each sees images at a size of its own', async () => {
    const vision = { kind: 'vit', imageSize: 40, patchSize: 8, width: 32, layers: 1, heads: 2, mlpWidth: 64 } as const
    const other = await Clip.load(await saveTinyClip(folder, { vision }, 3, 'other'), { device: 'cpu' })
    await using segmenter = await make({ encoder: other })
    expect(segmenter.references[0]!.grid).toEqual([5, 5])
    const s = await segmenter.segment(noise(200, 90))
    expect((await s.scores()).shape).toEqual([2, 8, 17])
    expect(s.labels.length).toBe(200 * 90)
    other.dispose()
    await expect(segmenter.segment(image)).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
  })
})

test('a closed archive is missed by new names alone', async () => {
  const own = await smallArchive(join(folder, 'closed'), 6)
  const segmenter = await make({ archive: own.archive, k: 3 })
  await own.archive.close()
  expect((await segmenter.segment(image)).classes).toHaveLength(2)
  await expect(segmenter.segment(image, { classes: ['wolf'] })).rejects.toHaveCode('ERR_WORDMASK_DISPOSED', /archive/)
  own.clip.dispose()
  await expect(segmenter.segment(image)).rejects.toHaveCode('ERR_WORDMASK_DISPOSED', /Clip/)
})

describe('an Encoder of its own', () => {
  test('its cells are compared, in its own number of channels; saved by reference or copied, it is read back at its layer', async () => {
    const file = await saveTinyClip(folder, {}, 1, 'tower')
    const encoder = await Encoder.load(file, { read: 'cells', layer: 1, device: 'cpu' })
    const segmenter = await make({ encoder })
    const expected = await segmenter.segment(image)
    expect(expected.protocol.reco).toMatchObject({ encoder: encoder.info.name, encoderSize: { width: 64, height: 48 } })
    for (const copyWeights of [false, true]) {
      const at = join(folder, `encoder-${copyWeights}`)
      await segmenter.save(at, { copyWeights })
      const [{ shape }] = (await binding().readCheckpoint([join(at, 'references', (await readdir(join(at, 'references')))[0]!)], {}))
        .tensors
      expect(shape).toEqual([encoder.info.channels])
      expect(JSON.parse(await readFile(join(at, 'wordmask.json'), 'utf8')).encoder).toMatchObject({ read: 'cells', layer: 1 })
      await using loaded = await Segmenter.load(at)
      expect((await loaded.segment(image)).labels).toEqual(expected.labels)
    }
    await writeFile(join(folder, 'encoder-true', 'encoder.weights'), await readFile(await saveTinyClip(folder, {}, 9, 'tower-9')))
    await expect(Segmenter.load(join(folder, 'encoder-true'))).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /other weights/)
    await encoder[Symbol.asyncDispose]()
    await expect(segmenter.segment(image)).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
  })
})

describe('save and load', () => {
  test('the folder stands alone: it answers the same without the archive, and knows no other names', async () => {
    const segmenter = await make({ background: { names: ['sky'] } })
    const expected = await segmenter.segment(image)
    const at = join(folder, 'saved')
    await segmenter.save(at, { copyWeights: true })
    expect((await readdir(at)).sort()).toEqual(['clip.safetensors', 'references', 'text.safetensors', 'wordmask.json'])
    await using loaded = await Segmenter.load(at)
    expect(loaded.method).toBe('reco')
    const answer = await loaded.segment(image)
    expect(answer.labels).toEqual(expected.labels)
    expect(answer.protocol).toEqual(expected.protocol)
    await expect(loaded.segment(image, { classes: ['wolf'] })).rejects.toHaveCode(
      'ERR_WORDMASK_CLASSES',
      /No reference for "wolf".*reco build/,
    )
  })

  test('with the archive attached, new names get references; what was saved is not made again', async () => {
    const at = join(folder, 'attached')
    await (await make()).save(at)
    const build = vi.spyOn(binding(), 'recoReference')
    await using loaded = await Segmenter.load(at, { archive: uri })
    expect(build).not.toHaveBeenCalled()
    await loaded.segment(image, { classes: ['fox', 'wolf'] })
    expect(build).toHaveBeenCalledTimes(1)
    build.mockRestore()
    expect((await readdir(join(at, 'references'))).filter((file) => file.startsWith('wolf'))).toHaveLength(1)
  })

  test('options of retrieve that a folder cannot keep: it loads, but no archive can be attached', async () => {
    const at = join(folder, 'excluded')
    await (await make({ retrieve: { exclude: ['nothing'] } })).save(at)
    await using loaded = await Segmenter.load(at)
    expect(loaded.references).toHaveLength(4)
    await expect(Segmenter.load(at, { archive: uri })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /exclude of `retrieve`/)
  })

  test.each<[string, (index: any) => void, string]>([
    ['a newer version', (index) => void (index.version = 2), 'ERR_WORDMASK_VERSION'],
    ['a window that is none', (index) => void (index.reco.window = 'both'), 'ERR_WORDMASK_CHECKPOINT'],
    ['an unknown key', (index) => void (index.reco.more = 1), 'ERR_WORDMASK_CHECKPOINT'],
    ['other weights', (index) => void (index.clip.sha256 = ['0'.repeat(64)]), 'ERR_WORDMASK_CHECKPOINT'],
    ['a context list of another order', (index) => void index.reco.contexts.reverse(), 'ERR_WORDMASK_CHECKPOINT'],
    ['another k than that of the references', (index) => void (index.reco.k = 5), 'ERR_WORDMASK_CHECKPOINT'],
  ])('wordmask.json with %s is refused', async (_, change, code) => {
    const at = join(folder, 'tampered')
    await (await make()).save(at)
    const index = JSON.parse(await readFile(join(at, 'wordmask.json'), 'utf8'))
    change(index)
    await writeFile(join(at, 'wordmask.json'), JSON.stringify(index))
    await expect(Segmenter.load(at)).rejects.toHaveCode(code, /wordmask\.json|other weights|reference/)
    await rm(at, { recursive: true })
  })

  test.each<[string, (file: string) => Promise<unknown>]>([
    ['gone', (file) => rm(file)],
    ['cut short', async (file) => writeFile(file, (await readFile(file)).subarray(0, -4))],
    ['another file', (file) => writeFile(file, 'no safetensors')],
  ])('a reference that is %s is missed by name', async (_, harm) => {
    const at = join(folder, 'harmed')
    await (await make()).save(at)
    const [file] = (await readdir(join(at, 'references'))).filter((name) => name.startsWith('grass'))
    await harm(join(at, 'references', file!))
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /No reference for "grass"/)
  })
})
