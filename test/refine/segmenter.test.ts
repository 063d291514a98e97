import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { type Refine, refinementName, refinementOf } from '../../lib/refine/options'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { noise, saveTinyClip, temporaryFolder } from '../api/tiny-clip'
import { testing } from '../helpers/testing'

const folder = await temporaryFolder()
const names = ['fox', 'dog', 'cat', 'car']
const image = noise(40, 32)
let clip: Clip
let segmenter: Segmenter
beforeAll(async () => {
  binding().setThreads(1)
  clip = await Clip.load(await saveTinyClip(folder), { device: 'cpu' })
  segmenter = await Segmenter.create({ clip, classes: names, size: 32 })
})
afterAll(() => clip.dispose())

/** Probabilities [H, W, T] of an answer's scores. */
async function volumeOf(answer: Awaited<ReturnType<Segmenter['segment']>>) {
  const { data } = await answer.scores({ at: 'image' })
  const pixels = answer.width * answer.height
  const values = new Float32Array(data.length)
  for (let p = 0; p < pixels; p++) {
    const row = names.map((_, t) => Math.exp(answer.protocol.temperature! * (data[t * pixels + p]! - 1)))
    const sum = row.reduce((a, b) => a + b)
    row.forEach((value, t) => {
      values[p * names.length + t] = value / sum
    })
  }
  return { data: values, shape: [answer.height, answer.width, names.length] }
}

const bestOf = (values: Float32Array, threshold = 0, first = 0) =>
  Array.from({ length: values.length / names.length }, (_, p) => {
    const row = values.subarray(p * names.length, (p + 1) * names.length)
    const most = Math.max(...row)
    return most < threshold ? 0 : row.indexOf(most) + first
  })
const same = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).filter((label, i) => label === b[i]).length / a.length

describe.each<Refine>(['crf', 'pamr', { crf: { iterations: 3, appearance: { sxy: 20 } } }, { pamr: { dilations: [1, 2] } }])(
  'segment with refine: %j',
  (refine) => {
    test('labels are the best of the refined softmax of the scores, and not the labels without', async () => {
      const plain = await segmenter.segment(image)
      const refined = await segmenter.segment(image, { refine })
      const { values } = testing().refineVolume(await volumeOf(plain), image.data as Uint8Array, refinementOf(refine))
      expect(same(refined.labels, bestOf(values))).toBeGreaterThan(0.995)
      expect(same(refined.labels, plain.labels)).toBeLessThan(0.95)
      expect(refined.coverage.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
    })

    test('a threshold is that of the refined probability', async () => {
      const plain = await segmenter.segment(image)
      const { values } = testing().refineVolume(await volumeOf(plain), image.data as Uint8Array, refinementOf(refine))
      const maxima = bestOf(values).map((label, p) => values[p * names.length + label]!)
      const threshold = maxima.toSorted((a, b) => a - b)[Math.floor(maxima.length / 3)]!
      const refined = await segmenter.segment(image, { refine, background: { threshold } })
      expect(same(refined.labels, bestOf(values, threshold, 1))).toBeGreaterThan(0.99)
      expect(refined.labels.filter((label) => label === 0).length / refined.labels.length).toBeCloseTo(1 / 3, 1)
    })

    test('protocol, saving and loading keep all numbers', async () => {
      const made = await Segmenter.create({ clip, classes: names, size: 32, refine })
      const answer = await made.segment(image)
      expect(answer.protocol.refine).toEqual(refinementOf(refine))
      expect(answer.labels).toEqual((await segmenter.segment(image, { refine })).labels)
      await made.save(join(folder, 'saved'), {})
      const loaded = await Segmenter.load(join(folder, 'saved'))
      expect((await loaded.segment(image)).protocol.refine).toEqual(refinementOf(refine))
      await loaded[Symbol.asyncDispose]()
    })
  },
)

describe('refine', () => {
  test('null: none in this call, though the segmenter has one', async () => {
    const made = await Segmenter.create({ clip, classes: names, size: 32, refine: 'crf' })
    const answer = await made.segment(image, { refine: null })
    expect(answer.labels).toEqual((await segmenter.segment(image)).labels)
    expect(answer.protocol).not.toHaveProperty('refine')
  })

  test('background names compete and become 0', async () => {
    const background = { names: ['cat', 'car'] }
    const refined = await segmenter.segment(image, { refine: 'crf', classes: ['fox', 'dog'], background })
    const all = await segmenter.segment(image, { refine: 'crf' })
    expect([...refined.labels]).toEqual(Array.from(all.labels, (label) => (label < 2 ? label + 1 : 0)))
  })

  test('one name alone: it has every pixel', async () => {
    const { labels } = await segmenter.segment(image, { refine: 'crf', classes: ['fox'] })
    expect(new Set(labels)).toEqual(new Set([0]))
  })

  test('pruned where every name wins somewhere: nothing changes', async () => {
    const plain = await segmenter.segment(image)
    const classes = names.filter((_, i) => plain.labels.includes(i))
    expect(classes.length).toBeGreaterThan(1)
    const exact = await segmenter.segment(image, { classes, refine: 'crf' })
    expect((await segmenter.segment(image, { classes, refine: { crf: { prune: true } } })).labels).toEqual(exact.labels)
    // Among all names: those that win nowhere stay out.
    const pruned = await segmenter.segment(image, { refine: { crf: { prune: true } } })
    expect([...new Set(pruned.labels)].every((label) => plain.labels.includes(label))).toBe(true)
  })

  test('a picture that takes more memory than allowed is refused with the size; segmentAll goes on with the next', async () => {
    const refine = { crf: { maxBytes: 40_000 } }
    await expect(segmenter.segment(image, { refine })).rejects.toHaveCode(
      'ERR_WORDMASK_MEMORY',
      /40x32 pixels and 4 .*GB, the limit is 4e-05 GB/,
    )
    const outcomes = []
    for await (const { error, labels } of segmenter.segmentAll([image, noise(2, 2)], { refine: { crf: { maxBytes: 100_000 } } }) as any)
      outcomes.push(error?.code ?? labels.length)
    expect(outcomes).toEqual(['ERR_WORDMASK_MEMORY', 4])
  })

  test('the event loop ticks meanwhile, an abort ends it between iterations, and the segmenter stays usable', async () => {
    for (const refine of [{ crf: { iterations: 1_000_000 } }, { pamr: { iterations: 1_000_000 } }] as Refine[]) {
      const control = new AbortController()
      let ticks = 0
      const timer = setInterval(() => {
        if (++ticks === 20) control.abort()
      }, 5)
      await expect(segmenter.segment(image, { refine, signal: control.signal })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
      clearInterval(timer)
      expect(ticks).toBeGreaterThanOrEqual(20)
      expect((await segmenter.segment(image, { refine: 'pamr' })).labels).toHaveLength(1280)
    }
  })

  test('its name is short where all numbers are the defaults', () => {
    expect(refinementName(refinementOf({ crf: { iterations: 10 } }))).toBe('crf')
    expect(refinementName(refinementOf('pamr'))).toBe('pamr')
    expect(refinementName(refinementOf({ pamr: { dilations: [1] } }))).toMatch(/^{"pamr":{"iterations":10,"dilations":\[1\]/)
  })

  test.each([
    'krf',
    { crf: { iterations: 1.5 } },
    { crf: { appearance: { srgb: 0 } } },
    { pamr: { dilations: [] } },
    { crf: {}, pamr: {} },
  ])('BAD CALL - refine: %j', async (refine) => {
    const options = { refine } as unknown as { refine: Refine }
    await expect(segmenter.segment(image, options)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /refine/)
    await expect(Segmenter.create({ clip, classes: names, ...options })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /refine/)
  })

  test('BAD CALL - refine with an option that there is not', async () => {
    const options = { refine: { pamr: { sigma: 3 } } } as unknown as { refine: Refine }
    await expect(segmenter.segment(image, options)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /pamr has no option "sigma"/)
  })
})
