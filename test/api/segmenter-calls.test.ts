import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clip } from '../../lib/clip/clip'
import { Limiter } from '../../lib/limiter'
import { coveredCells } from '../../lib/segmenter/cells'
import { Scores } from '../../lib/segmenter/scores'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { expectSameLabels } from '../helpers/labels'
import { loadTinyClip, noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const classes = ['fox', 'tall grass', 'night sky']
const folder = await temporaryFolder()
let clip: Clip
beforeAll(async () => {
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

describe('segmentAll', () => {
  test('in order, a bad image in its place, the others as by segment()', async () => {
    const segmenter = await Segmenter.create({ clip, classes, size: 32 })
    const images = [noise(40, 32, 1), join(folder, 'none.jpg'), noise(64, 32, 2), Buffer.from('no image'), noise(32, 48, 3)]
    const progress: unknown[] = []
    const answers = []
    for await (const answer of segmenter.segmentAll(images, { concurrency: 3, onProgress: (...at) => progress.push(at) }))
      answers.push(answer)
    expect(answers.map(({ error }) => error?.code)).toEqual([
      undefined,
      'ERR_WORDMASK_FILE_NOT_FOUND',
      undefined,
      'ERR_WORDMASK_IMAGE',
      undefined,
    ])
    expect(progress.at(-1)).toEqual([5, 5])
    const last = answers[4]!
    if (last.error) throw last.error
    expect([...last.labels]).toEqual([...(await segmenter.segment(images[4]!)).labels])
  })

  test('a stream is read as fast as its answers are taken', async () => {
    const segmenter = await Segmenter.create({ clip, classes, size: 32 })
    let read = 0
    async function* stream() {
      for (; ; read++) yield noise(32, 32, read)
    }
    let taken = 0
    for await (const _ of segmenter.segmentAll(stream(), { concurrency: 2 })) {
      expect(read).toBeLessThanOrEqual(taken + 2)
      if (++taken === 6) break
    }
  })

  test('an abort ends the loop with its reason; what is not about an image ends it, too', async () => {
    const segmenter = await Segmenter.create({ clip, classes, size: 32 })
    const controller = new AbortController()
    const reason = new Error('enough')
    const run = async (options: object) => {
      for await (const _ of segmenter.segmentAll([noise(32, 32), noise(32, 32), noise(32, 32)], options)) controller.abort(reason)
    }
    await expect(run({ signal: controller.signal, concurrency: 1 })).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: reason })
    await expect(run({ classes: ['a', 'a'] })).rejects.toHaveCode('ERR_WORDMASK_CLASSES')
  })
})

describe('calls in flight together', () => {
  test('more than maxPending waiting reject with ERR_WORDMASK_BUSY; the others are answered', async () => {
    const segmenter = await Segmenter.create({ clip, classes, size: 32, maxPending: 3 })
    const calls = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => segmenter.segment(noise(40, 32, i))))
    const codes = calls.map((call) => (call.status === 'rejected' ? call.reason.code : 'ok'))
    expect(codes).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ERR_WORDMASK_BUSY', 'ERR_WORDMASK_BUSY', 'ERR_WORDMASK_BUSY'])
  })

  test('aborting one, waiting or running, leaves the others as they would be alone', async () => {
    const segmenter = await Segmenter.create({ clip, classes, size: 32 })
    const alone = await segmenter.segment(noise(40, 32, 5))
    const controllers = Array.from({ length: 6 }, () => new AbortController())
    const calls = controllers.map(({ signal }) => segmenter.segment(noise(40, 32, 5), { signal }))
    for (const i of [0, 3, 5]) controllers[i]!.abort()
    const settled = await Promise.allSettled(calls)
    settled.forEach((call, i) => {
      if ([0, 3, 5].includes(i)) expect(call.status === 'rejected' && call.reason.code).toBe('ERR_WORDMASK_ABORTED')
      else if (call.status === 'rejected') throw call.reason
      else expectSameLabels(call.value.labels, alone.labels)
    })
  })

  test('two calls share the encoding of their names; one gives up, the other gets its answer', async () => {
    const segmenter = await Segmenter.create({ clip, size: 32 })
    const names = Array.from({ length: 400 }, (_, i) => `thing number ${i}`)
    const controller = new AbortController()
    const first = segmenter.segment(noise(32, 32), { classes: names, signal: controller.signal })
    const second = segmenter.segment(noise(32, 32), { classes: names })
    setImmediate(() => controller.abort())
    await expect(first).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect((await second).classes).toHaveLength(400)
  })

  test('Limiter: first come, first served; a place is passed on, also by a failure, and never doubled', async () => {
    const limiter = new Limiter(1, 10)
    const order: number[] = []
    let running = 0
    let most = 0
    const job = (i: number): Promise<number> =>
      limiter.run(async () => {
        order.push(i)
        most = Math.max(most, ++running)
        await new Promise((done) => setTimeout(done, 2))
        running--
        if (i === 1) throw new Error('one')
        return i
      }, undefined)
    const calls = [job(0), job(1), job(2)]
    const late = calls[0]!.then(() => job(3))
    const results = await Promise.allSettled([...calls, late])
    expect(order).toEqual([0, 1, 2, 3])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(most).toBe(1)
    expect(await job(9)).toBe(9)
  })

  test('after dispose calls reject; a Clip that was passed in stays open, one that was loaded does not', async () => {
    const segmenter = await Segmenter.create({ clip, classes, size: 32 })
    segmenter.dispose()
    await expect(segmenter.segment(noise(32, 32))).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
    expect((await clip.encodeText('fox')).shape).toEqual([1, 24])
    const owner = await Segmenter.create({ clip: await saveTinyClip(folder), classes })
    owner.dispose()
    await expect(owner.clip.encodeText('fox')).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
  })
})

describe('save and load', () => {
  test('a saved segmenter answers the same, with its weights by reference or copied', async () => {
    const named = await Segmenter.create({
      clip,
      classes: [{ name: 'fox', id: 7, color: '#102030' }, 'dog'],
      templates: ['a {}'],
      background: { names: ['tall grass'] },
      size: 40,
    })
    const answer = await named.segment(noise(60, 50))
    for (const copyWeights of [false, true]) {
      const at = join(folder, `saved-${copyWeights}`)
      await named.save(at, { copyWeights })
      const loaded = await Segmenter.load(at, { device: 'cpu' })
      const again = await loaded.segment(noise(60, 50))
      expect([...again.labels]).toEqual([...answer.labels])
      expect(again.classes).toEqual(answer.classes)
      expect({ ...again.protocol, model: '' }).toEqual({ ...answer.protocol, model: '' })
      loaded.dispose()
    }
  })

  test('a newer version, other weights, mixed-up vectors and an empty folder are told apart', async () => {
    const at = join(folder, 'changed')
    const segmenter = await Segmenter.create({ clip, classes })
    await segmenter.save(at)
    const file = join(at, 'wordmask.json')
    const saved = JSON.parse(await readFile(file, 'utf8'))
    const change = (changes: object) => writeFile(file, JSON.stringify({ ...saved, ...changes }))
    expect(saved.version).toBe(1)
    await change({ version: 2 })
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_VERSION', /format 2/)
    await change({ clip: { ...saved.clip, sha256: ['0'.repeat(64)] } })
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /other weights/)
    await change({ classes: [{ name: 'fox' }, { name: 'tall grass' }, { name: 'wolf' }] })
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /text vectors/)
    await change({ slide: 3 })
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /slide/)
    await writeFile(file, '{')
    await expect(Segmenter.load(at)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /JSON/)
    await expect(Segmenter.load(join(folder, 'nothing'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /wordmask\.json/)
  })
})

describe('scores of masks, by hand', () => {
  test('cells are those whose centre pixel is inside; a mask between the centres takes the nearest cell', () => {
    const image = { width: 4, height: 4 }
    const grid = { width: 2, height: 2 }
    // Centres are the pixels (1, 1), (3, 1), (1, 3), (3, 3). Column 3 is inside, column-major 12..15.
    expect(coveredCells([12, 4], [3, 0, 1, 4], image, grid)).toEqual([1, 3])
    expect(coveredCells([0, 16], [0, 0, 4, 4], image, grid)).toEqual([0, 2, 1, 3])
    expect(coveredCells([14, 1, 1], [3, 2, 1, 1], image, grid)).toEqual([3])
  })

  test('the softmax share of a class over cells', async () => {
    const softmax = new Scores([{ data: Float32Array.from([1, 0, 0, 0]), shape: [1, 2, 2] }], Math.log(3))
    expect(await softmax.mean(0, [0])).toBeCloseTo(3 / 4, 6)
    expect(await softmax.mean(1, [0, 1])).toBeCloseTo((1 / 4 + 1 / 2) / 2, 6)
  })
})
