import { describe, expect, test } from 'vitest'
import type { CurateClip } from '../../lib/curate/curate'
import { curate } from '../../lib/curate/curate'
import { fallOffOf, fallOffs, ranksOf, standing } from '../../lib/curate/standing'
import { memorySource, randomUnits, row, unit } from './memory'

describe('standing', () => {
  test('ranks: none of fewer than 4,000 images, a hundredth and a tenth of them, and never more than 200 and 2,000', () => {
    expect(ranksOf(3999)).toBeUndefined()
    expect(ranksOf(4000)).toEqual({ near: 40, far: 400 })
    expect(ranksOf(20_000)).toEqual({ near: 200, far: 2000 })
    expect(ranksOf(5_000_000)).toEqual({ near: 200, far: 2000 })
  })
  test('by hand: .3 for the near best and .2 for the far best: .3 stands 0, .4 one step out, .2 one below', () => {
    const scores = Float32Array.from({ length: 20 }, (_, i) => (i === 1 ? 0.3 : i === 19 ? 0.2 : i < 1 ? 0.5 : 0.25))
    const fall = fallOffOf(scores, { near: 2, far: 20 })!
    expect([fall.near, fall.far]).toEqual([Math.fround(0.3), Math.fround(0.2)])
    expect([0.3, 0.4, 0.2].map((score) => standing(score, fall))).toEqual([0, 1, -1].map((step) => expect.closeTo(step, 5)))
  })
  test('nothing where rows are hidden down to the far rank, or where all fit alike', () => {
    expect(fallOffOf(Float32Array.of(0.5, 0.4, Number.NEGATIVE_INFINITY), { near: 1, far: 3 })).toBeUndefined()
    expect(fallOffOf(Float32Array.of(0.5, 0.4), { near: 1, far: 3 })).toBeUndefined()
    expect(fallOffOf(Float32Array.of(0.5, 0.5, 0.5), { near: 1, far: 3 })).toBeUndefined()
    expect(fallOffOf(Float32Array.of(0.5, 0.4, 0.3), undefined)).toBeUndefined()
  })
  test('a text that lies nearer to every image, or divides them twice as much, stands out by no more', () => {
    const scores = Float32Array.from({ length: 200 }, (_, i) => 1 / (i + 1))
    const ranks = { near: 20, far: 200 }
    const out = (values: Float32Array) => standing(values[0]!, fallOffOf(values, ranks)!)
    expect(out(scores.map((score) => 0.3 + 2 * score))).toBeCloseTo(out(scores), 4)
  })
  test('of many texts in one pass: what each says alone', async () => {
    const source = memorySource(
      Array.from({ length: 4000 }, (_, i) => row(`r${i}`)),
      randomUnits(4000, 8, 1),
    )
    const texts = randomUnits(3, 8, 2).map((text) => Float32Array.from(text))
    const together = await fallOffs(source, Float32Array.from(texts.flatMap((text) => [...text])))
    for (const [i, text] of texts.entries()) expect((await fallOffs(source, text))[0]).toEqual(together[i])
  })
})

describe('a name in eight of 4,000 images', () => {
  const dim = 48
  const size = 4000
  // Every image shows one of ten common things, and noise; eight show the rare one beside it, and smaller.
  const axis = (i: number) => Array.from({ length: dim }, (_, k) => Number(k === i))
  const noise = randomUnits(size, dim, 11)
  const rare = new Set(Array.from({ length: 8 }, (_, i) => 137 + 481 * i))
  const vectors = noise.map((values, i) => {
    const [common, strange] = [axis(i % 10), axis(10)]
    return unit(values.map((value, k) => value + (rare.has(i) ? 1.3 * common[k]! + 1.1 * strange[k]! : 0.8 * common[k]!)))
  })
  const source = memorySource(
    Array.from({ length: size }, (_, i) => row(`r${i}`)),
    vectors,
  )
  const words = randomUnits(300, dim, 12)
  const known = new Map<string, number[]>([
    ...Array.from({ length: 11 }, (_, i) => [`thing ${i}`, axis(i)] as const),
    ['thing 11', randomUnits(1, dim, 13)[0]!] as const,
    ...words.map((v, i) => [`word${i}`, v] as const),
  ])
  const clip: CurateClip = {
    templates: 'none',
    vectors: async (texts) => Float32Array.from(texts.flatMap(({ name }) => known.get(name) ?? axis(47))),
    readable: (texts) => texts.filter(({ name }) => known.has(name)),
    words: async () => words.map((_, i) => `word${i}`),
  }
  const curated = async (classes: string[]) => {
    const read = () => Promise.reject(new Error('no image is read'))
    const set = await curate({ source, clip, read: read as never, origin: {} as never }, classes, { duplicates: false, perClass: 50 })
    return set.classes
  }

  test('is found by how far they stand out, and these are its images; a name that none shows is not, names in every tenth are by their rivals', async () => {
    const classes = await curated(Array.from({ length: 12 }, (_, i) => `thing ${i}`))
    const [shown, absent] = classes.slice(10)
    expect(shown!.presence).toMatchObject({ by: 'standing', present: true })
    const ids = shown!.images.map(({ id }) => Number(id.slice(1)))
    expect(ids.length).toBeGreaterThanOrEqual(6)
    expect(ids.filter((id) => !rare.has(id)).length).toBeLessThanOrEqual(1)
    expect(absent!.presence!.present).toBe(false)
    expect(absent!.images).toEqual([])
    for (const { presence } of classes.slice(0, 10)) expect(presence).toMatchObject({ by: 'rivals', present: true })
  })
})
