import { truncateSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Float32Tensor, StarOptions } from '../../binding'
import { binding } from '../../lib/binding'
import { random, randomTensor, type StarCase, tensor, testing } from '../helpers/testing'
import { bitmap, VectorFolder, vectorTypes } from '../helpers/vectors'

const plainly = { type: 'float32', layout: 'together' }
const centres = (rows: Float32Tensor, options: StarOptions & Partial<StarCase>) => [
  ...testing().vectorStars(rows, { ...plainly, ...options }).centres,
]
/** Unit vectors in the plane at these angles, in degrees. */
const directions = (...angles: number[]) =>
  tensor(
    [angles.length, 2],
    angles.flatMap((a) => [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)]),
  )
const near10 = Math.cos((10.5 * Math.PI) / 180)

describe('stars by hand', () => {
  test('a chain of steps of 10 degrees does not merge: members are near their centre', () => {
    expect(centres(directions(0, 10, 20, 30, 40), { threshold: near10 })).toEqual([0, 0, 2, 2, 4])
  })

  test('the order decides who is a centre: from the middle of the chain', () => {
    const priority = Float64Array.of(1, 9, 1, 9, 1)
    expect(centres(directions(0, 10, 20, 30, 40), { threshold: near10, priority })).toEqual([1, 1, 1, 3, 3])
  })

  test('a row joins the first centre that it is near to, not the nearest', () => {
    const { scores } = testing().vectorStars(directions(0, 12, 7), { ...plainly, threshold: near10 })
    expect(centres(directions(0, 12, 7), { threshold: near10 })).toEqual([0, 1, 0])
    expect(scores[2]).toBeCloseTo(Math.cos((7 * Math.PI) / 180), 6)
    expect([...scores.subarray(0, 2)]).toEqual([1, 1])
  })

  test('a cosine at the threshold is near: 24 / 25 of (3, 4) and (4, 3)', () => {
    const rows = tensor([2, 2], [3, 4, 4, 3])
    expect(centres(rows, { threshold: 0.96 })).toEqual([0, 0])
    expect(centres(rows, { threshold: 0.9600001 })).toEqual([0, 1])
  })

  test('norms do not matter; copies are near at threshold 1', () => {
    expect(centres(tensor([3, 2], [1, 2, 200, 400, 0.001, 0.002]), { threshold: 0.99999 })).toEqual([0, 0, 0])
    expect(centres(tensor([3, 3], [0.1, 0.7, -3, 5, 5, 5, 0.1, 0.7, -3]), { threshold: 1 })).toEqual([0, 1, 0])
  })

  test('zeros, NaN and infinity are near none, not even their like', () => {
    const broken = tensor([7, 2], [0, 0, 1, 1, 0, 0, Number.NaN, 1, 1, 1, Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY, 1])
    expect(centres(broken, { threshold: 0.001 })).toEqual([0, 1, 2, 3, 1, 5, 6])
  })

  test('rows outside the bitmap take no part', () => {
    const { centres, scores } = testing().vectorStars(directions(0, 1, 2, 3), {
      ...plainly,
      threshold: 0.9,
      allow: bitmap(4, (row) => row % 2 === 1),
    })
    expect([...centres]).toEqual([-1, 1, -1, 1])
    expect([...scores].map(Number.isNaN)).toEqual([true, false, true, false])
    expect([...testing().vectorStars(directions(0, 1), { ...plainly, threshold: 0.9, allow: new Uint8Array(1) }).centres]).toEqual([-1, -1])
  })

  test('one row; no row', () => {
    expect(centres(directions(5), { threshold: 0.5 })).toEqual([0])
    expect(centres(tensor([0, 2], []), { threshold: 0.5 })).toEqual([])
  })
})

/** Rows around `kinds` directions: noise of this size makes near and far neighbours. */
function clustered(n: number, dim: number, kinds: number, noise: number, seed: number): Float32Tensor {
  const next = random(seed)
  const kind = randomTensor([kinds, dim], seed + 1).data
  const data = new Float32Array(n * dim)
  for (let row = 0; row < n; row++) {
    const from = Math.floor(((next() + 1) / 2) * kinds) * dim
    const size = (noise * (next() + 1)) / 2
    for (let i = 0; i < dim; i++) data[row * dim + i] = kind[from + i]! + size * next()
  }
  return { data, shape: [n, dim] }
}

const cases = [
  { n: 40, dim: 3, kinds: 5, noise: 0.5, threshold: 0.97 },
  { n: 700, dim: 24, kinds: 60, noise: 0.8, threshold: 0.9 },
  { n: 1500, dim: 130, kinds: 300, noise: 0.7, threshold: 0.94 },
  { n: 1200, dim: 512, kinds: 40, noise: 0.6, threshold: 0.96 },
  { n: 900, dim: 300, kinds: 900, noise: 1, threshold: 0.5 },
  { n: 800, dim: 70, kinds: 1, noise: 0.2, threshold: 0.99 },
].flatMap((item, i) => vectorTypes.map((type) => ({ ...item, type, seed: 700 + 10 * i })))

const sets = ['base', 'avx2', 'avx512', 'avx512_bf16'].filter((name) => testing().limitTiles(name))
testing().limitTiles()

describe('stars against the float64 reference', () => {
  afterEach(() => {
    testing().limitTiles()
    testing().setThreads(1)
  })

  const title = 'n=$n dim=$dim kinds=$kinds noise=$noise threshold=$threshold $type seed=$seed'
  test.each(cases)(title, ({ n, dim, kinds, noise, threshold, type, seed }) => {
    const rows = clustered(n, dim, kinds, noise, seed)
    const next = random(seed + 2)
    const priority = Float64Array.from({ length: n }, () => Math.floor(next() * 20))
    const allow = bitmap(n, () => next() > -0.6)
    for (const given of [{}, { priority }, { allow }, { priority, allow }]) {
      const options = { ...plainly, type, threshold, ...given }
      const exact = testing().vectorStarsReference(rows, options)
      expect(exact.margin, 'no cosine within the rounding of float64 sums').toBeGreaterThan(1e-12)
      const found = testing().vectorStars(rows, options)
      expect(found.centres).toEqual(exact.centres)
      for (let i = 0; i < n; i++) if (exact.centres[i]! >= 0) expect(Math.abs(found.scores[i]! - exact.scores[i]!)).toBeLessThan(2 ** -23)
    }
  })

  test('sketches of every width, instruction sets and threads give the same answer', () => {
    const rows = clustered(600, 300, 50, 0.7, 41)
    const options = { ...plainly, type: 'float16', threshold: 0.93 }
    const first = testing().vectorStars(rows, options)
    const widths = new Set<number>()
    const same = (sketchBytes: number, set: string | undefined, threads: number) => {
      testing().limitTiles(set)
      testing().setThreads(threads)
      const found = testing().vectorStars(rows, { ...options, sketchBytes })
      expect({ centres: found.centres, scores: found.scores }).toEqual({ centres: first.centres, scores: first.scores })
      widths.add(found.sketch)
    }
    for (const sketchBytes of [0, 600 * 2 * 64, 600 * 2 * 256]) same(sketchBytes, undefined, 1)
    for (const set of sets) same(1 << 30, set, 1)
    same(1 << 30, undefined, 3)
    expect(widths).toContain(16)
  })

  test.each(['rows', 'channels'])('%s apart: the same answer', (layout) => {
    const rows = clustered(300, 40, 30, 0.6, 51)
    const together = testing().vectorStars(rows, { ...plainly, threshold: 0.9 })
    expect(testing().vectorStars(rows, { ...plainly, threshold: 0.9, layout })).toEqual(together)
  })

  test('sketches decide nearly every pair of clustered rows', () => {
    const { verified, sketch, centres } = testing().vectorStars(clustered(4000, 256, 400, 0.5, 61), { ...plainly, threshold: 0.97 })
    const joined = centres.filter((centre, row) => centre !== row).length
    expect(sketch).toBeLessThan(256)
    expect(verified).toBeLessThan(0.01 * 4000 * 2000 + joined)
  })
})

describe('VectorFile.stars', () => {
  const folder = new VectorFolder()
  afterAll(() => folder.remove())
  const large = folder.write(clustered(30_000, 64, 25_000, 0.5, 71), 'float16')

  test('answers over a file as the kernel does over memory, with progress to the last pair', async () => {
    const rows = clustered(1000, 48, 100, 0.5, 72)
    const { file, layout } = folder.write(rows, 'float32', 8)
    const vectors = await binding().VectorFile.open(file, layout, {})
    let last: number[] = []
    const found = await vectors.stars({ threshold: 0.95 }, { onProgress: (...seen) => (last = seen) })
    const own = testing().vectorStars(rows, { ...plainly, threshold: 0.95 })
    expect([...found.centres]).toEqual([...own.centres])
    expect([...found.scores]).toEqual([...own.scores])
    expect(found.sketch).toBe(own.sketch)
    expect(last).toEqual([499_500, 499_500])
    vectors.dispose()
  })

  test('cancelled mid-way it rejects, cut short mid-way it says so', async () => {
    const vectors = await binding().VectorFile.open(large.file, large.layout, {})
    const cancel = new (binding().CancelToken)()
    await expect(vectors.stars({ threshold: 0.9 }, { cancel, onProgress: () => cancel.cancel() })).rejects.toHaveCode(
      'ERR_WORDMASK_ABORTED',
    )
    const cut = () => truncateSync(large.file, 100_000)
    await expect(vectors.stars({ threshold: 0.9 }, { onProgress: cut })).rejects.toHaveCode('ERR_WORDMASK_VECTORS', /cut short/)
    vectors.dispose()
    await expect(vectors.stars({ threshold: 0.9 }, {})).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
  })

  test('what it costs is known before', () => {
    expect(binding().VectorFile.starsCost(1_000_000, 512)).toEqual({
      pairs: 499_999_500_000,
      multiplyAdds: 255_999_744_000_000,
      bytes: 1_000_000 * (2 * 512 + 20),
    })
    expect(binding().VectorFile.starsCost(10_000_000, 512).bytes).toBe(10_000_000 * (2 * 32 + 20))
    expect(binding().VectorFile.starsCost(0, 8).pairs).toBe(0)
  })

  test.each([
    ['a threshold of 0', { threshold: 0 }, /threshold above 0.*0/],
    ['a threshold above 1', { threshold: 1.5 }, /options\.threshold/],
    ['no threshold', {} as StarOptions, /options\.threshold.*undefined/],
    ['priorities of another length', { threshold: 0.5, priority: new Float64Array(3) }, /priority for each of 5 rows.*\[3\]/],
    ['a priority that is NaN', { threshold: 0.5, priority: Float64Array.of(1, 2, Number.NaN, 4, 5) }, /priority\[2\].*NaN/],
    ['a bitmap of another length', { threshold: 0.5, allow: new Uint8Array(2) }, /1 bytes for 5 rows.*\[2\]/],
  ])('BAD CALL - %s', async (_, options, message) => {
    const { file, layout } = folder.write(randomTensor([5, 4], 1), 'float32')
    const vectors = await binding().VectorFile.open(file, layout, {})
    await expect(vectors.stars(options, {})).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
    vectors.dispose()
  })
})
