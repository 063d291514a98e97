import { describe, expect, test } from 'vitest'
import { chooseThreshold, Iou, imageFigures } from '../../lib/specialist/figures'
import { halves, peaks } from '../../lib/specialist/measure'

const shown = (score: number) => ({ score, shown: true })
const without = (score: number) => ({ score, shown: false })

describe('figures of a made-up list of answers', () => {
  const answers = [
    shown(0.99),
    shown(0.9),
    shown(0.7),
    shown(0.2),
    without(0.95),
    without(0.6),
    without(0.1),
    without(0.05),
    without(0),
    without(0),
  ]

  test('at 0.65: three of four found, one of six images without it as well', () => {
    const { images, found, precision, recall, falsePositivesPer1000 } = imageFigures(answers, 0.65)
    expect({ images, found }).toEqual({ images: { shown: 4, without: 6 }, found: { right: 3, wrong: 1 } })
    expect([precision.value, recall.value]).toEqual([0.75, 0.75])
    expect(falsePositivesPer1000.value).toBeCloseTo(1000 / 6, 9)
    // Wilson's interval of 3 of 4, and 1,000 times that of 1 of 6.
    expect([recall.low, recall.high].map((x) => x.toFixed(3))).toEqual(['0.301', '0.954'])
    expect([falsePositivesPer1000.low, falsePositivesPer1000.high].map((x) => x.toFixed(0))).toEqual(['30', '564'])
  })
  test('a score equal to the threshold counts as found', () => {
    expect(imageFigures(answers, 0.7).found).toEqual({ right: 3, wrong: 1 })
    expect(imageFigures(answers, 0.95).found).toEqual({ right: 1, wrong: 1 })
  })
  test('nothing to measure on is not known, and never zero', () => {
    const { precision, recall, falsePositivesPer1000 } = imageFigures([], 0.5)
    expect([precision.value, recall.value, falsePositivesPer1000.value].every(Number.isNaN)).toBe(true)
    expect(falsePositivesPer1000.high).toBe(1000)
  })
})

describe('threshold', () => {
  const scores = Array.from({ length: 400 }, (_, i) => without(i / 400))

  test('400 images without it, 5 of 1,000 allowed: two stay above, no third', () => {
    const { value, why } = chooseThreshold([...scores, shown(1)], 5)
    expect(scores.filter(({ score }) => score >= value).length).toBe(2)
    expect(value).toBeLessThan(398 / 400)
    expect(why).toMatch(/at most 5 of 1,000 .*\(2 of 400\)/)
  })
  test('never below 0.5, where the name is less likely than not', () => {
    expect(chooseThreshold([without(0.2), without(0.1)], 0)).toMatchObject({
      value: 0.5,
      why: expect.stringMatching(/more likely than not/),
    })
    expect(chooseThreshold([shown(0.9)], 5)).toMatchObject({ value: 0.5, why: expect.stringMatching(/no image without the name/) })
  })
  test('a network that is certain of an image without it still leaves a threshold below 1', () => {
    const { value, why } = chooseThreshold([without(1), without(0)], 0)
    expect(value).toBeLessThan(1)
    expect(why).toMatch(/though 1 of 2 held-out images without the name reach it \(asked: 0\)/)
    expect(value).toBeGreaterThan(0.999)
  })
  test('it is chosen on every other image without the name and measured on the rest; those that show it are measured on', () => {
    const answers = [0.1, 0.2, 0.3, 0.4].map((score, i) => ({ id: `${i}`, shown: i === 3 ? [0] : [], scores: [score] }))
    expect(halves(answers, 0)).toEqual({ choose: [without(0.1), without(0.3)], measure: [shown(0.4), without(0.2)] })
  })
})

test('the peak of a class is its largest probability at any cell', () => {
  const log = (values: number[]) => Float32Array.from(values, Math.log)
  expect(peaks({ data: log([0.1, 0.8, 0.3, 0.2, 0.05, 0.4]), shape: [2, 1, 3] }).map((x) => Number(x.toFixed(5)))).toEqual([0.8, 0.4])
})

test('IoU by hand, over two images together, with an ignored pixel', () => {
  const iou = new Iou()
  expect(iou.value).toBeNaN()
  iou.add([1, 1, 0, 1], [1, 0, 1, 255], 1)
  expect(iou.value).toBeCloseTo(1 / 3)
  iou.add([1, 1], [1, 1], 1)
  expect(iou.value).toBeCloseTo(3 / 5)
})
