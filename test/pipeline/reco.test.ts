import { describe, expect, test } from 'vitest'
import type { Float32Tensor } from '../../binding'
import { binding } from '../../lib/binding'
import { type RecoCase, randomTensor, tensor, testing } from '../helpers/testing'

type Window = 'official' | 'perImage'
const windows: Window[] = ['official', 'perImage']
const e = (...at: [number, number][]) => {
  const vector = Array<number>(4).fill(0)
  for (const [i, value] of at) vector[i - 1] = value
  return vector
}
const round = (values: Iterable<number>, digits = 4) => [...values].map((value) => Math.round(value * 10 ** digits) / 10 ** digits)

/** [k, h, w, c] as a list of images. */
const images = ({ data, shape: [k, ...shape] }: Float32Tensor): Float32Tensor[] =>
  Array.from({ length: k! }, (_, i) => ({ data: data.subarray((i * data.length) / k!, ((i + 1) * data.length) / k!), shape }))

const reference = (given: RecoCase, window: Window = 'official') =>
  binding().recoReference(
    {
      features: images(given.features),
      ...(given.clip && { clip: images(given.clip), text: given.text! }),
      ...(given.contexts && { contexts: given.contexts }),
    },
    { window },
    {},
  )

describe('seeds and references by hand (methods/reco.md 8)', () => {
  test('1: one image of orthonormal cells: support is weight, the seed the heaviest, the reference that cell', async () => {
    const identity = tensor([1, 4, 4], [...e([1, 1]), ...e([2, 1]), ...e([3, 1]), ...e([4, 1])])
    const { seeds, support } = testing().recoSeeds(identity, tensor([1, 4], [0.1, 0.9, 0.3, 0.2]), 'official')
    expect([seeds, round(support)]).toEqual([[1], [0.9]])
  })

  const three = tensor(
    [3, 1, 2, 4],
    [e([1, 1]), e([2, 1]), e([1, 0.9], [3, Math.sqrt(0.19)]), e([4, 1]), e([2, 0.6], [4, 0.8]), e([3, 1])].flat(),
  )
  test.each<[Window, number[], number[], number[]]>([
    ['official', [0.6333, 0.7333], [1, 0, 0], [0.4392, 0.7807, 0.2127, 0.3904]],
    ['perImage', [0.6333, 0.5333], [0, 0, 0], [0.8672, 0.2739, 0.199, 0.3651]],
  ])('2: windows %s', async (window, scores, seeds, embedding) => {
    expect(round(testing().recoReference({ features: three }, window).support.slice(0, 2))).toEqual(scores)
    const answer = await reference({ features: three }, window)
    expect(answer.seeds).toEqual(seeds)
    expect(round(answer.support.slice(0, 1))).toEqual([scores[seeds[0]!]])
    expect(round(answer.embedding.data)).toEqual(embedding)
  })

  test("3: a weight counts for the cell that is matched: cell 0 in both images, though image 0's own weights favour cell 1", () => {
    const features = tensor([2, 2, 2], [1, 0, 0, 1, 1, 0, 0, 1])
    for (const window of windows) {
      const { seeds, support } = testing().recoSeeds(features, tensor([2, 2], [0.2, 0.9, 0.9, 0.1]), window)
      expect([seeds, round(support)]).toEqual([
        [0, 0],
        [0.55, 0.55],
      ])
    }
  })

  test('4: the mean is of features as they are: (10, 0) and (0, 1) give (.9950, .0995)', async () => {
    const { embedding } = await reference({ features: tensor([2, 1, 1, 2], [10, 0, 0, 1]) })
    expect(round(embedding.data)).toEqual([0.995, 0.0995])
  })

  test('5: context elimination: cosines 1, 0, -1 weigh .2689, .5, .7311; five contexts at 0 weigh .03125', () => {
    const one = (contexts: number[][]) =>
      testing().recoWeights({ features: tensor([1, 1, 1, 2], [3, 0]), contexts: tensor([contexts.length, 2], contexts.flat()) })
    expect(
      round(
        [
          [1, 0],
          [0, 1],
          [-1, 0],
        ].map((context) => one([context])[0]!),
      ),
    ).toEqual([0.2689, 0.5, 0.7311])
    expect([...one(Array(5).fill([0, 1]))]).toEqual([0.03125])
  })

  test('5: language guidance: cosines .3, .25, .2, 0, -.2 weigh .9526, .9241, .8808, .5, .1192', () => {
    const cosines = [0.3, 0.25, 0.2, 0, -0.2]
    const clip = tensor(
      [1, 1, 5, 2],
      cosines.flatMap((cosine) => [7 * cosine, 7 * Math.sqrt(1 - cosine ** 2)]),
    )
    const weights = testing().recoWeights({ features: tensor([1, 1, 5, 1], [1, 1, 1, 1, 1]), clip, text: tensor([2], [1, 0]) })
    expect(round(weights)).toEqual([0.9526, 0.9241, 0.8808, 0.5, 0.1192])
  })

  test('7, 8: the sigmoid comes before the resize: halfway between cosines 0 and .6 lies .7488; 2 -> 4 cells: 0, .25, .75, 1', () => {
    const clip = tensor([1, 1, 2, 2], [0, 1, 0.6, 0.8])
    const text = tensor([2], [1, 0])
    const weights = (cells: number) => testing().recoWeights({ features: tensor([1, 1, cells, 1], Array(cells).fill(1)), clip, text })
    const [low, high] = [0.5, 1 / (1 + Math.exp(-6))]
    expect(round(weights(1))).toEqual([0.7488])
    expect(round(weights(4))).toEqual(round([0, 0.25, 0.75, 1].map((share) => low + share * (high - low))))
  })

  test('13: k identical images have the reference of one', async () => {
    const { data, shape } = randomTensor([1, 3, 4, 8], 5)
    const contexts = tensor([1, 8], [1, 0, 0, 0, 0, 0, 0, 0])
    const alone = await reference({ features: { data, shape }, contexts })
    for (const k of [2, 7]) {
      const features = { data: Float32Array.from({ length: k * data.length }, (_, i) => data[i % data.length]!), shape: [k, 3, 4, 8] }
      for (const window of windows) {
        const { seeds, embedding } = await reference({ features, contexts }, window)
        expect(seeds).toEqual(Array(k).fill(alone.seeds[0]))
        expect(round(embedding.data, 6)).toEqual(round(alone.embedding.data, 6))
      }
    }
  })

  test('7.8: one image and equal weights: every cell supports itself by 1 up to rounding, and the first is taken', async () => {
    for (const seed of [1, 2, 3]) expect((await reference({ features: randomTensor([1, 14, 14, 48], seed) })).seeds).toEqual([0])
  })
})

const cases = [1, 2, 3, 5, 8, 50].flatMap((k, i) =>
  windows.flatMap((window) => [false, true].map((weighted) => ({ k, window, weighted, seed: 40 + i }))),
)
describe('against the brute force in float64', () => {
  /** Cells gather around a few directions, so that many supports are near one another. */
  function archive(k: number, weighted: boolean, seed: number): RecoCase {
    const [side, channels] = k === 50 ? [5, 24] : [7, 40]
    const features = randomTensor([k, side!, side!, channels!], seed)
    const centres = randomTensor([6, channels!], seed + 100).data
    for (let cell = 0; cell < k * side! * side!; cell++)
      for (let c = 0; c < channels!; c++) features.data[cell * channels! + c]! += 3 * centres[(cell % 6) * channels! + c]!
    if (!weighted) return { features }
    const contexts = randomTensor([3, channels!], seed + 200)
    for (let row = 0; row < 3; row++) {
      const values = contexts.data.subarray(row * channels!, (row + 1) * channels!)
      const norm = Math.hypot(...values)
      values.forEach((value, i) => {
        values[i] = value / norm
      })
    }
    return { features, clip: randomTensor([k, 4, 3, 16], seed + 300), text: tensor([16], [1, ...Array(15).fill(0)]), contexts }
  }

  test.each(cases)('seeds are the same bit for bit: k=$k $window weighted=$weighted seed=$seed', async ({ k, window, weighted, seed }) => {
    const given = archive(k, weighted, seed)
    const exact = testing().recoReference(given, window)
    const { seeds, support, embedding } = await reference(given, window)
    expect(seeds).toEqual(exact.seeds)
    const cells = exact.support.length / k
    seeds.forEach((at, i) => {
      expect(Math.abs(support[i]! - exact.support[i * cells + at]!)).toBeLessThan(1e-13)
    })
    embedding.data.forEach((value, i) => {
      expect(Math.abs(value - exact.embedding[i]!)).toBeLessThan(1e-7)
    })
    const weights = testing().recoWeights(given)
    for (let i = 0; i < weights.length; i++) expect(Math.abs(weights[i]! - exact.weights[i]!)).toBeLessThan(1e-13)
  })

  test('supports that float32 cannot tell apart are told apart: cells a hundred-millionth from one another', async () => {
    // Two images of 40 cells on an arc around one direction; float32 cosines of all of them round to 1.
    const [k, cells] = [2, 40]
    const features = tensor(
      [k, 1, cells, 2],
      Array.from({ length: k * cells }, (_, i) => {
        const angle = 1e-4 * Math.sin(12.9898 * (i + 1))
        return [Math.cos(angle), Math.sin(angle)]
      }).flat(),
    )
    for (const window of windows)
      expect((await reference({ features }, window)).seeds).toEqual(testing().recoReference({ features }, window).seeds)
  })
})

describe('invariances', () => {
  const k = 6
  const given = { features: randomTensor([k, 4, 4, 12], 71) }
  const size = given.features.data.length / k
  /** The same archive, its images in another order. */
  const shuffled = (order: number[]) => ({
    features: {
      ...given.features,
      data: Float32Array.from({ length: k * size }, (_, i) => given.features.data[order[Math.floor(i / size)]! * size + (i % size)]!),
    },
  })
  const apart = (a: Float32Tensor, b: Float32Tensor) => Math.hypot(...a.data.map((value, i) => value - b.data[i]!))

  test('a common permutation of cells moves the seeds with them and leaves the reference', async () => {
    const order = Array.from({ length: 16 }, (_, i) => (i * 7 + 3) % 16)
    const moved = { ...given.features, data: new Float32Array(k * size) }
    for (let image = 0; image < k; image++)
      for (let cell = 0; cell < 16; cell++)
        for (let c = 0; c < 12; c++) moved.data[image * size + cell * 12 + c] = given.features.data[image * size + order[cell]! * 12 + c]!
    for (const window of windows) {
      const [before, after] = [await reference(given, window), await reference({ features: moved }, window)]
      expect(after.seeds.map((cell) => order[cell])).toEqual(before.seeds)
      expect(apart(after.embedding, before.embedding)).toBeLessThan(1e-6)
    }
  })

  test('weights times a number above 0 change nothing', () => {
    const cells = { data: given.features.data, shape: [k, 16, 12] }
    const weights = randomTensor([k, 16], 3)
    weights.data.forEach((value, i) => {
      weights.data[i] = 1.1 + value
    })
    for (const window of windows) {
      const seeds = testing().recoSeeds(cells, weights, window).seeds
      for (const factor of [2 ** -20, 8]) {
        const scaled = { ...weights, data: weights.data.map((value) => value * factor) }
        expect(testing().recoSeeds(cells, scaled, window).seeds).toEqual(seeds)
      }
    }
  })

  test('the reference turns with the space of features', async () => {
    // A rotation of every pair of channels.
    const turn = (data: Float32Array) =>
      data.map((value, i) => (i % 2 === 0 ? 0.6 * value - 0.8 * data[i + 1]! : 0.8 * data[i - 1]! + 0.6 * value))
    const [before, after] = [await reference(given), await reference({ features: { ...given.features, data: turn(given.features.data) } })]
    expect(after.seeds).toEqual(before.seeds)
    expect(apart(after.embedding, { ...before.embedding, data: turn(before.embedding.data) })).toBeLessThan(1e-6)
  })

  test('the order of the archive matters to the official windows, and not to those of one image', async () => {
    const order = [4, 2, 0, 5, 1, 3]
    const [own, turned] = [await reference(given, 'perImage'), await reference(shuffled(order), 'perImage')]
    expect(turned.seeds).toEqual(order.map((image) => own.seeds[image]))
    expect(apart(turned.embedding, own.embedding)).toBeLessThan(1e-6)
    expect(apart((await reference(shuffled(order))).embedding, (await reference(given)).embedding)).toBeGreaterThan(0.1)
  })

  test('longer features of one image leave the seeds and move the reference', async () => {
    const longer = { ...given.features, data: given.features.data.map((value, i) => (i < size ? 16 * value : value)) }
    const [before, after] = [await reference(given), await reference({ features: longer })]
    expect(after.seeds).toEqual(before.seeds)
    expect(apart(after.embedding, before.embedding)).toBeGreaterThan(0.1)
  })
})

describe('BAD CALL', () => {
  const good = randomTensor([2, 2, 3, 4], 1)
  const bent = (change: (data: Float32Array) => void) => {
    const data = good.data.slice()
    change(data)
    return { data, shape: good.shape }
  }
  test.each<[string, RecoCase, RegExp]>([
    ['a cell of zeros', { features: bent((data) => data.fill(0, 28, 32)) }, /received 0 in image 1, row 0, column 1/],
    ['NaN', { features: bent((data) => data.set([Number.NaN], 3)) }, /received nan in image 0, row 0, column 0/],
    ['infinity', { features: bent((data) => data.set([Number.POSITIVE_INFINITY], 47)) }, /received inf in image 1, row 1, column 2/],
    ['a dense CLIP of fewer images', { features: good, clip: randomTensor([1, 2, 2, 4], 1), text: randomTensor([4], 1) }, /2 images/],
    [
      'a text of another length',
      { features: good, clip: randomTensor([2, 2, 2, 4], 1), text: randomTensor([5], 1) },
      /\[2, 2, 2, 4\] and \[5\]/,
    ],
    ['contexts of another length', { features: good, contexts: randomTensor([1, 5], 1) }, /contexts \[m, 4\]/],
  ])('%s', async (_, given, message) => {
    await expect(reference(given)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })

  test('images of two sizes, no image, seeds that cancel out', async () => {
    const call = (features: Float32Tensor[]) => binding().recoReference({ features }, { window: 'official' }, {})
    const code = 'ERR_WORDMASK_INVALID_ARGUMENT'
    await expect(call([randomTensor([2, 2, 3], 1), randomTensor([2, 3, 3], 1)])).rejects.toHaveCode(
      code,
      /features\[1\] of shape \[2, 2, 3\]/,
    )
    await expect(call([])).rejects.toHaveCode(code, /at least one image/)
    await expect(call([tensor([1, 1, 2], [1, 0]), tensor([1, 1, 2], [-1, 0])])).rejects.toHaveCode(code, /mean of 2 features is 0/)
  })

  test('a call that was aborted rejects, and the next one works', async () => {
    const token = new (binding().CancelToken)()
    const call = binding().recoReference({ features: images(good) }, { window: 'official' }, { cancel: token })
    token.cancel()
    await expect(call).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect((await reference({ features: good })).seeds).toHaveLength(2)
  })
})
