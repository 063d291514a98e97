// Coloured pictures as if drawn with a pen.
import sharp from 'sharp'
import { channelsOf } from './paint.mjs'
import { blend } from './regions.mjs'

const MARGIN = 10

/**
 * A coloured picture as if drawn with a pen: lines around it and wherever its colours change by more than `contrast`
 * (of 255, in any channel), `width` pixels of 256 wide.
 */
export async function penned(picture, { contrast, width: line, ink }) {
  const { data, info } = await sharp(picture, { density: 288 })
    .resize(256 - 2 * MARGIN, 256 - 2 * MARGIN, { fit: 'contain', background: '#0000' })
    .extend({ top: MARGIN, bottom: MARGIN, left: MARGIN, right: MARGIN, background: '#0000' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const near = [
    [-1, 1],
    [-info.width, info.width],
  ]
  const lines = new Uint8Array(info.width * info.height)
  for (let y = 2; y < info.height - 2; y++)
    for (let x = 2; x < info.width - 2; x++)
      lines[y * info.width + x] = near.some(([a, b]) => differ(data, y * info.width + x, a, b, contrast)) ? 1 : 0
  const reach = line / 2 - 1
  for (let y = MARGIN / 2; y < info.height - MARGIN / 2; y++)
    for (let x = MARGIN / 2; x < info.width - MARGIN / 2; x++)
      if (touches(lines, x, y, info.width, reach)) blend(data, (y * info.width + x) * 4, channelsOf(ink), true)
  return sharp(data, { raw: info }).png().toBuffer()
}

function differ(data, at, a, b, contrast) {
  const [p, q] = [(at + a) * 4, (at + b) * 4]
  if (data[p + 3] < 128 !== data[q + 3] < 128) return true
  if (data[p + 3] < 128) return false
  return [0, 1, 2].some((c) => Math.abs(data[p + c] - data[q + c]) > contrast)
}

function touches(lines, x, y, width, reach) {
  const far = Math.ceil(reach)
  for (let dy = -far; dy <= far; dy++)
    for (let dx = -far; dx <= far; dx++) if (dx * dx + dy * dy <= reach * reach && lines[(y + dy) * width + x + dx]) return true
  return false
}
