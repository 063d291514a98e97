import { describe, expect, test } from 'vitest'

const load = (name: string): Promise<any> => import(`./reco/${name}.mjs`)
const { figuresOf, onThing, summary } = await load('figures')

describe('figures of the studies of ReCo', () => {
  test('by hand: two objects and a background, one name that neither occurs nor is predicted', () => {
    // Truth in rows: 6 pixels of name 0 (4 right), 2 of name 1 (none right), 8 of name 2 (all right), name 3 nowhere.
    const matrix = Float64Array.from([4, 0, 2, 0, 1, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0])
    const { accuracy, miou, objects } = figuresOf(matrix, 4, 2)
    expect(accuracy).toBe(12 / 16)
    // IoU 4 / (6 + 5 - 4), 0, 8 / (8 + 11 - 8); the fourth name counts nowhere.
    expect(miou).toBeCloseTo((4 / 7 + 0 + 8 / 11) / 3, 12)
    expect(objects).toBeCloseTo((4 / 7 + 0) / 2, 12)
  })

  test('the spread is the standard deviation over seeds, with n - 1; that of one seed is 0', () => {
    expect(summary([1, 2, 6])).toEqual({ mean: 3, spread: Math.sqrt((4 + 1 + 9) / 2) })
    expect(summary([5])).toEqual({ mean: 5, spread: 0 })
  })

  test('a seed is on its thing where half of its cell shows it, and never on that of another name', () => {
    // 4 x 4 pixels, 2 x 2 cells: the upper right cell shows 2 of 4 pixels, the lower left 1.
    const mask = Uint8Array.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    const on = (name: number, row: number, column: number) => onThing({ name: 7, mask }, name, [row, column], [2, 2])
    expect([on(7, 0, 0), on(7, 0, 1), on(7, 1, 0)]).toEqual([false, true, false])
    expect(on(8, 0, 1)).toBe(false)
  })
})

describe('sites', () => {
  const side = 96
  /** Scenes of at most two of nine names, each a bar at the left or the right; a third of the bars is too small. Name 9 is the background. */
  function packOf() {
    const looks = { scenes: 0, painted: [] as number[] }
    const shown = (index: number) => [...new Set([(index * 7) % 11, (index * 5 + 3) % 13])].filter((name) => name < 9)
    const render = async (index: number) => {
      looks.painted.push(index)
      const names = shown(index)
      const wide = index % 3 === 0 ? 2 : 12
      const name = (x: number) => (x < wide ? names[0] : x >= side - wide ? names[1] : undefined) ?? 9
      const labels = Uint8Array.from({ length: side * side }, (_, i) => name(i % side))
      return { pixels: { data: Uint8Array.of(index % 256, index >> 8), width: side, height: side }, labels, present: [...shown(index), 9] }
    }
    const present = async (first: number, count: number) => {
      looks.scenes += count
      return Array.from({ length: count }, (_, i) => [...shown(first + i), 9])
    }
    return { pack: { present, render }, looks }
  }

  test('are made of the scenes that painting them all would give, and few are painted', async () => {
    const { materials } = await load('sites-pool')
    const { pack, looks } = packOf()
    const chosen = [2, 4, 7]
    const { pictures, cuts } = await materials(pack, chosen, 1, 5)
    const all = packOf().pack
    const expected = { pictures: [] as unknown[], cuts: new Map(chosen.map((name) => [name, [] as unknown[]])) }
    const wanting = () => expected.pictures.length < 5 || [...expected.cuts.values()].some((list) => list.length < 24)
    for (let index = 0; wanting(); index++) {
      const { pixels, labels, present } = await all.render(index)
      const here = present.filter((name) => chosen.includes(name))
      if (here.length === 0 && expected.pictures.length < 5) expected.pictures.push(pixels)
      for (const name of here) {
        const mask = labels.map((label) => Number(label === name))
        const area = mask.reduce((sum, one) => sum + one, 0)
        if (area >= 350 && area <= 3500 && expected.cuts.get(name)!.length < 24) expected.cuts.get(name)!.push({ pixels, mask })
      }
    }
    expect({ pictures, cuts }).toEqual(expected)
    expect(new Set(looks.painted).size).toBe(looks.painted.length)
    expect(looks.painted.length).toBeLessThan(0.7 * looks.scenes)
  })
})
