import sharp from 'sharp'
import type { Color } from '../text/colors'

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

/** Letters of common sans-serif faces are about this many ems wide; wide scripts take a whole one. */
const textWidth = (text: string, size: number) =>
  [...text].reduce((sum, letter) => sum + ((letter.codePointAt(0) as number) > 0x2e80 ? 1 : 0.58), 0) * size

let warned = false

/** A strip of `width` pixels with a swatch, the name and the share of every entry, as many rows as it takes. -> RGB */
export async function drawLegend(
  entries: readonly LegendEntry[],
  width: number,
): Promise<{ data: Uint8Array; width: number; height: number }> {
  const size = Math.round(Math.min(22, Math.max(11, width / 60)))
  const { items, height } = layOut(entries, width, size)
  const svg = draw(items, width, height, size)
  const data = await sharp(Buffer.from(svg)).flatten({ background: '#ffffff' }).removeAlpha().raw().toBuffer()
  if (entries.length > 0 && !warned && !(await lettersShow(size))) {
    warned = true
    process.emitWarning('No font is installed, so legends show colours without names. On Debian: apt-get install fonts-dejavu-core', {
      type: 'WordmaskWarning',
      code: 'WORDMASK_FONT',
    })
  }
  return { data, width, height }
}

function layOut(entries: readonly LegendEntry[], width: number, size: number): { items: Item[]; height: number } {
  const items: Item[] = []
  const row = Math.round(size * 1.7)
  let x = size / 2
  let y = size / 2
  for (const { name, color, share } of entries) {
    const room = Math.floor((width - size * 2.5) / (size * 0.6))
    const percent = share < 0.0095 ? '<1%' : `${Math.round(share * 100)}%`
    const text = `${name.length > room - 5 ? `${[...name].slice(0, Math.max(1, room - 6)).join('')}…` : name} ${percent}`
    const needed = size * 2.6 + textWidth(text, size)
    if (x > size && x + needed > width) {
      x = size / 2
      y += row
    }
    items.push({ x, y, color, text })
    x += needed
  }
  return { items, height: Math.round(y + row) }
}

function draw(items: readonly Item[], width: number, height: number, size: number): string {
  const shapes = items.map(({ x, y, color, text }) => {
    const swatch = `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="rgb(${color.join()})" stroke="#555555" stroke-width="1"/>`
    return `${swatch}<text x="${x + size * 1.5}" y="${y + size * 0.86}">${escapeXml(text)}</text>`
  })
  const style = `font-family="DejaVu Sans, Noto Sans, Liberation Sans, sans-serif" font-size="${size}" fill="#111111"`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${style}>${shapes.join('')}</svg>`
}

async function lettersShow(size: number): Promise<boolean> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size * 2}" height="${size * 2}"><text y="${size}" font-family="sans-serif" font-size="${size}">M</text></svg>`
  const { channels } = await sharp(Buffer.from(svg)).stats()
  return (channels.at(-1)?.max ?? 0) > 0
}

const escapeXml = (text: string) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
