import { describe, expect, test } from 'vitest'
import { countPixels, IouSums } from '../../lib/eval/miou.js'

/** Plain confusion matrix, -1 ignored: the reference for these cases. */
function confusion(truth: number[], predicted: number[], n: number): Float64Array {
  const matrix = new Float64Array(n * n)
  truth.forEach((t, i) => {
    if (t >= 0) matrix[t * n + predicted[i]!]!++
  })
  return matrix
}

describe('IouSums', () => {
  test('methods page, case 11: truth (0,0,1,ignore), prediction (0,1,1,0), 3 classes', () => {
    const sums = new IouSums(3)
    sums.add(confusion([0, 0, 1, -1], [0, 1, 1, 0], 3))
    expect([sums.iou(0), sums.iou(1), sums.iou(2)]).toEqual([0.5, 0.5, undefined])
    expect(sums.mean()).toBe(0.5)
    expect(sums.accuracy()).toBeCloseTo(2 / 3, 12)
  })

  test('sums over images, not a mean of images: a class seen in one image only counts once', () => {
    const sums = new IouSums(2)
    sums.add(confusion([0, 0, 0, 0], [0, 0, 0, 1], 2))
    sums.add(confusion([1, 1], [1, 0], 2))
    // class 0: 3 / (4 + 4 - 3), class 1: 1 / (2 + 2 - 1)
    expect(sums.iou(0)).toBeCloseTo(3 / 5, 12)
    expect(sums.iou(1)).toBeCloseTo(1 / 3, 12)
  })

  test('a class predicted but never true counts as 0', () => {
    const sums = new IouSums(2)
    sums.add(confusion([0, 0], [0, 1], 2))
    expect(sums.iou(1)).toBe(0)
    expect(sums.mean()).toBe(0.25)
  })

  test('means over a range split objects from backgrounds', () => {
    const sums = new IouSums(3)
    sums.add(confusion([0, 1, 2, 2], [0, 2, 2, 2], 3))
    expect(sums.mean(0, 2)).toBe(0.5)
    expect(sums.mean(2, 3)).toBeCloseTo(2 / 3, 12)
  })

  test('nothing added gives NaN, not a number that looks like a score', () => {
    expect(new IouSums(4).mean()).toBeNaN()
  })

  test('uniform guess over two balanced classes scores 1/3', () => {
    const sums = new IouSums(2)
    sums.addUniformGuess([50, 50], [0, 1])
    expect(sums.mean()).toBeCloseTo(1 / 3, 12)
  })

  test('uniform guess over present names only: absent names take no prediction', () => {
    const sums = new IouSums(3)
    sums.addUniformGuess([30, 0, 10], [0, 2])
    expect(sums.iou(1)).toBeUndefined()
    expect(sums.iou(0)).toBeCloseTo(15 / (30 + 20 - 15), 12)
    expect(sums.iou(2)).toBeCloseTo(5 / (10 + 20 - 5), 12)
  })

  test('a simulated guess agrees with the expected one within 2% (seed 3, 200,000 pixels)', () => {
    let state = 3
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    const truth = Array.from({ length: 200_000 }, () => (random() < 0.7 ? 0 : 1 + Math.floor(random() * 3)))
    const simulated = new IouSums(4)
    simulated.add(
      confusion(
        truth,
        truth.map(() => Math.floor(random() * 4)),
        4,
      ),
    )
    const expected = new IouSums(4)
    expected.addUniformGuess(countPixels(Uint8Array.from(truth), 4, 255), [0, 1, 2, 3])
    expect(Math.abs(simulated.mean() / expected.mean() - 1)).toBeLessThan(0.02)
  })
})

test('countPixels leaves out the ignore value and values beyond the list', () => {
  expect([...countPixels(Uint8Array.of(0, 1, 1, 255, 7), 2, 255)]).toEqual([1, 2])
})
