import { describe, expect, test } from 'vitest'
import { deepLabGolden, deepLabTesting, digestError } from '../helpers/deeplab'
import { goldenTensor } from '../helpers/golden'
import { random, randomTensor, tensor } from '../helpers/testing'

describe('loss', () => {
  test('one cell, three pixels, one of them ignored: mean cross-entropy of the other two', () => {
    const { loss, gradient } = deepLabTesting().segmentationLoss(tensor([1, 2, 1, 1], [1, -1]), tensor([1, 1, 3], [0, 255, 1]))
    const share = 1 / (1 + Math.exp(-2))
    expect(loss).toBeCloseTo(-(Math.log(share) + Math.log(1 - share)) / 2, 5)
    expect(gradient.data[0]).toBeCloseTo(share - 0.5, 5)
  })
  test('no labelled pixel: zero with a gradient of zero, not NaN', () => {
    const { loss, gradient } = deepLabTesting().segmentationLoss(randomTensor([2, 3, 2, 2], 1), tensor([2, 1, 1], [255, 255]))
    expect(loss).toBe(0)
    expect([...gradient.data].every((x) => x === 0)).toBe(true)
  })
})

describe.each(['deeplab-resnet', 'deeplab-mobilenet'])('%s against PyTorch in float64', (name) => {
  const golden = deepLabGolden(name)
  const bound = (error: number) => Math.max(2 * error, 1e-5)
  const steps = async (bfloat16: boolean) => {
    const [images, labels] = await Promise.all([goldenTensor(name, 'images'), goldenTensor(name, 'labels')])
    return deepLabTesting().segmenterSteps({ model: golden.config, steps: 3, dropout: 0, bfloat16, optimiser: 'adam' }, images, labels)
  }

  test('loss and gradient of every parameter, with a picture whose labels are all ignored', async () => {
    const [images, labels] = await Promise.all([goldenTensor(name, 'images'), goldenTensor(name, 'labels')])
    const { loss, gradient } = deepLabTesting().segmenterGradient(golden.config, images, labels)
    expect(loss).toBeCloseTo(golden.gradients.loss, 3)
    expect(digestError(gradient, golden.gradients.gradient)).toBeLessThan(bound(golden.float32.gradient))
  })
  test('three steps: losses, what moved, running statistics', async () => {
    const { losses, moved, statistics } = await steps(false)
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(golden.steps.losses[i]!, 2)
    expect(digestError(moved, golden.steps.moved)).toBeLessThan(bound(golden.float32.moved))
    expect(digestError(statistics, golden.steps.statistics)).toBeLessThan(bound(golden.float32.statistics))
  })
  test('one rate for all, decoupled or no decay, no schedule, another momentum of the norms would show', () => {
    const { moved, statistics } = golden.float32
    for (const [wrong, change] of Object.entries(golden.wrongSteps))
      expect(change.moved > 1.2 * bound(moved) || change.statistics > 4 * bound(statistics), wrong).toBe(true)
  })
  test('under bfloat16 autocast the losses stay near', async () => {
    for (const [i, loss] of (await steps(true)).losses.entries()) expect(Math.abs(loss - golden.steps.losses[i]!)).toBeLessThan(0.1)
  })
})

describe('optimisers against plain loops in double precision, 40 steps', () => {
  const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, momentum: 0.9, weightDecay: 0.02 }
  const [steps, n] = [40, 17]
  const values = randomTensor([n], 4)
  const gradients = randomTensor([steps, n], 5)
  test('Adam adds the decay to the gradient', () => {
    const { data } = deepLabTesting().optimiserSteps('adam', options, values, gradients)
    for (let i = 0; i < n; i++) {
      let [x, m, v] = [values.data[i]!, 0, 0]
      for (let t = 1; t <= steps; t++) {
        const g = gradients.data[(t - 1) * n + i]! + 0.02 * x
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        x -= (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
      }
      expect(data[i]).toBeCloseTo(x, 4)
    }
  })
  test('SGD with momentum', () => {
    const { data } = deepLabTesting().optimiserSteps('sgd', options, values, gradients)
    for (let i = 0; i < n; i++) {
      let [x, b] = [values.data[i]!, 0]
      for (let t = 0; t < steps; t++) {
        b = 0.9 * b + gradients.data[t * n + i]! + 0.02 * x
        x -= 0.01 * b
      }
      expect(data[i]).toBeCloseTo(x, 4)
    }
  })
})

test('the rates of ReCo+ at steps 0, 10,000, 19,000 and from 19,999 on (reco.md, case 12)', () => {
  const rate = (step: number, peak: number) => deepLabTesting().polyRate(step, 20_000, peak, 0.9, 1e-6)
  expect([rate(0, 5e-4), rate(0, 5e-5)]).toEqual([5e-4, 5e-5])
  expect(rate(10_000, 5e-4)).toBeCloseTo(2.6794e-4, 8)
  expect(rate(10_000, 5e-5)).toBeCloseTo(2.6794e-5, 9)
  expect(rate(19_000, 5e-4)).toBeCloseTo(3.373e-5, 8)
  expect(rate(19_000, 5e-5)).toBeCloseTo(3.373e-6, 9)
  expect([rate(19_999, 5e-4), rate(19_999, 5e-5), rate(20_000, 5e-4)]).toEqual([1e-6, 1e-6, 1e-6])
})

describe('colours', () => {
  const pixel = (r: number, g: number, b: number) => tensor([3, 1, 1], [r, g, b])
  const change = (name: 'brighten' | 'contrast' | 'saturate' | 'turnHue' | 'toGrey', amount: number, of = pixel(1, 0.5, 0)) => [
    ...deepLabTesting().changeColours(of, name, amount).data,
  ]
  const near = (actual: number[], expected: number[]) => {
    for (const [i, x] of expected.entries()) expect(actual[i]).toBeCloseTo(x, 4)
  }
  const grey = 0.2989 + 0.587 * 0.5
  test('by hand: brightness is cut at 1, saturation 0 is grey, contrast 0 is the mean grey, a third of the circle turns orange to spring green', () => {
    near(change('brighten', 1.5), [1, 0.75, 0])
    near(change('saturate', 0), [grey, grey, grey])
    near(change('toGrey', 0), [grey, grey, grey])
    near(change('turnHue', 1 / 3), [0, 1, 0.5])
    near(change('turnHue', -1 / 3), [0.5, 0, 1])
    near(change('turnHue', 0.2, pixel(0.4, 0.4, 0.4)), [0.4, 0.4, 0.4])
    const two = tensor([3, 1, 2], [1, 0, 1, 0, 1, 0])
    near([...deepLabTesting().changeColours(two, 'contrast', 0).data], Array(6).fill(0.49995))
  })
  test('a hue turned forth and back is the same colour', () => {
    const next = random(3)
    const of = tensor(
      [3, 4, 4],
      Array.from({ length: 48 }, () => (next() + 1) / 2),
    )
    const back = deepLabTesting().changeColours(deepLabTesting().changeColours(of, 'turnHue', 0.37), 'turnHue', -0.37)
    near([...back.data], [...of.data])
  })
  test.each([
    [7, 5, 1.3],
    [33, 40, 2],
    [9, 1, 0.8],
  ])('a Gaussian of %i numbers on a picture %i wide, sigma %f, against a plain loop with mirrored edges', (size, width, sigma) => {
    const height = 6
    const of = randomTensor([3, height, width], 8)
    const { data } = deepLabTesting().changeColours(of, 'blur', sigma, size)
    const half = Math.floor(size / 2)
    const weights = Array.from({ length: size }, (_, k) => Math.exp(-0.5 * ((k - half) / sigma) ** 2))
    const total = weights.reduce((a, b) => a + b, 0)
    const mirror = (i: number, n: number) => {
      if (n === 1) return 0
      const period = 2 * (n - 1)
      const at = ((i % period) + period) % period
      return at < n ? at : period - at
    }
    for (const [c, y, x] of [
      [0, 0, 0],
      [1, 3, width - 1],
      [2, 5, width >> 1],
    ] as const) {
      let sum = 0
      for (let j = 0; j < size; j++)
        for (let i = 0; i < size; i++)
          sum +=
            (weights[i]! / total) *
            (weights[j]! / total) *
            of.data[(c * height + mirror(y + j - half, height)) * width + mirror(x + i - half, width)]!
      expect(data[(c * height + y) * width + x]).toBeCloseTo(sum, 4)
    }
  })
})
