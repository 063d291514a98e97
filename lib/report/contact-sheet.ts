import sharp, { type OverlayOptions } from 'sharp'
import type { Box } from '../archive/types'

export interface SheetImage {
  bytes: Uint8Array
  /** The part that is shown, in pixels of the upright image. */
  box?: Box | undefined
  /** A line under the picture. */
  label: string
}

const side = 160
const gap = 8
const line = 18

/** A grid of small pictures with a line under each, for a quick look: a JPEG. Pictures that cannot be read stay grey. */
export async function contactSheet(title: string, images: readonly SheetImage[], columns = 6): Promise<Buffer> {
  const across = Math.max(1, Math.min(columns, images.length))
  const [cellWidth, cellHeight, head] = [side + gap, side + line + gap, line + 2 * gap]
  const width = across * cellWidth + gap
  const height = head + Math.ceil(images.length / across) * cellHeight + gap
  const layers: OverlayOptions[] = [{ input: caption(title, width - 2 * gap, 14, true), left: gap, top: gap }]
  for (const [i, { bytes, box, label }] of images.entries()) {
    const [left, top] = [gap + (i % across) * cellWidth, head + Math.floor(i / across) * cellHeight]
    layers.push({ input: await picture(bytes, box), left, top })
    layers.push({ input: caption(label, side, 11, false), left, top: top + side })
  }
  return sharp({ create: { width, height, channels: 3, background: '#fafafa' } })
    .composite(layers)
    .jpeg({ quality: 85 })
    .toBuffer()
}

async function picture(bytes: Uint8Array, box: Box | undefined): Promise<Buffer> {
  const grey = { create: { width: side, height: side, channels: 3 as const, background: '#cccccc' } }
  try {
    const upright = sharp(bytes, { autoOrient: true })
    const cut = box ? sharp(await upright.toBuffer()).extract({ left: box[0], top: box[1], width: box[2], height: box[3] }) : upright
    return await cut.resize(side, side, { fit: 'contain', background: '#e8e8e8' }).flatten({ background: '#ffffff' }).png().toBuffer()
  } catch {
    return sharp(grey).png().toBuffer()
  }
}

function caption(text: string, width: number, size: number, bold: boolean): Buffer {
  const most = Math.floor(width / (size * 0.56))
  const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text
  const weight = bold ? ' font-weight="bold"' : ''
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${line}"><text x="0" y="${size + 1}" font-family="sans-serif" font-size="${size}"${weight} fill="#222">${escapeXml(shown)}</text></svg>`,
  )
}

const escapeXml = (text: string) => text.replace(/[\u0000-\u001f]/g, ' ').replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
