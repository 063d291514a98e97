import { describe, expect, test } from 'vitest'
import { seeded } from '../../lib/curate/random'
import { restrict } from '../../lib/specialist/boxes'
import { cutOut, paste, place, plans } from '../../lib/specialist/compose'
import { addTrimap, trimap } from '../../lib/specialist/trimap'

/** A grey picture with a white square of label 1 at x, y. */
function square(side: number, x: number, y: number, size: number) {
  const data = new Uint8Array(3 * side * side).fill(90)
  const labels = new Uint8Array(side * side)
  for (let i = 0; i < labels.length; i++) {
    const [dx, dy] = [(i % side) - x, Math.floor(i / side) - y]
    if (dx < 0 || dy < 0 || dx >= size || dy >= size) continue
    labels[i] = 1
    data.fill(255, 3 * i, 3 * i + 3)
  }
  return { pixels: { data, width: side, height: side }, labels }
}
const black = (side: number) => ({
  pixels: { data: new Uint8Array(3 * side * side), width: side, height: side },
  labels: new Uint8Array(side * side),
})

describe('composites', () => {
  test('a square is cut out and put where it is told, its labels with it; the rest of the picture stays', async () => {
    const cutout = cutOut(square(20, 4, 6, 8), 1)!
    expect(cutout).toMatchObject({ width: 8, height: 8, label: 1, share: { width: 0.4, height: 0.4 } })
    const onto = black(20)
    const { pixels, labels } = await paste(onto, cutout, { width: 8, height: 8, left: 10, top: 2, mirrored: false })
    expect(labels.reduce((n, label) => n + Number(label === 1), 0)).toBe(64)
    expect([labels[2 * 20 + 10], labels[9 * 20 + 17], labels[2 * 20 + 9], labels[10 * 20 + 10]]).toEqual([1, 1, 0, 0])
    expect(pixels.data[3 * (2 * 20 + 10)]).toBe(255)
    expect(pixels.data.reduce((sum, x) => sum + x, 0)).toBe(64 * 3 * 255)
    expect(onto.pixels.data.every((x) => x === 0)).toBe(true)
  })
  test('partly outside: what is left of it', async () => {
    const cutout = cutOut(square(20, 0, 0, 8), 1)!
    const { labels } = await paste(black(20), cutout, { width: 8, height: 8, left: -3, top: 15, mirrored: true })
    expect(labels.reduce((n, label) => n + Number(label === 1), 0)).toBe(5 * 5)
  })
  test('enlarged, the pixels along its edge are uncertain where its shape has holes', async () => {
    const whole = square(20, 4, 4, 10)
    for (let i = 0; i < 4; i++) whole.labels.fill(0, (4 + i) * 20 + 4, (4 + i) * 20 + 8)
    const { labels } = await paste(black(40), cutOut(whole, 1)!, { width: 25, height: 25, left: 5, top: 5, mirrored: false })
    expect(new Set(labels)).toEqual(new Set([0, 1, 255]))
  })
  test('too few pixels are no picture of a name', () => {
    expect(cutOut(square(20, 4, 6, 4), 1)).toBeUndefined()
    expect(cutOut(square(20, 4, 6, 8), 2)).toBeUndefined()
  })
  test('200 places: three quarters of it are on the picture each way, half to one and a half times as large', () => {
    const cutout = cutOut(square(50, 4, 6, 20), 1)!
    const next = seeded(4)
    for (let i = 0; i < 200; i++) {
      const { width, height, left, top } = place(cutout, { width: 100, height: 60 }, next)
      expect(width).toBeGreaterThanOrEqual(20)
      expect(width).toBeLessThanOrEqual(60)
      for (const [at, size, side] of [[left, width, 100], [top, height, 60]] as const) // biome-ignore format: pairs
        expect(Math.min(at + size, side) - Math.max(at, 0)).toBeGreaterThanOrEqual(0.75 * size - 1)
    }
  })
  test('names take turns, and the same seed gives the same plan', () => {
    const [one, two] = [cutOut(square(20, 0, 0, 8), 1)!, { ...cutOut(square(20, 0, 0, 9), 1)!, label: 2 }]
    const plan = () => [...plans([one, one, one, two], 7, 10, 5)].map(({ cutout, picture }) => [cutout.label, picture])
    expect(plan().map(([label]) => label)).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 1, 2])
    expect(plan()).toEqual(plan())
  })
})

describe('masks', () => {
  test('an image in three: both tests, one of them, none', () => {
    const probability = Float32Array.from([0, 0.9, 1, 0.2, 0.75, 0.3])
    expect([...trimap(probability, Uint8Array.from([0, 1, 1, 1, 0, 0]))]).toEqual([0, 1, 1, 255, 255, 0])
  })
  test('without anything that competes the range in the image decides alone', () => {
    expect([...trimap(Float32Array.from([0.2, 0.6, 0.5, 0.4]), undefined)]).toEqual([0, 1, 1, 0])
    expect([...trimap(Float32Array.from([0, 1, 0.65, 0.5]), undefined)]).toEqual([0, 1, 255, 0])
  })
  test('two names at one place: it is uncertain which', () => {
    const labels = new Uint8Array(4)
    addTrimap(labels, Uint8Array.from([1, 1, 0, 255]), 1)
    addTrimap(labels, Uint8Array.from([0, 1, 1, 0]), 2)
    expect([...labels]).toEqual([1, 255, 2, 255])
  })
  test('boxes: nothing is left outside', () => {
    const labels = new Uint8Array(16).fill(1)
    restrict(labels, 4, [[0, 0, 2, 1], [3, 3, 5, 5]]) // biome-ignore format: pairs
    expect([...labels.keys()].filter((i) => labels[i] === 1)).toEqual([0, 1, 15])
  })
})
