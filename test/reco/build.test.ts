import { spawn } from 'node:child_process'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Archive } from '../../lib/archive/archive'
import { binding } from '../../lib/binding'
import type { Clip } from '../../lib/clip/clip'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { noise, temporaryFolder } from '../api/tiny-clip'
import { blocks, smallArchive } from './scenes'

const folder = await temporaryFolder()
const contexts = ['sky', 'rock']
let clip: Clip
let archive: Archive
let n = 0
const fresh = () => join(folder, `refs-${n++}`)
const make = (options: object = {}) => Segmenter.create({ method: 'reco', archive, classes: ['fox', 'grass'], contexts, k: 4, ...options })
/** Names whose references were made, and images that were encoded, during `work`. */
async function cost(work: () => Promise<unknown>) {
  const built = vi.spyOn(binding(), 'recoReference')
  const encoded = vi.spyOn(clip.native, 'denseFeatures')
  await work()
  const counts = { built: built.mock.calls.length, encoded: encoded.mock.calls.length }
  vi.restoreAllMocks()
  return counts
}
const embeddings = async (references: string) => {
  const files = (await readdir(join(references, 'references'))).sort()
  return Promise.all(files.map(async (file) => [file.split('-')[0], await readFile(join(references, 'references', file))] as const))
}

beforeAll(async () => {
  binding().setThreads(1)
  ;({ clip, archive } = await smallArchive(folder))
})
afterAll(async () => {
  await archive.close()
  clip.dispose()
})
afterEach(() => vi.restoreAllMocks())

describe('what is there is not made again', () => {
  test('the same again makes nothing; more names cost their own references and their new images alone', async () => {
    const [references, cache] = [fresh(), fresh()]
    let distinct = 0
    const first = await cost(async () => {
      const { references: made } = await make({ references, cache })
      distinct = new Set(made.flatMap(({ images }) => images.map(({ id }) => id))).size
    })
    expect(first, 'an image that names share is encoded once').toEqual({ built: 4, encoded: distinct })
    expect(await cost(() => make({ references, cache }))).toEqual({ built: 0, encoded: 0 })
    const later = await cost(() => make({ references, cache, classes: ['fox', 'grass', 'wolf'] }))
    expect(later.built).toBe(1)
    expect(later.encoded).toBeLessThanOrEqual(4)
  })

  test('a build that was stopped goes on where it was, to the same references', async () => {
    const [whole, stopped, cache] = [fresh(), fresh(), fresh()]
    await make({ references: whole, cache })
    const controller = new AbortController()
    const real = binding().recoReference
    let calls = 0
    vi.spyOn(binding(), 'recoReference').mockImplementation((...given) => {
      if (++calls === 3) controller.abort(new Error('enough'))
      return real(...given)
    })
    await expect(make({ references: stopped, cache, signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_WORDMASK_ABORTED',
      cause: expect.objectContaining({ message: 'enough' }),
    })
    vi.restoreAllMocks()
    expect(await readdir(join(stopped, 'references'))).toHaveLength(2)
    expect(await cost(() => make({ references: stopped, cache }))).toEqual({ built: 2, encoded: 0 })
    expect(await embeddings(stopped)).toEqual(await embeddings(whole))
  })

  test.each<[string, object]>([
    ['k', { k: 3 }],
    ['the window', { window: 'perImage' }],
    ['guidance', { guidance: false }],
    ['the prompts', { templates: ['a {}'] }],
    ['the size of reference images', { referenceSize: 40 }],
    ['the choice of images', { retrieve: { minScore: -0.9 } }],
  ])('another value of %s makes every reference anew, from the images that are there', async (_, changes) => {
    const references = fresh()
    const cache = join(folder, 'shared-cache')
    await make({ references, cache })
    const { built, encoded } = await cost(() => make({ references, cache, ...changes }))
    expect(built).toBe(4)
    if (!('referenceSize' in changes) && !('templates' in changes)) expect(encoded).toBe(0)
  })

  test('another order of the contexts makes anew what was turned away from others before', async () => {
    const [references, cache] = [fresh(), join(folder, 'shared-cache')]
    await make({ references, cache })
    // The first context of the new order had another before it; so have all others.
    expect((await cost(() => make({ references, cache, contexts: [...contexts].reverse() }))).built).toBe(4)
  })

  test('images that join the archive: only names that they change are made anew', async () => {
    const own = await smallArchive(join(folder, 'growing'))
    const [references, cache] = [fresh(), fresh()]
    const grow = (classes: string[]) =>
      Segmenter.create({ method: 'reco', archive: own.archive, classes, contexts: [], k: 100, references, cache })
    await grow(['fox'])
    await blocks(join(own.photos, 'new.png'), 99, 60, 60)
    await own.archive.add(own.photos)
    await own.archive.hide("uri LIKE '%new.png'")
    expect((await cost(() => grow(['fox']))).built, 'the same images: the same reference').toBe(0)
    await own.archive.restore()
    expect((await cost(() => grow(['fox']))).built).toBe(1)
    expect((await grow(['fox'])).references[0]!.images).toHaveLength(15)
    await own.archive.close()
    own.clip.dispose()
  })
})

describe('cached features', () => {
  const files = async (cache: string) => {
    const all = (await readdir(cache, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    return all.map((entry) => join(entry.parentPath, entry.name)).sort()
  }

  test('a file an image, named after its content; damaged or of another encoder, it is made again', async () => {
    const cache = fresh()
    const before = (await embeddings(await made(cache))).map(([, bytes]) => bytes)
    const all = await files(cache)
    const sums = new Set<string>()
    for await (const { sha256 } of archive.rows()) sums.add(sha256)
    for (const file of all) expect(sums.has(file.split('/').at(-1)!.replace('.safetensors', ''))).toBe(true)
    await writeFile(all[0]!, (await readFile(all[0]!)).subarray(0, 100))
    await writeFile(all[1]!, 'no safetensors')
    const { data, shape } = await binding().readTensor([all[2]!], 'features', {})
    await binding().writeSafetensors(
      all[2]!,
      [{ key: 'features', data: data.fill(1), shape, dtype: 'float32' }],
      { 'wordmask.encoder': 'another' },
      {},
    )
    const encoded = vi.spyOn(clip.native, 'denseFeatures')
    const after = (await embeddings(await made(cache))).map(([, bytes]) => bytes)
    expect(encoded).toHaveBeenCalledTimes(3)
    expect(after).toEqual(before)
  })

  async function made(cache: string): Promise<string> {
    const references = fresh()
    await make({ references, cache })
    return references
  }

  test('by default they lie beside the archive', async () => {
    await make()
    expect((await stat(join(archive.uri, 'local', 'features'))).isDirectory()).toBe(true)
  })
})

describe('images that cannot be used', () => {
  test('a file that is gone, or another than it was, is left out and told; a name without any image is an error', async () => {
    const own = await smallArchive(join(folder, 'bad'), 6)
    await rm(join(own.photos, '00.png'))
    await rename(join(own.photos, '01.png'), join(own.photos, '02.png'))
    const rejected: string[] = []
    const given = {
      ...({ method: 'reco', archive: own.archive, classes: ['fox'], contexts: [], k: 6 } as const),
      onReject: ({ uri }: { uri: string }, { code }: { code: string }) => void rejected.push(`${uri.split('/').at(-1)} ${code}`),
    }
    const segmenter = await Segmenter.create(given)
    expect(rejected.sort()).toEqual(['00.png ERR_WORDMASK_FILE_NOT_FOUND', '01.png ERR_WORDMASK_FILE_NOT_FOUND', '02.png ERR_WORDMASK_IO'])
    expect(segmenter.references[0]).toMatchObject({ unreadable: 3, images: { length: 3 } })
    await rm(own.photos, { recursive: true })
    await rm(join(own.uri, 'local', 'features'), { recursive: true })
    await expect(Segmenter.create({ ...given, k: 5 })).rejects.toHaveCode(
      'ERR_WORDMASK_CLASSES',
      /No reference for "fox": none of its 5 images can be used/,
    )
    await own.archive.close()
    own.clip.dispose()
  })
})

describe('calls', () => {
  test('progress counts images and names up to the end, once each; the event loop stays free', async () => {
    const told: [number, number | undefined][] = []
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await make({ references: fresh(), cache: fresh(), onProgress: (done: number, total: number | undefined) => told.push([done, total]) })
    clearInterval(timer)
    expect(told.at(-1)).toEqual([20, 20])
    expect(told.map(([done]) => done)).toEqual([...new Set(told.map(([done]) => done))].sort((a, b) => a - b))
    expect(told.length).toBeGreaterThan(8)
    expect(turns).toBeGreaterThan(10)
  })

  test('calls with the same new names at once make them once', async () => {
    const segmenter = await make()
    const image = noise(64, 48)
    const { built } = await cost(() => Promise.all(Array.from({ length: 4 }, () => segmenter.segment(image, { classes: ['owl', 'fox'] }))))
    expect(built).toBe(1)
  })

  test.each<[string, object, string, RegExp]>([
    ['no archive', { archive: undefined }, 'ERR_WORDMASK_INVALID_ARGUMENT', /archive/],
    ['an archive that is not there', { archive: '/nowhere' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /wordmask index/],
    ['k of 0', { k: 0 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /k but received 0/],
    ['another window', { window: 'each' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /official/],
    ['a misspelt option', { elimnation: false }, 'ERR_WORDMASK_UNKNOWN_OPTION', /"elimination"/],
    ['a name twice', { classes: ['fox', ' Fox'] }, 'ERR_WORDMASK_CLASSES', /repeats the name/],
    ['a context twice', { contexts: ['sky', 'Sky'] }, 'ERR_WORDMASK_CLASSES', /contexts\[1\] repeats/],
    ['a sliding window', { slide: { crop: 16, stride: 8 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /slide/],
    ['an encoder that is none', { encoder: {} }, 'ERR_WORDMASK_INVALID_ARGUMENT', /encoder/],
    ['an option of curate that is none', { retrieve: { perClass: 3 } }, 'ERR_WORDMASK_UNKNOWN_OPTION', /perClass/],
  ])('BAD CALL - %s', async (_, changes, code, message) => {
    await expect(make(changes)).rejects.toHaveCode(code as never, message)
  })

  test("k: 'auto' says which names the archive does not show, and keeps the references of those that it does", async () => {
    // Random weights: nothing is more present than random words, so no name passes.
    await expect(make({ k: 'auto', contexts: [] })).rejects.toHaveCode(
      'ERR_WORDMASK_CLASSES',
      /No reference for "fox": no image of .* shows it better than names without a meaning \(p = [01]\.\d+\)/,
    )
  })

  test('names near to a context are warned about, once', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await make({ classes: ['rock wall', 'fox'] })
    await make({ classes: ['rock wall', 'fox'] })
    const texts = warned.mock.calls.map(([text]) => String(text)).filter((text) => /context/.test(text))
    expect(texts).toEqual([expect.stringMatching(/"rock wall" is near to the context "rock"/)])
  })
})

test('killed in the middle, the same call goes on in another process', async () => {
  const own = await smallArchive(join(folder, 'killed'))
  const references = fresh()
  await own.archive.close()
  own.clip.dispose()
  const script = join(folder, 'build.mjs')
  await writeFile(
    script,
    `import { Segmenter } from '${join(import.meta.dirname, '../../dist/index.mjs')}'
     const [archive, references] = process.argv.slice(2)
     let n = 0
     await Segmenter.create({ method: 'reco', archive, references, classes: ['fox', 'grass', 'wolf'], contexts: ['sky'], k: 5,
       onProgress: (done) => done >= 13 && n++ === 0 && process.env.KILL && process.kill(process.pid, 'SIGKILL') })`,
  )
  const run = (env: object) =>
    new Promise<NodeJS.Signals | number | null>((resolve) =>
      spawn(process.execPath, [script, own.uri, references], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'inherit'],
      }).on('close', (code, signal) => resolve(signal ?? code)),
    )
  expect(await run({ KILL: '1' })).toBe('SIGKILL')
  const left = await readdir(join(references, 'references'))
  expect(left.length).toBeGreaterThanOrEqual(1)
  expect(left.length).toBeLessThan(4)
  const kept = await Promise.all(left.map(async (file) => (await stat(join(references, 'references', file))).mtimeMs))
  expect(await run({})).toBe(0)
  expect((await readdir(join(references, 'references'))).filter((file) => file.endsWith('.safetensors'))).toHaveLength(4)
  expect(await Promise.all(left.map(async (file) => (await stat(join(references, 'references', file))).mtimeMs))).toEqual(kept)
})
