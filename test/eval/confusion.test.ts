import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding.js'
import { answers, toClasses } from '../../lib/eval/class-map.js'
import { ConfusionMatrix, harmonic } from '../../lib/eval/confusion.js'
import { contiguous } from '../../lib/eval/datasets/values.js'
import { golden, pair } from './golden.js'

/** The way of the command: values to classes, classes to the native count. */
async function matrixOf(n: number, truth: ArrayLike<number>, prediction: ArrayLike<number>): Promise<ConfusionMatrix> {
  const [t, p] = await Promise.all([toClasses(truth, contiguous(n)), toClasses(prediction, contiguous(n))])
  const matrix = new ConfusionMatrix(n)
  matrix.add(binding().confusion(t.classes, answers(p.classes, n), n + 1, 65535))
  return matrix
}

const close = (value: number | undefined, expected: number | null | undefined) =>
  expected === null ? expect(value).toBeUndefined() : expect(value).toBeCloseTo(expected as number, 12)

describe('by hand', () => {
  test('ReCo page, case 11: truth (0,0,1,ignore), prediction (0,1,1,0), three classes', async () => {
    const matrix = await matrixOf(3, [0, 0, 1, 255], [0, 1, 1, 0])
    expect([matrix.iou(0), matrix.iou(1), matrix.iou(2)]).toEqual([0.5, 0.5, undefined])
    expect(matrix.meanIou('mmseg')).toBe(0.5)
    expect(matrix.overallAccuracy()).toBeCloseTo(2 / 3, 12)
  })
  test('OVSeg page, case 10: a class predicted and never true is 0 by one rule and left out by the other', async () => {
    const matrix = await matrixOf(3, [0, 0, 1, 1], [0, 2, 1, 1])
    expect(matrix.meanIou('mmseg')).toBeCloseTo(0.5, 12)
    expect(matrix.meanIou('detectron2')).toBeCloseTo(0.75, 12)
  })
  test('ZegFormer page, case 10: seen .6111, unseen .375, harmonic .4648, mean .5324; accuracy .70', () => {
    const matrix = new ConfusionMatrix(3)
    // The page has rows of predictions: [6,1,0], [0,5,3], [2,0,3].
    matrix.addSparse([0, 0, 6, 1, 0, 1, 1, 1, 5, 2, 1, 3, 0, 2, 2, 2, 2, 3])
    expect([0, 1, 2].map((c) => matrix.iou(c))).toEqual([6 / 9, 5 / 9, 3 / 8])
    const [seen, unseen] = [matrix.meanIou('mmseg', [0, 1]), matrix.meanIou('mmseg', [2])]
    close(seen, 11 / 18)
    expect(harmonic(seen, unseen)).toBeCloseTo(0.4648, 4)
    expect(matrix.meanIou('mmseg')).toBeCloseTo(0.5324, 4)
    expect(matrix.overallAccuracy()).toBeCloseTo(0.7, 12)
  })
  test('OVSegmentor page, case 16: one prediction for all', async () => {
    const matrix = await matrixOf(2, [0, 0, 1, 255], [0, 0, 0, 0])
    expect([matrix.iou(0), matrix.iou(1)]).toEqual([2 / 3, 0])
  })
  test('a pixel without an answer is wrong: it stays in the truth and is predicted nothing', async () => {
    const matrix = await matrixOf(2, [0, 0, 1, 1], [0, 255, 1, 255])
    expect([matrix.accuracy(0), matrix.iou(1), matrix.overallAccuracy()]).toEqual([0.5, 0.5, 0.5])
    expect(matrix.confused(3)).toEqual([
      { truth: 0, predicted: 2, pixels: 1, share: 0.5 },
      { truth: 1, predicted: 2, pixels: 1, share: 0.5 },
    ])
  })
  test('nothing that counts gives no figure, not one that looks like a score', async () => {
    const matrix = await matrixOf(2, [255, 255], [0, 1])
    expect([matrix.meanIou('mmseg'), matrix.meanAccuracy(), matrix.overallAccuracy(), matrix.frequencyWeightedIou()]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
  test('harmonic mean: of a 0 it is 0, of nothing nothing', () => {
    expect([harmonic(0.5, 0), harmonic(0, 0), harmonic(undefined, 0.5), harmonic(0.6, 0.3)]).toEqual([0, 0, undefined, 0.4])
  })
})

describe('the rules of MMSegmentation and detectron2, written down in numpy (test/parity/evaluation.py), on 200 seeded pairs', () => {
  test('areas of every class are equal, figures agree to 12 digits', async () => {
    expect(golden.pairs.length).toBe(200)
    for (const [p, expected] of golden.pairs.entries()) {
      const { n, truth, prediction } = pair(p)
      expect(n).toBe(expected.n)
      const matrix = await matrixOf(n, truth, prediction)
      const areas = Array.from({ length: n }, (_, c) => {
        const both = matrix.at(c, c)
        return [both, matrix.truth(c) + matrix.predicted(c) - both, matrix.truth(c), matrix.predicted(c)]
      })
      expect(areas, `pair ${p}`).toEqual(expected.areas)
      close(matrix.meanIou('mmseg'), expected.mmseg.mIoU)
      close(matrix.meanIou('detectron2'), expected.detectron2.mIoU)
      close(matrix.meanAccuracy(), expected.mmseg.mAcc)
      close(matrix.overallAccuracy(), expected.detectron2.aAcc)
      close(matrix.frequencyWeightedIou(), expected.detectron2.fwIoU)
    }
  })
  test('summed over the pairs of 30 classes, through the sparse form the journal keeps', async () => {
    const sum = new ConfusionMatrix(30)
    for (let p = 0; p < 200; p++) {
      const { n, truth, prediction } = pair(p)
      if (n === 30) sum.addSparse((await matrixOf(n, truth, prediction)).sparse())
    }
    close(sum.meanIou('mmseg'), golden.together.mmseg.mIoU)
    close(sum.meanIou('detectron2'), golden.together.detectron2.mIoU)
    close(sum.frequencyWeightedIou(), golden.together.detectron2.fwIoU)
  })
  test('truth against itself is 1 in every figure', async () => {
    for (const p of [3, 57, 199]) {
      const { n, truth } = pair(p)
      const matrix = await matrixOf(n, truth, truth)
      expect([matrix.meanIou('mmseg'), matrix.meanAccuracy(), matrix.overallAccuracy()]).toEqual([1, 1, 1])
      expect(matrix.frequencyWeightedIou()).toBeCloseTo(1, 12)
    }
  })
})
