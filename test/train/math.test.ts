import { describe, expect, test } from 'vitest'
import { random, randomTensor, tensor, testing } from '../helpers/testing'

/** Plain loops over the definition: rows (columns) of `positive` divided by their sum; those without any are left out. */
function contrastive(logits: number[][], positive: number[][]): number {
  const side = (a: number[][], t: number[][]) => {
    let sum = 0
    let rows = 0
    a.forEach((row, i) => {
      const count = t[i]!.reduce((x, y) => x + y, 0)
      if (count === 0) return
      rows++
      const norm = Math.log(row.reduce((x, y) => x + Math.exp(y), 0))
      row.forEach((value, j) => {
        sum -= (t[i]![j]! / count) * (value - norm)
      })
    })
    return rows === 0 ? 0 : sum / rows
  }
  const turned = (a: number[][]) => a[0]!.map((_, j) => a.map((row) => row[j]!))
  return (side(logits, positive) + side(turned(logits), turned(positive))) / 2
}
const flat = (rows: number[][]) => tensor([rows.length, rows[0]!.length], rows.flat())

describe('contrastive loss', () => {
  test('two pictures, one right caption each: ln(1 + e^-2) by hand', () => {
    const { loss, gradient } = testing().contrastiveLoss(tensor([2, 2], [1, -1, -1, 1]), tensor([2, 2], [1, 0, 0, 1]))
    expect(loss).toBeCloseTo(Math.log(1 + Math.exp(-2)), 6)
    // d/dlogit = (softmax - target) / rows, equal in both directions: (1 / (1 + e^-2) - 1) / 2
    expect(gradient.data[0]).toBeCloseTo((1 / (1 + Math.exp(-2)) - 1) / 2, 6)
  })
  test('a caption that two pictures fit shares its target between them', () => {
    const logits = [
      [2, 0.5],
      [1, -1],
    ]
    const positive = [
      [1, 1],
      [1, 0],
    ]
    expect(testing().contrastiveLoss(flat(logits), flat(positive)).loss).toBeCloseTo(contrastive(logits, positive), 6)
  })
  test('rows and columns without a positive take no part', () => {
    const logits = [
      [2, 9, 0],
      [1, 9, 3],
    ]
    const positive = [
      [1, 0, 0],
      [0, 0, 0],
    ]
    const { loss, gradient } = testing().contrastiveLoss(flat(logits), flat(positive))
    expect(loss).toBeCloseTo(contrastive(logits, positive), 6)
    expect(gradient.data[4]).toBe(0) // neither its row nor its column counts
  })
  test('no positive at all: zero, not NaN', () => {
    expect(testing().contrastiveLoss(tensor([2, 2], [1, 2, 3, 4]), tensor([2, 2], [0, 0, 0, 0])).loss).toBeCloseTo(0, 12)
  })
  test('seeded random against plain loops', () => {
    const next = random(3)
    const logits = Array.from({ length: 17 }, () => Array.from({ length: 17 }, () => 8 * next()))
    const positive = logits.map((row, i) => row.map((_, j) => Number(i === j || next() > 0.8)))
    expect(testing().contrastiveLoss(flat(logits), flat(positive)).loss).toBeCloseTo(contrastive(logits, positive), 4)
  })
})

describe('patch-level similarity', () => {
  test('one patch: its cosine', () => {
    const { data } = testing().pooledSimilarity(tensor([1, 1, 2], [0.6, 0.8]), tensor([2, 2], [1, 0, 0, 1]))
    expect([...data].map((x) => Number(x.toFixed(6)))).toEqual([0.6, 0.8])
  })
  test('patches weigh by softmax(12 s), against a plain loop', () => {
    const [b, n, m, d] = [3, 5, 4, 8]
    const patches = randomTensor([b, n, d], 1)
    const text = randomTensor([m, d], 2)
    const { data, shape } = testing().pooledSimilarity(patches, text)
    expect(shape).toEqual([b, m])
    for (let i = 0; i < b; i++) {
      for (let j = 0; j < m; j++) {
        const s = Array.from({ length: n }, (_, k) => {
          let dot = 0
          for (let c = 0; c < d; c++) dot += patches.data[(i * n + k) * d + c]! * text.data[j * d + c]!
          return dot
        })
        const weights = s.map((x) => Math.exp(12 * (x - Math.max(...s))))
        const total = weights.reduce((x, y) => x + y, 0)
        expect(data[i * m + j]).toBeCloseTo(
          s.reduce((sum, x, k) => sum + (weights[k]! / total) * x, 0),
          4,
        )
      }
    }
  })
})

describe('AdamW', () => {
  const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.98, weightDecay: 0.1, scale: 0.5 }
  test('the first step moves by the learning rate against the sign, after decay', () => {
    const { data } = testing().adamw(options, tensor([2], [1, -2]), tensor([1, 2], [3, -0.01]))
    expect(data[0]).toBeCloseTo(1 - 0.001 - 0.01, 6)
    expect(data[1]).toBeCloseTo(-2 + 0.002 + 0.01, 5)
  })
  test('fifty steps against a plain loop in double precision', () => {
    const steps = 50
    const n = 33
    const values = randomTensor([n], 4)
    const gradients = randomTensor([steps, n], 5)
    const { data } = testing().adamw(options, values, gradients)
    for (let i = 0; i < n; i++) {
      let [x, m, v] = [values.data[i]!, 0, 0]
      for (let t = 1; t <= steps; t++) {
        const g = options.scale * gradients.data[(t - 1) * n + i]!
        m = 0.9 * m + 0.1 * g
        v = 0.98 * v + 0.02 * g * g
        x = x * (1 - 0.01 * 0.1) - (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.98 ** t)) + 1e-8)
      }
      expect(data[i]).toBeCloseTo(x, 4)
    }
  })
})

describe('learning rate', () => {
  const rate = (step: number) => testing().cosineRate(step, 110, 10, 1e-3)
  test('warm-up is linear and reaches the peak with its last step', () => {
    expect(rate(0)).toBeCloseTo(1e-4, 12)
    expect(rate(9)).toBeCloseTo(1e-3, 12)
  })
  test('the cosine starts at the peak, is half-way in the middle and near zero at the end', () => {
    expect(rate(10)).toBeCloseTo(1e-3, 12)
    expect(rate(60)).toBeCloseTo(5e-4, 12)
    expect(rate(109)).toBeLessThan(1e-6)
    expect(rate(109)).toBeGreaterThan(0)
  })
})

describe('what a caption is true of', () => {
  const some = (...named: number[]) => ({ named, everything: false })
  const all = (...named: number[]) => ({ named, everything: true })
  test('one that says this and that: pictures that show at least that; one that says everything: those that show just that', () => {
    const truth = testing().captionTruth([
      { present: [1, 2], captions: [some(1), all(1, 2)] },
      { present: [1, 2, 255], captions: [some(255, 2), all(1, 2, 255)] },
      { present: [3], captions: [some(), all(3)] },
    ])
    expect(truth.shape).toEqual([3, 6])
    expect(Array.from(truth.data)).toEqual([1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1])
  })
  test('no pictures: nothing', () => {
    expect(testing().captionTruth([]).shape).toEqual([0, 0])
  })
})

describe('claim loss', () => {
  test('one patch, two names, one shown: cross-entropy of their softmax shares', () => {
    const { loss } = testing().claimLoss(tensor([1, 1, 2], [0.6, 0.8]), tensor([2, 2], [1, 0, 0, 1]), tensor([1, 2], [1, 0]), 5)
    const share = Math.exp(3) / (Math.exp(3) + Math.exp(4))
    expect(loss).toBeCloseTo(-2 * Math.log(share), 5)
  })
  test('a picture that shows nothing counts its wrong claims alone', () => {
    const { loss } = testing().claimLoss(tensor([1, 1, 2], [0.6, 0.8]), tensor([2, 2], [1, 0, 0, 1]), tensor([1, 2], [0, 0]), 5)
    const share = Math.exp(3) / (Math.exp(3) + Math.exp(4))
    expect(loss).toBeCloseTo(-Math.log(1 - share) - Math.log(share), 5)
  })
  test('seeded random against plain loops, and its gradient against finite differences', () => {
    const [b, n, m, d] = [2, 3, 5, 4]
    const patches = randomTensor([b, n, d], 3)
    const names = randomTensor([m, d], 4)
    const present = tensor([b, m], [1, 0, 1, 0, 0, 0, 0, 0, 1, 0])
    const sum = (list: number[]) => list.reduce((x, y) => x + y, 0)
    const softmax = (list: number[]) => list.map((x) => Math.exp(x) / sum(list.map(Math.exp)))
    const plain = (values: Float32Array): number => {
      let total = 0
      for (let i = 0; i < b; i++) {
        const s = Array.from({ length: m }, (_, j) =>
          Array.from({ length: n }, (_, k) =>
            sum(Array.from({ length: d }, (_, c) => values[(i * n + k) * d + c]! * names.data[j * d + c]!)),
          ),
        )
        const shares = Array.from({ length: n }, (_, k) => softmax(s.map((row) => 3 * row[k]!)))
        const shown = s.map((_, j) => present.data[i * m + j]!)
        const entropies = s.map((row, j) => {
          const claim = sum(softmax(row.map((x) => 12 * x)).map((weight, k) => weight * shares[k]![j]!))
          return -Math.log(shown[j] === 1 ? claim : 1 - claim)
        })
        total += sum(entropies) / Math.max(1, sum(shown))
      }
      return total / b
    }
    const { loss, gradient } = testing().claimLoss(patches, names, present, 3)
    expect(loss).toBeCloseTo(plain(patches.data), 4)
    for (const k of [0, 7, 23]) {
      const [up, down] = [Float32Array.from(patches.data), Float32Array.from(patches.data)]
      up[k]! += 1e-3
      down[k]! -= 1e-3
      expect(gradient.data[k]).toBeCloseTo((plain(up) - plain(down)) / 2e-3, 2)
    }
  })
})
