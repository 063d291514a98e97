// Colours for drawings that have none: an ink for the lines, a paper for what they enclose.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { blend, fillRegions } from './regions.mjs'

/** concept -> "#rrggbb": the commonest colour that is not dark in its pictures on a sheet that has been drawn. */
export async function ownColours(folder, style) {
  const { cell, columns, cells } = JSON.parse(readFileSync(join(folder, `${style}.json`), 'utf8'))
  const sheet = await sharp(join(folder, `${style}.png`))
    .ensureAlpha()
    .raw()
    .toBuffer()
  const bins = new Map()
  for (const [i, concept] of cells.entries()) {
    const counts = bins.get(concept) ?? new Map()
    bins.set(concept, counts)
    for (let y = 0; y < cell; y++)
      for (let x = 0; x < cell; x++) {
        const at = ((Math.floor(i / columns) * cell + y) * columns * cell + (i % columns) * cell + x) * 4
        const [r, g, b, a] = sheet.subarray(at, at + 4)
        if (a < 200 || r + g + b < 180) continue
        const key = (r >> 5) * 64 + (g >> 5) * 8 + (b >> 5)
        const bin = counts.get(key) ?? [0, 0, 0, 0]
        counts.set(key, [bin[0] + 1, bin[1] + r, bin[2] + g, bin[3] + b])
      }
  }
  return new Map([...bins].map(([concept, counts]) => [concept, commonest(counts)]))
}

function commonest(counts) {
  const [n, ...sums] = [...counts.values()].reduce((best, bin) => (bin[0] > best[0] ? bin : best), [1, 128, 128, 128])
  return `#${sums
    .map((sum) =>
      Math.round(sum / n)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}

export const channelsOf = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))

/** A colour that shows as a line on white paper. */
export function darkened(colour) {
  const channels = channelsOf(colour)
  const brightness = Math.max(1, 0.3 * channels[0] + 0.59 * channels[1] + 0.11 * channels[2])
  return `#${channels
    .map((c) =>
      Math.round(c * Math.min(1, 160 / brightness))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}

/**
 * Draws an SVG with `ink` for currentColor and, behind it, `paper` wherever the drawing encloses it (null: nothing).
 * `recolour` maps colours of the set to "ink" or "paper". With `colours` (of coloursOf) every region that the lines enclose, and
 * every one that they fill, gets its own colour instead of the paper.
 */
export async function paint(svg, { ink, paper, recolour = {}, colours }) {
  let text = svg.toString().replaceAll('currentColor', ink)
  for (const [colour, by] of Object.entries(recolour)) text = text.replaceAll(colour, by === 'ink' ? ink : (paper ?? '#ffffff'))
  const { data, info } = await sharp(Buffer.from(text), { density: 288 })
    .resize(256, 256, { fit: 'contain', background: '#0000' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  if (colours) fillRegions(data, info, colours, channelsOf(paper))
  if (paper) fillEnclosed(data, info, channelsOf(paper))
  return sharp(data, { raw: info }).png().toBuffer()
}

function fillEnclosed(data, { width, height }, colour) {
  const outside = new Uint8Array(width * height)
  const queue = []
  const visit = (x, y) => {
    const at = y * width + x
    if (x < 0 || y < 0 || x >= width || y >= height || outside[at] || data[at * 4 + 3] >= 128) return
    outside[at] = 1
    queue.push(at)
  }
  for (let i = 0; i < width; i++)
    for (const edge of [0, width - 1]) {
      visit(i, edge)
      visit(edge, i)
    }
  while (queue.length) {
    const at = queue.pop()
    const [x, y] = [at % width, Math.floor(at / width)]
    visit(x - 1, y)
    visit(x + 1, y)
    visit(x, y - 1)
    visit(x, y + 1)
  }
  const nearOutside = (at) => outside[at] || outside[at - 1] || outside[at + 1] || outside[at - width] || outside[at + width]
  for (let at = 0; at < outside.length; at++) {
    if (data[at * 4 + 3] < 255 && !nearOutside(at)) blend(data, at * 4, colour)
  }
}
