import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { Lifetime } from '../../lib/lifetime'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { expectSameLabels } from '../helpers/labels'
import { testing } from '../helpers/testing'
import { noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const code = 'ERR_WORDMASK_DISPOSED'
const image = noise(40, 32)
let file: string
let standing: Clip
beforeAll(async () => {
  // One thread: these tests are about order and arguments, and must not depend on how busy the cores are.
  binding().setThreads(1)
  file = await saveTinyClip(folder)
  standing = await Clip.load(file, { device: 'cpu' })
})
afterAll(() => standing.dispose())
const load = () => Clip.load(file, { device: 'cpu' })

describe('Lifetime', () => {
  test('frees once, when the last call that had begun has ended, failures included', async () => {
    const free = vi.fn()
    const lifetime = new Lifetime('thing', free)
    let end = () => {}
    const slow = lifetime.during(() => new Promise<void>((resolve) => (end = resolve)))
    const failed = lifetime.during(async () => Promise.reject(new Error('no'))).catch(() => {})
    const freed = [lifetime.dispose(), lifetime.dispose()]
    await failed
    await expect(lifetime.during(async () => 1)).rejects.toHaveCode(code, /This thing was disposed of/)
    expect(free).not.toHaveBeenCalled()
    end()
    await slow
    await Promise.all([...freed, lifetime.dispose()])
    expect(free).toHaveBeenCalledTimes(1)
  })
})

describe('Clip', () => {
  test('every call rejects, those with nothing to do and wrong arguments too; tokenize throws; info stays', async () => {
    const clip = await load()
    clip.dispose()
    clip.dispose()
    const calls = [
      clip.encodeText([]),
      clip.encodeText('fox'),
      clip.encodeImage([]),
      clip.encodeImage(image),
      clip.encodeImage(7 as never),
      clip.preprocess(image),
      clip.denseFeatures(image),
      clip.classify(image, ['fox']),
      clip.classVectors([]),
      clip.save('never-written.safetensors'),
      Segmenter.create({ clip }),
      Segmenter.create({ clip, classes: ['fox'] }),
    ]
    for (const call of calls) await expect(call).rejects.toHaveCode(code)
    expect(() => clip.tokenize('fox')).toThrow(expect.toHaveCode(code))
    expect(clip.info.name).toBe('tiny')
  })

  test('calls in flight end as usual, a stream to its end; the weights go after the last of them', async () => {
    const clip = await load()
    const expected = await clip.encodeImage(image)
    const free = vi.spyOn(clip.native, 'dispose')
    let goOn = () => {}
    const others = new Promise<void>((resolve) => (goOn = resolve))
    async function* stream() {
      for (let i = 0; i < 4; i++) yield image
      await others
      yield image
    }
    const calls = [
      clip.encodeImage(stream(), { batchSize: 1 }),
      clip.encodeText(['a', 'b'], { templates: 'vild' }),
      clip.classify(image, ['fox', 'dog']),
      clip.denseFeatures(image),
    ]
    clip.dispose()
    await expect(clip.encodeText('fox')).rejects.toHaveCode(code)
    await Promise.all(calls.slice(1))
    expect(free).not.toHaveBeenCalled()
    goOn()
    const all = (await calls[0]!) as typeof expected
    expect(all.shape).toEqual([5, 24])
    expect([...all.data.subarray(96)]).toEqual([...expected.data])
    await clip[Symbol.asyncDispose]()
    expect(free).toHaveBeenCalledTimes(1)
    expect(() => clip.native.info()).toThrow(/disposed/)
  })

  test('await using waits for what is in flight; disposing at once from several places is one end', async () => {
    let call: Promise<unknown>
    let gone: Clip
    {
      await using clip = await load()
      gone = clip
      call = clip.encodeImage(image)
    }
    expect(() => gone.native.info()).toThrow(/disposed/)
    expect(await call).toMatchObject({ shape: [1, 24] })
    const clip = await load()
    await Promise.all([clip[Symbol.asyncDispose](), clip[Symbol.asyncDispose](), clip.dispose(), clip[Symbol.asyncDispose]()])
  })
})

describe('Segmenter', () => {
  test('every call rejects, with nothing to do as well', async () => {
    const segmenter = await Segmenter.create({ clip: standing, classes: ['fox', 'dog'], size: 32 })
    const answer = await segmenter.segment(image)
    segmenter.dispose()
    segmenter.dispose()
    await expect(segmenter.segment(image)).rejects.toHaveCode(code, /Segmenter/)
    await expect(segmenter.segmentAll([]).next()).rejects.toHaveCode(code)
    await expect(segmenter.save(folder)).rejects.toHaveCode(code)
    expect((await standing.encodeText('fox')).shape).toEqual([1, 24])
    expect((await answer.scores({ at: 'image' })).shape).toEqual([2, 32, 40])
    expect(await answer.masks()).not.toEqual([])
  })

  test('calls in flight, running and waiting, end as usual, also when the Clip goes before the segmenter', async () => {
    const clip = await load()
    const segmenter = await Segmenter.create({ clip, classes: ['fox', 'dog'], size: 32 })
    const alone = await segmenter.segment(image)
    const letGo = testing().holdLane('cpu')
    const calls = Array.from({ length: 12 }, (_, i) => segmenter.segment(image, { classes: i % 2 ? ['fox', 'dog'] : ['a', 'b'] }))
    clip.dispose()
    const late = segmenter.segment(image)
    letGo()
    await expect(late).rejects.toHaveCode(code, /Clip/)
    const answers = await Promise.all(calls)
    expectSameLabels(answers[1]!.labels, alone.labels)
    expect(answers[0]!.classes.map(({ name }) => name)).toEqual(['a', 'b'])
    await clip[Symbol.asyncDispose]()
    expect(() => clip.native.info()).toThrow(/disposed/)
  })

  test('a Clip of its own goes with it: await using frees both', async () => {
    let clip: Clip
    let call: Promise<unknown>
    {
      await using segmenter = await Segmenter.create({ clip: file, classes: ['fox'], size: 32 })
      clip = segmenter.clip
      call = segmenter.segment(image)
    }
    expect(() => clip.native.info()).toThrow(/disposed/)
    expect(await call).toMatchObject({ width: 40 })
    await expect(clip.encodeText([])).rejects.toHaveCode(code)
  })

  test('segmentAll ends at its next image', async () => {
    const segmenter = await Segmenter.create({ clip: standing, classes: ['fox'], size: 32 })
    let seen = 0
    const loop = async () => {
      for await (const _ of segmenter.segmentAll(Array(20).fill(image), { concurrency: 2 })) if (++seen === 3) segmenter.dispose()
    }
    await expect(loop()).rejects.toHaveCode(code)
    expect(seen).toBeLessThanOrEqual(5)
  })
})
