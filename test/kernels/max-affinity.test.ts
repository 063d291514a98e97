import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { randomTensor, tensor, testing } from '../helpers/testing'

const affinity = (shape: number[], values: number[], weights?: number[]) => [
  ...testing().maxAffinity(tensor(shape, values), weights && tensor(shape.slice(0, -1), weights), 'float32', 'together'),
]
const round = (values: Iterable<number>) => [...values].map((value) => Math.round(value * 1e4) / 1e4)

describe('max_affinity by hand', () => {
  test('two images of two positions: the best of each, itself included', () => {
    // Positions (1, 0), (0, 1) and (0.6, 0.8), (-1, 0).
    expect(affinity([2, 2, 2], [1, 0, 0, 1, 0.6, 0.8, -1, 0]).map((value) => Math.fround(value))).toEqual(
      [1, 0.6, 1, 0.8, 0.8, 1, 0, 1].map(Math.fround),
    )
  })

  test('a weight belongs to the position that is matched, not to the one that looks', () => {
    // Methods page, analytic case 3: pixels e1, e2 in both images; column weights (.2, .9) and (.9, .1).
    expect(round(affinity([2, 2, 2], [1, 0, 0, 1, 1, 0, 0, 1], [0.2, 0.9, 0.9, 0.1]))).toEqual([0.2, 0.9, 0.9, 0.1, 0.2, 0.9, 0.9, 0.1])
  })

  test('negative products rise with a small weight and change sides with a negative one', () => {
    expect(round(affinity([2, 1, 1], [1, -1], [0.5, 0.25]))).toEqual([0.5, -0.25, -0.5, 0.25])
    expect(round(affinity([2, 1, 1], [1, -1], [-0.5, 0.25]))).toEqual([-0.5, -0.25, 0.5, 0.25])
  })

  test('without weights every weight is 1', () => {
    const features = [0.3, -0.2, 0.5, 0.7, 0.1, -0.9]
    expect(affinity([3, 1, 2], features)).toEqual(affinity([3, 1, 2], features, [1, 1, 1]))
  })

  test('one image, orthonormal positions: each is its own best match', () => {
    const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    expect(round(affinity([1, 4, 4], identity, [0.1, 0.9, 0.3, 0.2]))).toEqual([0.1, 0.9, 0.3, 0.2])
  })

  test('no images, no archives: empty; no channels: every product is 0', () => {
    expect(affinity([0, 3, 4], [])).toEqual([])
    expect(affinity([0, 2, 3, 4], [])).toEqual([])
    expect(affinity([2, 1, 0], [])).toEqual([0, 0, 0, 0])
  })
})

const cases = [
  { k: 1, P: 1, C: 1 },
  { k: 5, P: 1, C: 7 },
  { k: 40, P: 1, C: 33 },
  { k: 1, P: 50, C: 20 },
  { k: 2, P: 11, C: 384 },
  { k: 3, P: 12, C: 32 },
  { k: 4, P: 13, C: 31 },
  { k: 7, P: 49, C: 65 },
  { k: 3, P: 196, C: 384 },
  { k: 2, P: 700, C: 9 }, // an image longer than a strip of columns
  { k: 6, P: 401, C: 3 }, // more rows than a unit of work
  { k: 2, P: 3, C: 50_000 },
].flatMap((item, i) =>
  ['float32', 'bfloat16'].flatMap((dtype) => [true, false].map((weighted) => ({ ...item, dtype, weighted, seed: 300 + i, name: '' }))),
)
for (const item of cases)
  item.name = `k=${item.k} P=${item.P} C=${item.C} ${item.dtype}${item.weighted ? ' weighted' : ''} seed=${item.seed}`
type Case = (typeof cases)[number]

/** Rows of about unit length; a third of the weights below zero. */
function input({ k, P, C, weighted, seed }: Case) {
  const features = randomTensor([k, P, C], seed)
  for (let i = 0; i < features.data.length; i++) features.data[i]! *= Math.sqrt(3 / C)
  const weights = weighted ? randomTensor([k, P], seed + 1000) : undefined
  if (weights) for (let i = 0; i < weights.data.length; i++) weights.data[i]! += 1 / 3
  return { features, weights }
}

const largestError = (values: Float32Array, exact: Float64Array) =>
  values.reduce((error, value, i) => Math.max(error, Math.abs(value - exact[i]!)), 0)

function expectClose(item: Case) {
  const { features, weights } = input(item)
  const { exact, plain } = testing().maxAffinityReference(features, weights, item.dtype)
  const ours = testing().maxAffinity(features, weights, item.dtype, 'together')
  expect(ours.length).toBe(item.k * item.P * item.k)
  const rounding = 4 * 2 ** -24 * Math.max(...exact.map(Math.abs))
  expect(largestError(ours, exact)).toBeLessThanOrEqual(2 * largestError(plain, exact) + rounding)
}

const sets = ['base', 'avx2', 'avx512', 'avx512_bf16'].filter((name) => testing().limitTiles(name))
testing().limitTiles()

describe('max_affinity against float64: error at most twice that of mm + amax in float32', () => {
  afterEach(() => void testing().limitTiles())

  test.each(cases)('$name', expectClose)

  describe.each(sets)('with %s instructions', (name) => {
    test.each(cases)('$name', (item) => {
      testing().limitTiles(name)
      expectClose(item)
    })
  })

  test.skipIf(!sets.includes('avx512'))('AVX2 and AVX-512 give the same bits', () => {
    for (const item of cases) {
      const { features, weights } = input(item)
      const [narrow, wide] = ['avx2', 'avx512'].map((name) => {
        testing().limitTiles(name)
        return testing().maxAffinity(features, weights, item.dtype, 'together')
      })
      expect(wide, item.name).toEqual(narrow)
    }
  })

  test.each(cases)('rows apart and channels apart give the same bits: $name', (item) => {
    const { features, weights } = input(item)
    const together = testing().maxAffinity(features, weights, item.dtype, 'together')
    expect(testing().maxAffinity(features, weights, item.dtype, 'rows')).toEqual(together)
    expect(testing().maxAffinity(features, weights, item.dtype, 'channels')).toEqual(together)
  })
})

describe('max_affinity over archives and threads', () => {
  afterAll(() => testing().setThreads(1))

  test.each(['float32', 'bfloat16'])('each of five archives as if alone, %s', (dtype) => {
    const features = randomTensor([5, 3, 20, 17], 9)
    const weights = randomTensor([5, 3, 20], 10)
    const all = testing().maxAffinity(features, weights, dtype, 'together')
    for (let b = 0; b < 5; b++) {
      const one = testing().maxAffinity(
        { data: features.data.slice(b * 1020, (b + 1) * 1020), shape: [3, 20, 17] },
        { data: weights.data.slice(b * 60, (b + 1) * 60), shape: [3, 20] },
        dtype,
        'together',
      )
      expect(all.slice(b * 180, (b + 1) * 180)).toEqual(one)
    }
  })

  test.each(['float32', 'bfloat16'])('one, two and five threads give the same bits, %s', (dtype) => {
    const features = randomTensor([9, 300, 40], 11)
    const weights = randomTensor([9, 300], 12)
    const [one, ...others] = [1, 2, 5].map((threads) => {
      testing().setThreads(threads)
      return testing().maxAffinity(features, weights, dtype, 'together')
    })
    for (const other of others) expect(other).toEqual(one)
  })
})

describe('BAD CALL - max_affinity', () => {
  const call = (shape: number[], weights?: number[], dtype = 'float32', broken?: number) => {
    const features = randomTensor(shape, 1)
    if (broken !== undefined) features.data[3] = broken
    try {
      testing().maxAffinity(features, weights && randomTensor(weights, 2), dtype, 'together')
    } catch (error) {
      return error
    }
    return undefined
  }
  const invalid = 'ERR_WORDMASK_INVALID_ARGUMENT'

  test('features of two dimensions, of five, without positions', () => {
    expect(call([4, 4])).toHaveCode(invalid, /\[k, P, C\].*\[4, 4\]/)
    expect(call([1, 1, 1, 1, 1])).toHaveCode(invalid, /\[1, 1, 1, 1, 1\]/)
    expect(call([2, 0, 4])).toHaveCode(invalid, /\[2, 0, 4\]/)
  })

  test('float64 features', () => {
    expect(call([2, 2, 2], undefined, 'float64')).toHaveCode(invalid, /float32 or bfloat16.*Double/)
  })

  test('weights of another shape', () => {
    expect(call([2, 3, 4], [3, 2])).toHaveCode(invalid, /weights \[2, 3\].*\[3, 2\]/)
    expect(call([2, 3, 4], [6])).toHaveCode(invalid, /\[6\]/)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e30])('a feature of %f', (value) => {
    expect(call([2, 3, 4], undefined, 'float32', value)).toHaveCode(invalid, /finite features/)
    expect(call([2, 3, 4], undefined, 'bfloat16', value)).toHaveCode(invalid, /finite features/)
  })

  test('a weight that is NaN', () => {
    expect(() => affinity([1, 2, 1], [1, 1], [1, Number.NaN])).toThrow(/finite features and weights/)
  })
})

const seeds = (shape: number[], values: number[], window: 'perImage' | 'official', weights?: number[]) =>
  testing().seeds({ data: Float32Array.from(affinity(shape, values, weights)), shape: [...shape.slice(0, -1), shape.at(-3)!] }, window)

describe('windows of the affinity (methods page, 2.7 and its analytic cases)', () => {
  const b = Math.sqrt(1 - 0.81)
  // Image 0: e1, e2; image 1: .9 e1 + b e3, e4; image 2: .6 e2 + .8 e4, e3.
  const three = [1, 0, 0, 0, 0, 1, 0, 0, 0.9, 0, b, 0, 0, 0, 0, 1, 0, 0.6, 0, 0.8, 0, 0, 1, 0]

  test('case 2: official windows choose other seeds than windows of one image', () => {
    const official = seeds([3, 2, 4], three, 'official')
    const each = seeds([3, 2, 4], three, 'perImage')
    expect(round(official.support.subarray(0, 2))).toEqual([0.6333, 0.7333])
    expect(official.seeds).toEqual([1, 0, 0])
    expect(round(each.support.subarray(0, 2))).toEqual([0.6333, 0.5333])
    expect(each.seeds).toEqual([0, 0, 0])
  })

  test('case 1: one image, s = w, the seed is the heaviest position', () => {
    const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    for (const window of ['official', 'perImage'] as const) {
      const { support, seeds: found } = seeds([1, 4, 4], identity, window, [0.1, 0.9, 0.3, 0.2])
      expect(round(support)).toEqual([0.1, 0.9, 0.3, 0.2])
      expect(found).toEqual([1])
    }
  })

  test('case 3: weights on columns make position 0 the seed of both images', () => {
    const found = seeds([2, 2, 2], [1, 0, 0, 1, 1, 0, 0, 1], 'official', [0.2, 0.9, 0.9, 0.1])
    expect(round(found.support)).toEqual([0.55, 0.5, 0.55, 0.5])
    expect(found.seeds).toEqual([0, 0])
  })

  test('of equal supports the first position is the seed', () => {
    expect(seeds([2, 3, 1], [0, 1, 1, 0.5, 0.5, 0.5], 'perImage').seeds).toEqual([1, 0])
  })

  test.each([1, 2, 3, 5, 8, 50])('both windows against a matrix of all pairs, k=%i', (k) => {
    const P = 7
    const features = randomTensor([k, P, 6], 40 + k)
    const weights = randomTensor([k, P], 60 + k)
    const M = testing().maxAffinity(features, weights, 'float32', 'together')
    const exact = (p: number, q: number) => {
      let sum = 0
      for (let c = 0; c < 6; c++) sum += features.data[p * 6 + c]! * features.data[q * 6 + c]!
      return sum * weights.data[q]!
    }
    for (const window of ['official', 'perImage'] as const) {
      const { support, seeds: found } = testing().seeds({ data: M, shape: [k, P, k] }, window)
      const expected = Array.from({ length: k * P }, (_, p) => {
        let sum = 0
        for (let n = 0; n < k; n++) {
          const last = window === 'official' ? Math.min(2 * n, k - 1) : n
          sum += Math.max(...Array.from({ length: (last - n + 1) * P }, (_, i) => exact(p, n * P + i)))
        }
        return sum / k
      })
      expect(Math.max(...support.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(2e-6)
      for (let m = 0; m < k; m++) {
        const image = expected.slice(m * P, (m + 1) * P)
        expect(Math.max(...image) - image[found[m]!]!, `seed of image ${m}`).toBeLessThan(4e-6)
      }
    }
  })

  test('BAD CALL - affinities that are no [k, P, k], or not finite', () => {
    expect(() => testing().seeds(tensor([2, 2, 3], Array(12).fill(0)), 'official')).toThrow(/\[k, P, k\].*\[2, 2, 3\]/)
    expect(() => testing().seeds(tensor([1, 2, 1], [1, Number.NaN]), 'official')).toThrow(/finite affinities/)
    expect(() => testing().seeds(tensor([1, 0, 1], []), 'official')).toThrow(/at least one position/)
  })
})
