import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bilinear, cut, nearest, nearestSources } from '../../lib/eval/resample.js'
import { describeResize, parseResize, resizedTo } from '../../lib/eval/resize-rule.js'
import { golden, picture } from './golden.js'

describe('scaling and centre crop', () => {
  test('nearest by hand: 5 -> 2 takes the pixels under 1.25 and 3.75; enlarging repeats', () => {
    expect([...nearestSources(5, 2)]).toEqual([1, 3])
    expect([...nearestSources(2, 4)]).toEqual([0, 0, 1, 1])
  })
  test.each(golden.scales)(
    'as Pillow and torchvision: $from to $side, $filter',
    async ({ from: [width, height], side, filter, sha256 }) => {
      const rule = parseResize(`shorter:${side},crop`)
      const plan = resizedTo({ width, height }, rule)!
      const channels = filter === 'labels' ? 1 : 3
      const data = picture(width, height, channels)
      const scaled =
        filter === 'bilinear'
          ? await bilinear(data, { width, height }, plan.scaled)
          : nearest(data, { width, height }, plan.scaled, channels)
      const bytes = cut(scaled, plan.scaled, plan.left, plan.top, plan.kept, channels)
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    },
  )
  test('16-bit label maps keep their type', () => {
    expect(nearest(Uint16Array.of(300, 500), { width: 2, height: 1 }, { width: 4, height: 1 }, 1)).toEqual(
      Uint16Array.of(300, 300, 500, 500),
    )
  })
})

describe('the rule as text', () => {
  test('sizes: the longer side is cut to whole pixels; halves of a crop go to the even neighbour', () => {
    expect(resizedTo({ width: 500, height: 375 }, parseResize('shorter:320,crop'))).toEqual({
      scaled: { width: 426, height: 320 },
      left: 53,
      top: 0,
      kept: { width: 320, height: 320 },
    })
    // (325 - 320) / 2 = 2.5 is 2.
    expect(resizedTo({ width: 325, height: 320 }, parseResize('shorter:320,crop'))!.left).toBe(2)
    expect(resizedTo({ width: 10, height: 20 }, parseResize('none'))).toBeUndefined()
  })
  test('what it is told it says again, and nothing else is one', () => {
    expect(['none', 'shorter:320,crop,nearest', 'shorter:512'].map((text) => describeResize(parseResize(text)))).toEqual([
      'none',
      'shorter:320,crop,nearest',
      'shorter:512,bilinear',
    ])
    for (const text of ['320', 'shorter:', 'shorter:8', 'shorter:320,bicubic', 'shorter:320,crop,crop', 'shorter:320,nearest,bilinear'])
      expect(() => parseResize(text), text).toThrow(/Expected none or shorter:320/)
  })
})
