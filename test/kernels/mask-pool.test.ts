import { describe, expect, test } from 'vitest'
import type { Float32Tensor } from '../../binding'
import { type MaskPoolOptions, type RunMasks, random, randomTensor, tensor, testing } from '../helpers/testing'

const area: MaskPoolOptions = { reduce: 'mean', sampling: 'area' }
const pool = (masks: Float32Tensor, features: Float32Tensor, options: MaskPoolOptions) =>
  testing().maskPool(masks, 'float32', features, 'float32', options, false)

describe('mask_pool by hand', () => {
  // A row of four pixels over two cells with features (1, 10) and (3, 30).
  const features = tensor([1, 2, 2], [1, 10, 3, 30])

  test('one pixel of the first cell and both of the second: sum, mean, unit', () => {
    const masks = tensor([1, 1, 4], [0, 1, 1, 1])
    expect([...pool(masks, features, { ...area, reduce: 'sum' }).vectors]).toEqual([7, 70])
    expect([...pool(masks, features, area).vectors]).toEqual([Math.fround(7 / 3), Math.fround(70 / 3)])
    const unit = pool(masks, features, { ...area, reduce: 'unit' }).vectors
    expect(unit[0]!).toBeCloseTo(1 / Math.sqrt(101), 6)
    expect(unit[1]!).toBeCloseTo(10 / Math.sqrt(101), 6)
    expect([...pool(masks, features, area).mass]).toEqual([3])
  })

  test('three pixels over two cells: the middle one is halved', () => {
    const { vectors, mass } = pool(tensor([1, 1, 3], [0, 1, 0]), features, { ...area, reduce: 'sum' })
    expect([[...vectors], [...mass]]).toEqual([[2, 20], [1]])
  })

  test('a mask coarser than the grid: one pixel lies over both cells', () => {
    const { vectors, mass } = pool(tensor([1, 1, 1], [0.5]), features, { ...area, reduce: 'sum' })
    expect([[...vectors], [...mass]]).toEqual([[1, 10], [0.5]])
  })

  test('bilinear: the second of four pixels sees 3/4 of the first cell and 1/4 of the second', () => {
    const { vectors } = pool(tensor([1, 1, 4], [0, 1, 0, 0]), features, { reduce: 'sum', sampling: 'bilinear' })
    expect([...vectors]).toEqual([1.5, 15])
  })

  test('an extent of 1.5 cells: the third of three pixels lies over the half cell', () => {
    const { vectors } = pool(tensor([1, 1, 3], [0, 0, 1]), features, { ...area, extentW: 1.5 })
    expect([...vectors]).toEqual([3, 30])
  })

  test.each(['sum', 'mean', 'unit'] as const)('an empty mask is zeros and a flag, %s', (reduce) => {
    const { vectors, mass, empty } = pool(tensor([2, 1, 4], [0, 0, 0, 0, 1, 0, 0, 0]), features, { ...area, reduce })
    expect([...vectors.subarray(0, 2)]).toEqual([0, 0])
    expect([[...mass], [...empty]]).toEqual([
      [0, 1],
      [1, 0],
    ])
  })

  test('no masks, no vectors', () => {
    expect(pool(tensor([0, 2, 2], []), features, area).vectors.length).toBe(0)
  })
})

const cases = [
  { k: 3, height: 4, width: 6, h: 2, w: 3, channels: 5 },
  { k: 4, height: 37, width: 53, h: 7, w: 9, channels: 16 },
  { k: 2, height: 7, width: 5, h: 16, w: 11, channels: 3 },
  { k: 3, height: 50, width: 40, h: 7, w: 5, channels: 8, extentH: 6.25, extentW: 4.9 },
  { k: 1, height: 1, width: 1, h: 3, w: 3, channels: 2 },
  { k: 2, height: 12, width: 12, h: 12, w: 12, channels: 4 },
].flatMap((item, i) =>
  (['area', 'bilinear'] as const).flatMap((sampling) =>
    (['sum', 'mean', 'unit'] as const).map((reduce) => ({ ...item, sampling, reduce, seed: 300 + i })),
  ),
)

const blobs = ({ k, height, width, seed }: { k: number; height: number; width: number; seed: number }) => {
  const next = random(seed)
  const coarse = Array.from({ length: k * 64 }, () => (next() > 0 ? 1 : 0))
  const value = (i: number) => coarse[Math.floor(i / (height * width)) * 64 + ((Math.floor(i / width) % height) & 56) + ((i % width) >> 3)]!
  return tensor(
    [k, height, width],
    Array.from({ length: k * height * width }, (_, i) => value(i)),
  )
}

/** Runs of every mask, column by column or row by row. */
function runs(masks: Float32Tensor, columns: boolean): RunMasks {
  const [k, height, width] = masks.shape as [number, number, number]
  const counts: number[] = []
  const offsets = [0]
  for (let m = 0; m < k; m++) {
    let value = 0
    let length = 0
    for (let i = 0; i < height * width; i++) {
      const at = columns ? (i % height) * width + Math.floor(i / height) : i
      if (masks.data[m * height * width + at] !== value) {
        counts.push(length)
        value = 1 - value
        length = 0
      }
      length++
    }
    counts.push(length)
    offsets.push(counts.length)
  }
  return { counts: Int32Array.from(counts), offsets, height, width, columns }
}

describe('mask_pool against its float64 reference', () => {
  const close = (ours: Float64Array, exact: Float64Array, limit: number) => {
    const scale = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
    for (let i = 0; i < exact.length; i++) expect(Math.abs(ours[i]! - exact[i]!) / scale, `value ${i}`).toBeLessThanOrEqual(limit)
  }
  // Sums of up to 2,000 products in float32, weights among them: a few roundings of 2^-24 of the largest.
  const FLOAT = 2e-6

  test.each(cases)('soft masks, k=$k $height x $width on $h x $w, $sampling, $reduce, seed $seed', (item) => {
    const masks = randomTensor([item.k, item.height, item.width], item.seed)
    masks.data.forEach((value, i) => {
      masks.data[i] = (value + 1) / 2
    })
    const features = randomTensor([item.h, item.w, item.channels], item.seed + 1)
    const exact = testing().maskPoolReference(masks, features, item)
    const ours = pool(masks, features, item)
    close(ours.vectors, exact.vectors, FLOAT)
    close(ours.mass, exact.mass, FLOAT)
    close(testing().maskPool(masks, 'float64', features, 'float64', item, false).vectors, exact.vectors, 1e-13)
    close(testing().maskPool(masks, 'float32', features, 'float32', item, true).vectors, exact.vectors, FLOAT)
  })

  test.each(cases)('binary masks and their runs, k=$k $height x $width on $h x $w, $sampling, $reduce, seed $seed', (item) => {
    const masks = blobs(item)
    const features = randomTensor([item.h, item.w, item.channels], item.seed + 1)
    const exact = testing().maskPoolReference(masks, features, item)
    for (const type of ['bool', 'uint8'] as const)
      close(testing().maskPool(masks, type, features, 'float32', item, false).vectors, exact.vectors, FLOAT)
    for (const columns of [true, false]) {
      const ours = testing().maskPoolRuns(runs(masks, columns), features, item)
      close(ours.vectors, exact.vectors, FLOAT)
      close(ours.mass, exact.mass, FLOAT)
    }
  })
})

describe('gradient of mask_pool against central differences in float64', () => {
  test.each(cases)('k=$k $height x $width on $h x $w, $sampling, $reduce, seed $seed', (item) => {
    const masks = randomTensor([item.k, item.height, item.width], item.seed)
    if (item.k > 1) masks.data.fill(0, 0, item.height * item.width) // an empty mask has a gradient too
    masks.data.forEach((value, i) => {
      masks.data[i] = Math.abs(value)
    })
    const features = randomTensor([item.h, item.w, item.channels], item.seed + 1)
    const direction = randomTensor([item.k, item.channels], item.seed + 2)
    const { masks: byMasks, features: byFeatures } = testing().maskPoolGradient(masks, features, item, direction)
    expect([...byMasks, ...byFeatures].every(Number.isFinite)).toBe(true)
    // Inputs are float32, so that a step of 2^-8 is exact; the difference's own error is its square.
    const step = 2 ** -8
    const value = (key: 'masks' | 'features', i: number, by: number) => {
      const moved = { masks, features, [key]: { ...{ masks, features }[key], data: Float32Array.from({ masks, features }[key].data) } }
      moved[key].data[i]! += by
      return testing().maskPoolGradient(moved.masks, moved.features, item, direction).value
    }
    const check = (key: 'masks' | 'features', gradient: Float64Array, from: number) => {
      for (const part of [0, 0.3, 0.6, 0.99]) {
        const i = from + Math.floor(part * (gradient.length - from))
        const exact = { masks, features }[key].data[i]!
        const [up, down] = [Math.fround(exact + step) - exact, exact - Math.fround(exact - step)]
        const numeric = (value(key, i, up) - value(key, i, -down)) / (up + down)
        expect(Math.abs(numeric - gradient[i]!), `${key} ${i}`).toBeLessThan(2e-3 * Math.max(1, Math.abs(numeric)))
      }
    }
    check('masks', byMasks, item.k > 1 ? item.height * item.width : 0)
    check('features', byFeatures, 0)
  })
})

describe('BAD CALL - mask_pool', () => {
  const failure = (call: () => unknown) => {
    try {
      call()
    } catch (error) {
      return error
    }
    return undefined
  }
  const features = randomTensor([2, 2, 3], 1)
  const masks = randomTensor([1, 4, 4], 2)
  const runsOf = (changed: Partial<RunMasks>) => () =>
    testing().maskPoolRuns(
      { counts: Int32Array.of(4, 12), offsets: [0, 2], height: 4, width: 4, columns: true, ...changed },
      features,
      area,
    )

  test.each([
    ['masks of two dimensions', () => pool(randomTensor([4, 4], 1), features, area), /\[K, height, width\].*\[4, 4\]/],
    ['features of two dimensions', () => pool(masks, randomTensor([4, 4], 1), area), /\[h, w, C\].*\[4, 4\]/],
    [
      'masks of another type',
      () => testing().maskPool(masks, 'int32', features, 'float32', area, false),
      /bool, uint8, float32 or float64.*Int/,
    ],
    ['an extent beyond the grid', () => pool(masks, features, { ...area, extentH: 2.5 }), /2 and 2 cells but received 2\.5/],
    ['runs of too few pixels', runsOf({ counts: Int32Array.of(4, 11) }), /16 pixels \(4x4\) but received 15 in mask 0/],
    ['a run below 0', runsOf({ counts: Int32Array.of(-1, 17) }), />= 0 but received -1/],
    ['offsets beyond the runs', runsOf({ offsets: [0, 3] }), /0 to 2 run lengths but received 0 to 3/],
    ['offsets that go back', runsOf({ offsets: [0, 3, 2] }), /ascending offsets but received 3 before 2/],
  ] as [string, () => unknown, RegExp][])('%s', (_, call, message) => {
    expect(failure(call)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})
