// A colour for every region of a drawing in lines, taken from a coloured picture of the same thing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

/**
 * Colours of a drawing's regions after a coloured picture of the same thing (one cell of a sheet that has been drawn):
 * a function from pixels of a drawing to the mean colour of the picture there, both stretched over each other by what they show.
 */
export async function coloursOf(folder, style, concept, k) {
  const { cell, columns, cells } = JSON.parse(readFileSync(join(folder, `${style}.json`), 'utf8'))
  const at = cells.indexOf(concept) + k
  if (cells[at] !== concept) throw new Error(`Expected picture ${k} of '${concept}' in style ${style}`)
  const { data, info } = await sharp(join(folder, `${style}.png`))
    .extract({ left: (at % columns) * cell, top: Math.floor(at / columns) * cell, width: cell, height: cell })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const from = bounds(data, info)
  return (pixels, drawing) => {
    const sum = [0, 0, 0, 0]
    for (const { x, y } of pixels) {
      const u = Math.round(from.left + ((x - drawing.left) / drawing.width) * from.width)
      const v = Math.round(from.top + ((y - drawing.top) / drawing.height) * from.height)
      const pixel = (Math.min(v, cell - 1) * cell + Math.min(u, cell - 1)) * 4
      if (data[pixel + 3] < 200) continue
      for (let c = 0; c < 3; c++) sum[c] += data[pixel + c]
      sum[3]++
    }
    return sum[3] * 4 < pixels.length ? undefined : sum.slice(0, 3).map((s) => Math.round(s / sum[3]))
  }
}

function bounds(data, { width, height }) {
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3] < 128) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) }
}

const LINE = 5 // half a line's width at 256 px, about: ink farther than this from any edge is an area, not a line

export function fillRegions(data, info, colours, paper) {
  const { width, height } = info
  const box = bounds(data, info)
  const alpha = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : data[(y * width + x) * 4 + 3])
  const areas = new Uint8Array(width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) areas[y * width + x] = alpha(x, y) < 128 ? 1 : isDeep(alpha, x, y) ? 2 : 0
  for (const { kind, pixels, touchesEdge } of regions(areas, width, height)) {
    if (touchesEdge || (kind === 2 && pixels.length < 60)) continue
    const colour = colours(pixels, box) ?? (kind === 1 ? paper : undefined)
    if (colour) for (const { x, y } of pixels) blend(data, (y * width + x) * 4, colour, kind === 2)
  }
}

function isDeep(alpha, x, y) {
  for (let dy = -LINE; dy <= LINE; dy++)
    for (let dx = -LINE; dx <= LINE; dx++) if (dx * dx + dy * dy <= LINE * LINE && alpha(x + dx, y + dy) < 128) return false
  return true
}

/** Connected pixels of one kind that is not 0. */
function* regions(kinds, width, height) {
  const seen = new Uint8Array(kinds.length)
  for (let start = 0; start < kinds.length; start++) {
    const kind = kinds[start]
    if (!kind || seen[start]) continue
    seen[start] = 1
    const pixels = []
    const queue = [start]
    let touchesEdge = false
    while (queue.length) {
      const at = queue.pop()
      const [x, y] = [at % width, Math.floor(at / width)]
      pixels.push({ x, y })
      touchesEdge ||= x === 0 || y === 0 || x === width - 1 || y === height - 1
      for (const next of [x > 0 && at - 1, x < width - 1 && at + 1, at - width, at + width])
        if (next !== false && kinds[next] === kind && !seen[next]) {
          seen[next] = 1
          queue.push(next)
        }
    }
    yield { kind, pixels, touchesEdge }
  }
}

/** Behind what is drawn, or over it. */
export function blend(data, at, colour, over) {
  const alpha = over ? 0 : data[at + 3]
  for (let k = 0; k < 3; k++) data[at + k] = Math.round((data[at + k] * alpha + colour[k] * (255 - alpha)) / 255)
  data[at + 3] = 255
}
