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
