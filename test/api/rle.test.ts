import { describe, expect, test } from 'vitest'
import { compressRuns, expandRuns } from '../../lib/segmenter/rle'

/** Checked against pycocotools 2.0: frPyObjects of the same run lengths gives these strings. */
const runs: [number[], string][] = [
  [[6], '6'],
  [[0, 6], '06'],
  [[1, 2, 1, 1, 1], '121O0'],
  [[0, 1, 1, 1, 1, 1, 1], '0110000'],
  [[5, 1000, 3, 70_000, 900, 2, 40], '5Xo03X\\S2Ql0bdkMTUO'],
  [[100, 20, 30, 4000, 5, 60, 33, 1, 31, 32, 1, 2 ** 20], 'T3d0n0\\l3WOlTLl0UNNo0ROPooo0'],
]

describe("COCO's compressed run lengths", () => {
  test.each(runs)('%j is %s, and back', (counts, text) => {
    expect(compressRuns(counts)).toBe(text)
    expect(expandRuns(text)).toEqual(counts)
  })

  test('what are no run lengths is refused: negative, fractions, too long, not the pixels of the size', () => {
    const refused = expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    for (const counts of [
      [-1],
      [1.5],
      [Number.NaN],
      ['1'],
      [2 ** 31],
      [1, undefined],
      'abc',
      null,
      undefined,
      {},
      new DataView(new ArrayBuffer(4)),
    ])
      expect(() => compressRuns(counts as never), String(counts)).toThrow(refused)
    expect(() => compressRuns([1, 2], [2, 2])).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /2 x 2 pixels.*"3 pixels"/))
    expect(() => compressRuns([1, 2], [3] as never)).toThrow(refused)
    expect(compressRuns(new Uint32Array([1, 2]), [1, 3])).toBe(compressRuns([1, 2]))
    expect(expandRuns(compressRuns([0, 2 ** 31 - 1, 5]), undefined)).toEqual([0, 2 ** 31 - 1, 5])
    // A character that is none, a group that goes on at the end, more groups than a number has, a negative run.
    for (const text of ['\u0001', 'é', '1~~', 'P', 'PPPPPPPP0', 'O', '444W'])
      expect(() => expandRuns(text), text).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /broken at character \d+/))
    expect(() => expandRuns('06', [2, 2])).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /2 x 2 pixels/))
    for (const text of [3, null, undefined]) expect(() => expandRuns(text as never)).toThrow(refused)
    expect([compressRuns([]), expandRuns('')]).toEqual(['', []])
  })

  test('random run lengths come back', () => {
    let state = 9
    const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % 100_000
    for (let round = 0; round < 200; round++) {
      const counts = Array.from({ length: 1 + (random() % 30) }, random)
      expect(expandRuns(compressRuns(counts))).toEqual(counts)
    }
  })
})
