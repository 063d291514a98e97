import { describe, expect, test } from 'vitest'
import { maskPolygons } from '../../lib/write/polygons'
import { traceOutlines } from '../../lib/write/rings'
import { blobs, pixelsOf, segmentationOf } from './pictures'

const draw = (rows: string[]) => ({ bits: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)), w: rows[0]!.length, h: rows.length })

/** Pixels whose centres lie inside, by the even-odd rule; `nonZero`: by the winding number. */
function fill(points: number[], w: number, h: number, nonZero = false): number[] {
  const inside = new Array(w * h).fill(0)
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let [crossings, winding] = [0, 0]
      for (let i = 0; i < points.length; i += 2) {
        const [x0, y0, x1, y1] = [0, 1, 2, 3].map((k) => points[(i + k) % points.length]!) as [number, number, number, number]
        if (y0 > y + 0.5 === y1 > y + 0.5 || x0 + ((y + 0.5 - y0) / (y1 - y0)) * (x1 - x0) < x + 0.5) continue
        crossings++
        winding += y1 > y0 ? 1 : -1
      }
      if (nonZero ? winding !== 0 : crossings % 2 === 1) inside[y * w + x] = 1
    }
  }
  return inside
}

describe('outlines', () => {
  test('one pixel: a square an eighth inside its edges, clockwise from the upper left corner', async () => {
    expect(await traceOutlines(Uint8Array.from([1]), 1, 1)).toEqual([
      { points: [0.125, 0.125, 0.875, 0.125, 0.875, 0.875, 0.125, 0.875], area: 1 },
    ])
  })

  test('an inner corner is cut towards the inside', async () => {
    const { bits, w, h } = draw(['#.', '##'])
    const [outline] = await traceOutlines(bits, w, h)
    expect(outline).toEqual({
      points: [0.125, 0.125, 0.875, 0.125, 0.875, 1.125, 1.875, 1.125, 1.875, 1.875, 0.125, 1.875],
      area: 3,
    })
  })

  test('a hole hangs on its ring by a line there and back through the mask', async () => {
    const { bits, w, h } = draw(['###', '#.#', '###'])
    const [outline, more] = await traceOutlines(bits, w, h)
    expect(more).toBeUndefined()
    expect(outline!.area).toBe(8)
    const text = outline!.points.join(' ')
    expect(text).toMatch(/0\.125 1\.5 0\.875 1\.5 .* 0\.875 1\.5 0\.125 1\.5/)
    expect(fill(outline!.points, w, h)).toEqual([...bits])
  })

  test('pixels that touch at a corner alone are two pieces; empty pixels that do are one hole', async () => {
    const pieces = draw(['#.', '.#'])
    expect((await traceOutlines(pieces.bits, 2, 2)).map(({ area }) => area)).toEqual([1, 1])
    const hole = draw(['####', '#.##', '##.#', '####'])
    const [outline, more] = await traceOutlines(hole.bits, 4, 4)
    expect([outline!.area, more]).toEqual([14, undefined])
    expect(fill(outline!.points, 4, 4)).toEqual([...hole.bits])
  })

  test('islands in holes are pieces of their own; holes of one row hang on each other', async () => {
    const nested = draw(['#######', '#.....#', '#.###.#', '#.#.#.#', '#.###.#', '#.....#', '#######'])
    expect((await traceOutlines(nested.bits, 7, 7)).map(({ area }) => area)).toEqual([24, 8])
    const row = draw(['#########', '#.#.#.#.#', '#########'])
    const [outline] = await traceOutlines(row.bits, 9, 3)
    expect(fill(outline!.points, 9, 3)).toEqual([...row.bits])
  })

  test.each([1, 2, 3, 4, 5, 6])('seed %i: filled again, even-odd and non-zero, they are the mask', async (seed) => {
    const [w, h] = [31 + seed, 23]
    const labels = blobs(w, h, 3, seed)
    for (const label of [0, 1, 2]) {
      const bits = pixelsOf(labels, label)
      const outlines = await traceOutlines(Uint8Array.from(bits), w, h)
      expect(outlines.reduce((sum, { area }) => sum + area, 0)).toBe(bits.filter((bit) => bit === 1).length)
      for (const nonZero of [false, true]) {
        const drawn = new Array(w * h).fill(0)
        for (const { points, area } of outlines) {
          const filled = fill(points, w, h, nonZero)
          expect(filled.filter((bit) => bit === 1)).toHaveLength(area)
          for (let i = 0; i < filled.length; i++) drawn[i] += filled[i]
        }
        expect(drawn).toEqual(bits)
      }
    }
  })

  test('a comb of 10,000 holes in a row does not run out of stack', async () => {
    const w = 20_001
    const bits = Uint8Array.from({ length: w * 3 }, (_, i) => (i >= w && i < 2 * w && (i - w) % 2 === 1 ? 0 : 1))
    const outlines = await traceOutlines(bits, w, 3)
    expect(outlines.map(({ area }) => area)).toEqual([w * 3 - 10_000])
  })

  test('empty: none', async () => {
    expect(await traceOutlines(new Uint8Array(6), 3, 2)).toEqual([])
  })
})

describe('maskPolygons', () => {
  test('lies where the mask is in its image, a polygon a piece', async () => {
    const s = segmentationOf([0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1], 4, 3, ['grass', 'fox'])
    const fox = (await s.masks())[1]!
    expect(await maskPolygons(fox)).toEqual([
      { points: [1.125, 1.125, 1.875, 1.125, 1.875, 1.875, 1.125, 1.875], area: 1 },
      { points: [3.125, 1.125, 3.875, 1.125, 3.875, 2.875, 3.125, 2.875], area: 2 },
    ])
  })

  test('a box that is not round the mask is refused', async () => {
    const fox = (await segmentationOf([0, 1, 1, 0], 2, 2, ['grass', 'fox']).masks())[1]!
    await expect(maskPolygons({ ...fox, bbox: [0, 0, 1, 2] })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /bbox/)
    await expect(maskPolygons({ ...fox, bbox: [0, 0, 1e9, 1e9] })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /2 x 2/)
    await expect(maskPolygons({} as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /masks\[0\]/)
  })
})
