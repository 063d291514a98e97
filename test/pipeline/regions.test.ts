import { describe, expect, test } from 'vitest'
import type { Region } from '../../binding'
import { binding } from '../../lib/binding'
import { random } from '../helpers/testing'

const options = { minArea: 1, instances: false, skip: [] as number[] }
const find = (labels: number[], width: number, overrides: Partial<typeof options> = {}) =>
  binding().regions(Uint8Array.from(labels), width, labels.length / width, { ...options, ...overrides }, {})
const plain = ({ label, area, bbox, counts }: Region) => [label, area, [...bbox], [...counts]]

/** The mask of COCO's run lengths, row-major. */
function decode({ counts }: Region, width: number, height: number): number[] {
  const mask = Array(width * height).fill(0)
  let at = 0
  for (const [i, run] of counts.entries()) {
    for (let end = at + run; at < end; at++) if (i % 2) mask[(at % height) * width + Math.floor(at / height)] = 1
  }
  expect(at).toBe(width * height)
  return mask
}

describe('regions by hand', () => {
  test('runs go down the columns and start with zeros', async () => {
    // 5 5 7
    // 7 5 7
    expect((await find([5, 5, 7, 7, 5, 7], 3)).map(plain)).toEqual([
      [5, 3, [0, 0, 2, 2], [0, 1, 1, 2, 2]],
      [7, 3, [0, 0, 3, 2], [1, 1, 2, 2]],
    ])
  })

  test('components are 4-connected: a diagonal is two, ordered by their first pixels', async () => {
    expect((await find([1, 0, 0, 1], 2, { instances: true })).map(plain)).toEqual([
      [0, 1, [1, 0, 1, 1], [2, 1, 1]],
      [0, 1, [0, 1, 1, 1], [1, 1, 2]],
      [1, 1, [0, 0, 1, 1], [0, 1, 3]],
      [1, 1, [1, 1, 1, 1], [3, 1]],
    ])
  })

  test('two arms that meet below are one component', async () => {
    const [ones] = await find([1, 0, 1, 1, 0, 1, 1, 1, 1], 3, { instances: true, skip: [0] })
    expect(plain(ones!)).toEqual([1, 7, [0, 0, 3, 3], [0, 3, 2, 4]])
  })

  test('a spiral is one component', async () => {
    const spiral = '1111100001111011001010010111110'.slice(0, 25)
    const found = await find([...spiral].map(Number), 5, { instances: true, skip: [0] })
    expect(found.reduce((sum, { area }) => sum + area, 0)).toBe([...spiral].filter((c) => c === '1').length)
  })

  test('minArea and skip leave regions out', async () => {
    expect((await find([1, 1, 2, 3], 2, { minArea: 2 })).map(({ label }) => label)).toEqual([1])
    expect((await find([1, 1, 2, 3], 2, { skip: [1, 3] })).map(({ label }) => label)).toEqual([2])
    expect(await find([1, 1, 2, 3], 2, { minArea: 9 })).toEqual([])
  })

  test('one pixel; one label everywhere; a 16-bit label', async () => {
    expect((await find([4], 1)).map(plain)).toEqual([[4, 1, [0, 0, 1, 1], [0, 1]]])
    expect((await find(Array(12).fill(0), 4)).map(plain)).toEqual([[0, 12, [0, 0, 4, 3], [0, 12]]])
    expect((await binding().regions(Uint16Array.of(65535, 300), 2, 1, options, {})).map(({ label }) => label)).toEqual([300, 65535])
  })
})

describe('regions of random maps', () => {
  test.each([
    [17, 9, 2, 1],
    [64, 48, 3, 2],
    [1, 30, 2, 3],
    [30, 1, 2, 4],
  ])('%i x %i, %i labels, seed %i: a partition that decodes to the map', async (width, height, classes, seed) => {
    const next = random(seed)
    const labels = Array.from({ length: width * height }, () => Math.floor(((next() + 1) / 2) * classes))
    for (const instances of [false, true]) {
      const found = await find(labels, width, { instances })
      const covered = Array(labels.length).fill(-1)
      for (const region of found) {
        const mask = decode(region, width, height)
        const pixels = mask.flatMap((bit, i) => (bit ? [i] : []))
        expect(pixels.length).toBe(region.area)
        const [x, y, w, h] = region.bbox
        const [xs, ys] = [pixels.map((i) => i % width), pixels.map((i) => Math.floor(i / width))]
        expect([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]).toEqual([x, y, x + w - 1, y + h - 1])
        for (const i of pixels) covered[i] = region.label
        if (instances) expect(flooded(labels, width, pixels[0]!)).toEqual(pixels)
      }
      expect(covered).toEqual(labels)
      expect(found.map(({ label }) => label)).toEqual(found.map(({ label }) => label).sort((a, b) => a - b))
    }
  })
})

/** Pixels reached from one by steps along sides, ascending. */
function flooded(labels: number[], width: number, from: number): number[] {
  const seen = new Set([from])
  const open = [from]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const x = at % width
    for (const next of [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width]) {
      if (labels[next] === labels[at] && !seen.has(next)) open.push(seen.add(next) && next)
    }
  }
  return [...seen].sort((a, b) => a - b)
}

describe('confusion', () => {
  const { confusion } = binding()

  test('counts truth down, prediction across; ignored truth is left out', () => {
    const matrix = confusion(Uint8Array.of(0, 0, 1, 2, 255), Uint8Array.of(0, 1, 1, 0, 9), 3, 255)
    expect([...matrix]).toEqual([1, 1, 0, 0, 1, 0, 1, 0, 0])
  })

  test('labels of 16 and 8 bits may meet; nothing gives zeros', () => {
    expect([...confusion(Uint16Array.of(1), Uint8Array.of(0), 2, 65535)]).toEqual([0, 0, 1, 0])
    expect([...confusion(new Uint8Array(0), new Uint8Array(0), 2, 255)]).toEqual([0, 0, 0, 0])
  })

  test.each([
    ['truth', Uint8Array.of(0, 3), Uint8Array.of(0, 0), /truth 3 and prediction 0 at pixel 1/],
    ['prediction', Uint8Array.of(0, 1), Uint8Array.of(7, 0), /truth 0 and prediction 7 at pixel 0/],
  ])('BAD CALL - a %s of 3 classes or more', (_, truth, prediction, message) => {
    let error: unknown
    try {
      confusion(truth, prediction, 3, 255)
    } catch (caught) {
      error = caught
    }
    expect(error).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})
