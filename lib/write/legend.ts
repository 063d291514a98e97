import sharp from 'sharp'
import type { Color } from '../text/colors'
import { measureTexts, textSvg } from './text-width'

export interface LegendEntry {
  name: string
  color: Color
  /** Share of the pixels, 0..1. */
  share: number
}

interface Item {
  x: number
  y: number
  color: Color
  text: string
}

/** A name takes no more than this many ems, whatever the width of the picture. */
const widestName = 40
/** From a swatch's left edge to its text, and from the end of a text to the next swatch, in ems. */
const beforeText = 1.5
const afterText = 1.1

/** Letters grow with the picture, which is looked at as a whole; they are measured at this size at most, which costs the same for any. */
const textSize = (width: number) => Math.round(Math.max(11, width / 60))
const measuredSize = 22

let warned = false

/** A strip of `width` pixels with a swatch, the name and the share of every entry, as many rows as it takes. -> RGB */
export async function drawLegend(
  entries: readonly LegendEntry[],
  width: number,
): Promise<{ data: Uint8Array; width: number; height: number }> {
  const size = textSize(width)
  const room = Math.max(1, Math.min(width - size * (0.5 + beforeText), widestName * size))
  const texts = await shorten(entries, size, room)
  const widths = await measure(texts, size, room)
  const { items, height } = layOut(entries, texts, widths, width, size)
  const data = await sharp(draw(items, width, height, size))
    .flatten({ background: '#ffffff' })
    .removeAlpha()
    .raw()
    .toBuffer()
  if (entries.length > 0 && !warned && widths.every((drawn) => drawn === 0)) {
    warned = true
    process.emitWarning('No font is installed, so legends show colours without names. On Debian: apt-get install fonts-dejavu-core', {
      type: 'WordmaskWarning',
      code: 'WORDMASK_FONT',
    })
  }
  return { data, width, height }
}

async function measure(texts: readonly string[], size: number, most: number): Promise<number[]> {
  const scale = Math.max(1, size / measuredSize)
  return (await measureTexts(texts, size / scale, most / scale)).map((width) => width * scale)
}

/** Name and share of every entry; names that are too long lose their end. */
async function shorten(entries: readonly LegendEntry[], size: number, room: number): Promise<string[]> {
  const letters = entries.map(({ name }) => [...name].slice(0, widestName * 4))
  const write = (i: number, kept: number) => {
    const { name, share } = entries[i] as LegendEntry
    const cut = kept < [...name].length ? `${(letters[i] as string[]).slice(0, kept).join('').trimEnd()}…` : name
    return `${cut} ${share < 0.0095 ? '<1%' : `${Math.round(share * 100)}%`}`
  }
  // How many letters fit is between these two, for all names at once.
  const least = letters.map(() => 1)
  const most = letters.map(({ length }) => length)
  let open = entries.map((_, i) => i)
  const trial = [...most]
  while (open.length > 0) {
    const widths = await measure(
      open.map((i) => write(i, trial[i] as number)),
      size,
      room,
    )
    open.forEach((i, at) => {
      if ((widths[at] as number) < room) least[i] = trial[i] as number
      else most[i] = Math.max(1, (trial[i] as number) - 1)
    })
    open = open.filter((i) => (least[i] as number) < (most[i] as number))
    for (const i of open) trial[i] = Math.ceil(((least[i] as number) + (most[i] as number)) / 2)
  }
  return entries.map((_, i) => write(i, least[i] as number))
}

function layOut(
  entries: readonly LegendEntry[],
  texts: readonly string[],
  widths: readonly number[],
  width: number,
  size: number,
): { items: Item[]; height: number } {
  const items: Item[] = []
  const row = Math.round(size * 1.7)
  let x = size / 2
  let y = size / 2
  entries.forEach(({ color }, i) => {
    const end = size * beforeText + (widths[i] as number)
    if (x > size && x + end > width) {
      x = size / 2
      y += row
    }
    items.push({ x: Math.round(x), y: Math.round(y), color, text: texts[i] as string })
    x += end + size * afterText
  })
  return { items, height: Math.round(y + row) }
}

function draw(items: readonly Item[], width: number, height: number, size: number): Buffer {
  const swatches = items.map(
    ({ x, y, color }) =>
      `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="rgb(${color.join()})" stroke="#555555" stroke-width="1"/>`,
  )
  const texts = items.map(({ x, y, text }) => ({ x: x + size * beforeText, y: y + size * 0.86, text }))
  return textSvg(texts, size, width, height, swatches.join(''))
}
