import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { seeded } from '../../lib/curate/random'
import { decodeImage } from '../../lib/image/decode'
import { readLabelMap } from '../../lib/image/labels'
import { writeLabelMap } from '../../lib/index'
import { type Cutout, cutOut, paste, place, plans } from '../../lib/specialist/compose'
import type { Masked } from '../../lib/specialist/masks'
import { writeTrainingSet } from '../../lib/specialist/training-set'
import { parseClasses } from '../../lib/text/classes'
import { rowOf } from './pictures'
import { temporary } from './world'

const classes = parseClasses(['fox', 'hen'])

/** Pictures whose rows are alike, seeded noise; where `boxes` is given, each with a mask of every name in a box of its own. */
async function pictures(folder: string, count: number, side: number, boxes: boolean): Promise<Masked[]> {
  mkdirSync(folder, { recursive: true })
  const next = seeded(count)
  return Promise.all(
    Array.from({ length: count }, async (_, i): Promise<Masked> => {
      const file = join(folder, `${i}.png`)
      const line = Uint8Array.from({ length: 3 * side }, () => 256 * next())
      const data = new Uint8Array(3 * side * side)
      for (let y = 0; y < side; y++) data.set(line, 3 * side * y)
      await sharp(data, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toFile(file)
      // Boxes of few sizes, so that order is decided by what they show.
      const [half, size] = [side / 2, Math.floor((3 * side) / 8 + next() * 3)]
      const label = (x: number, y: number) => (y < size && x % half < size ? (x < half ? 1 : 2) : 0)
      const labels = Uint8Array.from({ length: side * side }, (_, at) => label(at % side, Math.floor(at / side)))
      const map = join(folder, 'maps', `${i}.png`)
      if (boxes) await writeLabelMap(map, { labels, width: side, height: side, classes, firstLabel: 1 })
      return { row: await rowOf(file), group: `${i}`, names: boxes ? [0, 1] : [], labels: map, overlay: '' }
    }),
  )
}

async function write(into: string, masked: Masked[], without: Masked[], side: number, more: { onProgress?: (done: number) => void } = {}) {
  const quiet = { signal: undefined, onProgress: more.onProgress, onReject: () => expect.unreachable() }
  const request = { classes, masked, without: without.map(({ row }) => row), composites: 12, size: { width: side, height: side }, seed: 7 }
  return writeTrainingSet(into, { ...request, ...quiet })
}

describe('the training set of a specialist', () => {
  test('its composites are those that all cutouts at once, in order of size and content, would give', async () => {
    const folder = temporary()
    const [masked, without] = [await pictures(join(folder, 'with'), 9, 40, true), await pictures(join(folder, 'none'), 4, 40, false)]
    const into = join(folder, 'set')
    expect(await write(into, masked, without, 40)).toMatchObject({ shown: 9, without: 4, composites: 12 })
    const all: Cutout[] = []
    for (const { row, labels } of masked) {
      const one = { pixels: await decodeImage(row.uri), labels: (await readLabelMap(labels)).labels as Uint8Array }
      all.push(cutOut(one, 1)!, cutOut(one, 2)!)
    }
    all.sort((a, b) => a.label - b.label || a.width * a.height - b.width * b.height || Buffer.compare(a.data, b.data))
    expect(new Set(all.map(({ width }) => width)).size).toBeLessThan(all.length / 2)
    let i = 0
    for (const { cutout, picture, next } of plans(all, 4, 12, 7)) {
      const ground = await decodeImage(join(folder, 'none', `${picture}.png`))
      const expected = await paste({ pixels: ground, labels: new Uint8Array(1600) }, cutout, place(cutout, ground, next))
      const name = `composite-${String(i++).padStart(5, '0')}.png`
      expect(Buffer.compare((await decodeImage(join(into, 'images', name))).data, expected.pixels.data)).toBe(0)
      expect((await readLabelMap(join(into, 'labels', name))).labels).toEqual(expected.labels)
    }
    expect(readdirSync(join(into, 'images')).filter((name) => name.startsWith('composite')).length).toBe(i)
  })

  test('the same twice over', async () => {
    const folder = temporary()
    const [masked, without] = [await pictures(join(folder, 'with'), 3, 40, true), await pictures(join(folder, 'none'), 2, 40, false)]
    for (const into of ['one', 'two']) await write(join(folder, into), masked, without, 40)
    for (const name of readdirSync(join(folder, 'one', 'images')))
      expect(readFileSync(join(folder, 'one', 'images', name)).equals(readFileSync(join(folder, 'two', 'images', name)))).toBe(true)
  })

  test('the cutouts of 24 pictures, 11 MB together, are not held', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const folder = temporary()
    const side = 640
    const [masked, without] = [await pictures(join(folder, 'with'), 24, side, true), await pictures(join(folder, 'none'), 1, side, false)]
    const held = () => {
      collect()
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const before = held()
    let after = 0
    const onProgress = (done: number) => {
      if (done === masked.length) after = held()
    }
    await write(join(folder, 'set'), masked, without, side, { onProgress })
    expect(masked.reduce((sum, { names }) => sum + names.length * 4 * ((3 * side) / 8) ** 2, 0)).toBeGreaterThan(11e6)
    expect(after - before).toBeLessThan(5e6)
  }, 60_000)
})
