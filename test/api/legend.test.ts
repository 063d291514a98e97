import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { drawLegend } from '../../lib/write/legend'
import { measureTexts } from '../../lib/write/text-width'

type Strip = Awaited<ReturnType<typeof drawLegend>>
const colors = [
  [255, 0, 0],
  [0, 200, 0],
  [0, 0, 255],
  [255, 160, 0],
  [200, 0, 200],
] as const
const at = ({ data, width }: Strip, x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/** Where the pure colours of the swatches are. */
function swatches(strip: Strip, count: number): Box[] {
  return colors.slice(0, count).map((color) => {
    const box = { left: strip.width, right: -1, top: strip.height, bottom: -1 }
    for (let y = 0; y < strip.height; y++) {
      for (let x = 0; x < strip.width; x++) {
        if (!at(strip, x, y).every((value, c) => value === color[c])) continue
        box.left = Math.min(box.left, x)
        box.right = Math.max(box.right, x)
        box.top = Math.min(box.top, y)
        box.bottom = Math.max(box.bottom, y)
      }
    }
    return box
  })
}

/** Columns with ink from `from` to `to`, over the rows of a swatch and what hangs below its letters. */
function ink(strip: Strip, { top, bottom }: Box, from: number, to: number): { first: number; last: number } {
  let first = -1
  let last = -1
  for (let x = from; x < to; x++) {
    for (let y = Math.max(0, top - 2); y < Math.min(strip.height, bottom + 4); y++) {
      if (Math.max(...at(strip, x, y)) > 200) continue
      if (first < 0) first = x
      last = x
    }
  }
  return { first, last }
}

const named = (names: string[]) => names.map((name, i) => ({ name, color: colors[i]!, share: 0.2 }))

describe('legends', () => {
  test.each([
    ['short names', ['fox', 'dog', 'sky', 'sea', 'sand'], 400],
    ['wide letters', ['WWWWWWWWWW', 'MMMMMMMM', 'WMWMWMWM', '@@@@@@@@', 'mmmmmmmm'], 600],
    [
      'long names',
      ['a very long name of a thing that nobody would give', 'WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW', 'x', 'iiiiiiiiiiiiiiiiiiiiiiii', 'y'],
      320,
    ],
    ['a name of 5,000 letters', ['W'.repeat(5000), 'i'.repeat(5000), 'dog'], 500],
    ['other scripts', ['日本語の長い名前です', 'Ёлка в лесу', 'שלום עולם', 'naïve café', 'A̲B̲C̲'], 500],
    ['capitals of a wide picture', ['TRAFFIC LIGHT', 'WOODEN FLOOR', 'WALLPAPER', 'WINDOW', 'MOUNTAIN'], 1600],
    ['the picture of a camera', ['TRAFFIC LIGHT', 'a name that is a little longer', 'WWWWWWWWWWWWWWWWWWWWWWWWWWWW', 'fox', 'sky'], 2400],
  ])('%s: no text touches the next swatch or the edge, and every one has room of half a letter', async (_, names, width) => {
    const strip = await drawLegend(named(names), width)
    const boxes = swatches(strip, names.length)
    const size = Math.round(Math.max(11, width / 60))
    boxes.forEach((box, i) => {
      expect(box.right - box.left, 'every swatch is whole').toBeGreaterThanOrEqual(size - 3)
      const next = boxes[i + 1]
      const neighbour = next && next.top === box.top ? next.left - 1 : width
      const { first, last } = ink(strip, box, box.right + 3, neighbour - 1)
      expect(first, 'there is text').toBeGreaterThan(box.right)
      expect(neighbour - last, `${names[i]!.slice(0, 20)}: room to the next`).toBeGreaterThanOrEqual(neighbour === width ? 1 : size / 2)
    })
  })

  test('a name that fits is whole, a longer one loses its end and keeps its share', async () => {
    const size = 11
    const [whole, cut] = await Promise.all([drawLegend(named(['fox']), 320), drawLegend(named(['fox '.repeat(200)]), 320)])
    const width = async (text: string) => (await measureTexts([text], size, 10_000))[0]!
    const textOf = (strip: Strip) => {
      const [box] = swatches(strip, 1) as [Box]
      const { first, last } = ink(strip, box, box.right + 3, 320)
      return last - first + 1
    }
    expect(Math.abs(textOf(whole) - (await width('fox 20%')))).toBeLessThan(3)
    expect(textOf(cut)).toBeGreaterThan(250)
    expect(textOf(cut)).toBeLessThan(320)
  })

  test('measured widths: those of the drawn letters, 0 for none, the limit for what is wider', async () => {
    const [narrow, wide, none, long] = (await measureTexts(['iiii', 'WWWW', '', 'W'.repeat(500)], 20, 300)) as [
      number,
      number,
      number,
      number,
    ]
    expect(wide).toBeGreaterThan(narrow * 2)
    expect([none, long]).toEqual([0, 300])
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><text x="0" y="28" font-size="20" font-family="DejaVu Sans, Noto Sans, Liberation Sans, sans-serif">WWWW</text></svg>'
    const { info } = await sharp(Buffer.from(svg)).trim().toBuffer({ resolveWithObject: true })
    expect(Math.abs(info.width - wide)).toBeLessThan(3)
    expect(await measureTexts([], 20, 300)).toEqual([])
  })

  test('letters that XML has no place for do not break it', async () => {
    const strip = await drawLegend(named(['a\uffffb', '\ud800 half', '<&">\'', 'c\ufffe']), 400)
    expect(strip.data.length).toBe(400 * strip.height * 3)
  })
})
