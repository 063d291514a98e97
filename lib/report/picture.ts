import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import type { Color } from '../text/colors'

/** Longer side of the pictures inside a page: sharp on a dense screen, small enough for some dozens of them. */
const pageSize = 480
const ringSize = 240

/** A file or RGB pixels as a data URI: PNG for flat colours, JPEG for everything else. */
export async function dataUri(image: string | { data: Uint8Array; width: number; height: number }, flat = false): Promise<string> {
  const open =
    typeof image === 'string'
      ? sharp(image, { autoOrient: true })
      : sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
  const resized = open.resize(pageSize, pageSize, { fit: 'inside', kernel: flat ? 'nearest' : 'lanczos3' }).removeAlpha()
  const bytes = await (flat ? resized.png({ palette: true }) : resized.jpeg({ quality: 86 })).toBuffer()
  return `data:image/${flat ? 'png' : 'jpeg'};base64,${bytes.toString('base64')}`
}

/** An overlay without the legend below it, which the page writes itself. The picture may be enlarged in whole steps. */
export async function overlayUri({ overlay, width, height }: { overlay: string; width: number; height: number }): Promise<string> {
  const scale = Math.round((await sharp(overlay).metadata()).width / width)
  const { data, info } = await sharp(overlay)
    .extract({ left: 0, top: 0, width: width * scale, height: height * scale })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return dataUri({ data, width: info.width, height: info.height })
}

/** Every label in its colour; values without one (ignore) are grey. */
export function colourLabels(labels: ArrayLike<number>, colors: readonly Color[]): Uint8Array {
  const rgb = new Uint8Array(labels.length * 3).fill(128)
  for (let i = 0; i < labels.length; i++) {
    const color = colors[labels[i]!]
    if (color !== undefined) rgb.set(color, i * 3)
  }
  return rgb
}

/** A picture with a ring around one cell [row, column] of a grid over its middle square: where a reference has its seed. */
export async function seedUri(file: string, cell: readonly [number, number], grid: readonly [number, number]): Promise<string> {
  return `data:image/png;base64,${(await ringed(await readFile(file), cell, grid)).toString('base64')}`
}

/** The same as PNG, 240 pixels a side. */
export async function ringed(
  image: Uint8Array,
  [row, column]: readonly [number, number],
  [h, w]: readonly [number, number],
): Promise<Buffer> {
  const [x, y] = [((column + 0.5) * ringSize) / w, ((row + 0.5) * ringSize) / h]
  const ring = (colour: string, width: number) =>
    `<circle cx="${x}" cy="${y}" r="${ringSize / 16}" fill="none" stroke="${colour}" stroke-width="${width}"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${ringSize}" height="${ringSize}">${ring('black', 7)}${ring('white', 3.5)}</svg>`
  return sharp(image, { autoOrient: true })
    .resize(ringSize, ringSize, { fit: 'cover' })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer()
}
