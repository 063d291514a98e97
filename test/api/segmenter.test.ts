import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Clip } from '../../lib/clip/clip'
import { expandRuns } from '../../lib/segmenter/rle'
import { Scores } from '../../lib/segmenter/scores'
import { Segmentation } from '../../lib/segmenter/segmentation'
import { Segmenter } from '../../lib/segmenter/segmenter'
import { loadTinyClip, noise, temporaryFolder } from './tiny-clip'

const images = new URL('../fixtures/images/', import.meta.url).pathname
const classes = ['fox', 'tall grass', 'night sky', 'dog']
const folder = await temporaryFolder()
let clip: Clip
let segmenter: Segmenter
beforeAll(async () => {
  clip = await loadTinyClip(folder)
  segmenter = await Segmenter.create({ clip, classes, size: 64 })
})
afterAll(() => clip.dispose())

const histogram = (labels: ArrayLike<number>) => {
  const counts = new Map<number, number>()
  for (let i = 0; i < labels.length; i++) counts.set(labels[i]!, (counts.get(labels[i]!) ?? 0) + 1)
  return counts
}

describe('segment', () => {
  test('every pixel has the class with the best upsampled cosine', async () => {
    const s = await segmenter.segment(noise(90, 70))
    expect([s.width, s.height, s.labels.length]).toEqual([90, 70, 6300])
    const { data, shape } = await s.scores({ at: 'image' })
    expect(shape).toEqual([4, 70, 90])
    let differing = 0
    for (let i = 0; i < 6300; i++) {
      const values = classes.map((_, c) => data[c * 6300 + i]!)
      if (Math.max(...values) - values[s.labels[i]!]! > 1e-5) differing++
    }
    expect(differing).toBe(0)
    expect(new Set(s.labels).size).toBeGreaterThan(1)
  })

  test('coverage are the shares of the labels; the protocol says how the image was seen', async () => {
    const s = await segmenter.segment(noise(90, 70))
    const counts = histogram(s.labels)
    expect(s.coverage).toEqual(classes.map((_, i) => (counts.get(i) ?? 0) / 6300))
    expect(s.coverage.reduce((a, b) => a + b)).toBeCloseTo(1, 10)
    expect(s.found[0]).toBe(classes[s.coverage.indexOf(Math.max(...s.coverage))])
    expect(s.protocol).toMatchObject({
      method: 'maskclip',
      model: 'tiny',
      templates: 'none',
      size: { width: 80, height: 64 },
      orient: true,
      background: undefined,
    })
    expect(s.classes.map(({ name }) => name)).toEqual(classes)
  })

  test('scores on the grid are the cosines of dense features and text', async () => {
    const s = await segmenter.segment(noise(64, 64))
    const { data, shape } = await s.scores({ classes: ['night sky', 0] })
    expect(shape).toEqual([2, 8, 8])
    const dense = await clip.denseFeatures(noise(64, 64), { size: 64 })
    const text = await clip.encodeText(['night sky', 'fox'], { templates: ['{}'] })
    for (const [c, cell] of [
      [0, 0],
      [1, 63],
      [0, 30],
    ] as const) {
      let dot = 0
      for (let j = 0; j < 24; j++) dot += dense.data[cell * 24 + j]! * text.data[c * 24 + j]!
      expect(data[c * 64 + cell]).toBeCloseTo(dot, 5)
    }
    await expect(s.scores({ classes: ['wolf'] })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /wolf/)
  })

  test('EXIF orientation: labels have the size of the image as shown', async () => {
    const shown = await segmenter.segment(join(images, 'exif-6.jpg'))
    const stored = await segmenter.segment(join(images, 'exif-6.jpg'), { orient: false })
    expect([shown.width, shown.height, stored.width, stored.height]).toEqual([80, 120, 120, 80])
  })

  test('a 1x1 image, a strip of one pixel, 300 names', async () => {
    const one = await segmenter.segment(join(images, 'one-pixel.png'))
    expect(one.labels.length).toBe(1)
    expect((await segmenter.segment(noise(1, 40))).labels.length).toBe(40)
    const many = await segmenter.segment(noise(40, 30), { classes: Array.from({ length: 300 }, (_, i) => `thing ${i}`) })
    expect(many.labels).toBeInstanceOf(Uint16Array)
    expect(segmenter.classes).toHaveLength(4)
  })
})

describe('background', () => {
  test('names: label 0 is background, class i is i + 1, and where a name wins nothing else changes', async () => {
    const image = noise(90, 70, 4)
    const all = await segmenter.segment(image)
    const some = await segmenter.segment(image, { classes: ['fox', 'dog'], background: { names: ['tall grass', 'night sky'] } })
    const expected = Array.from(all.labels, (label) => [1, 0, 0, 2][label])
    expect(Array.from(some.labels)).toEqual(expected)
    expect(some.firstLabel).toBe(1)
    expect((await some.scores()).shape[0]).toBe(2)
    expect(some.coverage).toEqual([1, 2].map((label) => (histogram(some.labels).get(label) ?? 0) / 6300))
    expect(some.coverage.reduce((a, b) => a + b)).toBeLessThan(1)
  })

  test('threshold: the higher, the more background; a pixel that stays keeps its class', async () => {
    const plain = await segmenter.segment(noise(90, 70))
    let before = -1
    for (const threshold of [0.01, 0.35, 0.99]) {
      const s = await segmenter.segment(noise(90, 70), { background: { threshold } })
      const share = (histogram(s.labels).get(0) ?? 0) / 6300
      expect(share).toBeGreaterThanOrEqual(before)
      before = share
      s.labels.forEach((label, i) => {
        if (label > 0 && label !== plain.labels[i]! + 1) throw new Error(`pixel ${i}`)
      })
    }
    expect(before).toBeGreaterThan(0.5)
  })

  test('negatives compete like background names; clashes and bad rules are refused', async () => {
    const image = noise(90, 70, 4)
    const named = await segmenter.segment(image, { classes: ['fox'], background: { names: ['dog', 'night sky'] } })
    const negative = await segmenter.segment(image, {
      classes: [{ name: 'fox', negatives: ['night sky', 'dog'] }],
      background: { names: ['dog'] },
    })
    expect([...negative.labels]).toEqual([...named.labels])
    const bad = (options: object) => expect(segmenter.segment(image, options as never)).rejects
    await bad({ classes: [{ name: 'fox', negatives: ['dog'] }] }).toHaveCode('ERR_WORDMASK_CLASSES', /"fox" has negatives/)
    await bad({ background: { names: ['Fox'] } }).toHaveCode('ERR_WORDMASK_CLASSES', /both a class and a background/)
    await bad({ background: { names: [] } }).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /background/)
    await bad({ background: { threshold: 2 } }).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /background/)
    await bad({ backround: { threshold: 0.5 } }).toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /Did you mean "background"/)
  })
})

describe('masks', () => {
  test('the masks of all classes are the label map; scores are shares', async () => {
    const s = await segmenter.segment(noise(90, 70))
    const rebuilt = new Int16Array(6300).fill(-1)
    for (const mask of await s.masks()) {
      expect(mask.rle.size).toEqual([70, 90])
      expect(mask.score).toBeGreaterThan(1 / classes.length - 0.05)
      expect(mask.score).toBeLessThanOrEqual(1)
      let at = 0
      let area = 0
      expandRuns(mask.rle.counts).forEach((length, run) => {
        if (run % 2 === 1) {
          area += length
          for (let i = at; i < at + length; i++) rebuilt[(i % 70) * 90 + Math.floor(i / 70)] = mask.classIndex
        }
        at += length
      })
      expect(at).toBe(6300)
      expect(area).toBe(mask.area)
      expect(mask.class).toBe(classes[mask.classIndex])
    }
    expect(Array.from(rebuilt)).toEqual(Array.from(s.labels))
  })

  test('instances are connected pieces; minArea leaves out the small; background has no mask', async () => {
    const s = await segmenter.segment(noise(90, 70, 4), { classes: ['fox', 'dog'], background: { names: ['tall grass'] } })
    const whole = await s.masks()
    const pieces = await s.masks({ instances: true })
    expect(pieces.length).toBeGreaterThan(whole.length)
    for (const { classIndex, area } of whole) {
      expect(pieces.filter((piece) => piece.classIndex === classIndex).reduce((sum, piece) => sum + piece.area, 0)).toBe(area)
    }
    for (const { classIndex, area } of whole) expect(area).toBe(histogram(s.labels).get(classIndex + 1))
    expect(whole.reduce((sum, { area }) => sum + area, 0)).toBe(6300 - histogram(s.labels).get(0)!)
    const large = await s.masks({ instances: true, minArea: 100 })
    expect(large).toEqual(pieces.filter(({ area }) => area >= 100))
    await expect(s.masks({ minArea: 0 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /minArea/)
  })
})

test('scores of more than 1 GiB are refused, and the message states the size', async () => {
  const scores = new Scores([{ data: new Float32Array(4), shape: [2, 2, 1] }], 1)
  const names = Array.from({ length: 300 }, () => segmenter.classes![0]!)
  const s = new Segmentation({ labels: new Uint8Array(0), width: 1024, height: 1024, counts: [] }, scores, names, undefined, {
    temperature: 1,
  } as never)
  await expect(s.scores({ at: 'image' })).rejects.toHaveCode('ERR_WORDMASK_MEMORY', /300 x 1024 x 1024 float32 = 1\.17 GiB/)
})

describe('text vectors', () => {
  test('a set of classes is encoded once, whatever the order of calls; another set or template is another', async () => {
    const encode = vi.spyOn(clip.native, 'encodeClasses')
    const own = await Segmenter.create({ clip, size: 32 })
    const image = noise(32, 32)
    await Promise.all([own.segment(image, { classes: ['a', 'b'] }), own.segment(image, { classes: ['a', 'b'] })])
    await own.segment(image, { classes: ['c', 'd'] })
    await own.segment(image, { classes: [{ name: 'a', color: '#ffffff' }, 'b'] })
    expect(encode).toHaveBeenCalledTimes(2)
    await own.segment(image, { classes: ['a', 'b'], templates: ['the {}'] })
    expect(encode).toHaveBeenCalledTimes(3)
    encode.mockRestore()
  })

  test('no classes at all is an error; a bad list is refused when the segmenter is made', async () => {
    const own = await Segmenter.create({ clip })
    await expect(own.segment(noise(32, 32))).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /No classes/)
    await expect(Segmenter.create({ clip, classes: [] })).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /empty/)
    await expect(Segmenter.create({ clip, templates: ['x'] })).rejects.toHaveCode('ERR_WORDMASK_TEMPLATE')
    await expect(Segmenter.create({ clip, method: 'denseclp' as never })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /Did you mean 'denseclip'/,
    )
    await expect(Segmenter.create({ clip: {} as never })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /clip/)
    expect((await Segmenter.create({ clip, method: 'denseclip' })).method).toBe('maskclip')
  })
})
