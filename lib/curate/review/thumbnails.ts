import sharp from 'sharp'
import type { Box } from '../../archive/types'
import { defaultMaxPixels } from '../../image/input'

/** Longer side in pixels and JPEG quality, largest first; the last is as small as a face can be told on. */
export const sizes = [
  { side: 256, quality: 80 },
  { side: 192, quality: 78 },
  { side: 144, quality: 74 },
  { side: 112, quality: 70 },
  { side: 88, quality: 66 },
  { side: 64, quality: 60 },
]

export type ThumbnailSize = (typeof sizes)[number]

/** A picture that shows that the image could not be read, so that it can be rejected. */
export const unreadable = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><path d="M24 24l48 48M72 24L24 72" stroke="gray" stroke-width="6"/></svg>',
)}`

/** The upright image, or the box within it, as a data URI. */
export async function thumbnail(bytes: Uint8Array, box: Box | undefined, { side, quality }: ThumbnailSize): Promise<string> {
  let open = sharp(bytes, { autoOrient: true, limitInputPixels: defaultMaxPixels, failOn: 'none' })
  if (box !== undefined) {
    const [left, top, width, height] = box.map(Math.round) as Box
    open = open.extract({ left, top, width: Math.max(1, width), height: Math.max(1, height) })
  }
  const small = open.resize(side, side, { fit: 'inside', withoutEnlargement: true }).flatten({ background: '#808080' })
  return `data:image/jpeg;base64,${(await small.jpeg({ quality }).toBuffer()).toString('base64')}`
}
