import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { encodePng } from '../../lib/image/png.js'
import { vocColor } from '../../lib/text/colors.js'

/** Colours of a palette file: the VOC map, as VOC's own files have it. */
const vocPalette = Array.from({ length: 256 }, (_, value) => [...vocColor(value)])

export type Kind = 'palette' | 'grey' | 'grey16' | 'red'

/** Writes a label map of one row of values. */
export async function labelMap(file: string, values: number[], kind: Kind = 'grey'): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  const [width, height] = [values.length, 1]
  if (kind === 'red') {
    // The instance is in green and blue, and must not matter.
    const data = Uint8Array.from(values.flatMap((value, i) => [value, 3, i]))
    writeFileSync(file, await encodePng({ width, height, data, channels: 3, depth: 8 }))
    return
  }
  const data = kind === 'grey16' ? Uint16Array.from(values) : Uint8Array.from(values)
  const palette = kind === 'palette' ? { palette: vocPalette } : {}
  writeFileSync(file, await encodePng({ width, height, data, channels: 1, depth: kind === 'grey16' ? 16 : 8, ...palette }))
}

/** An image as wide as the label map of `values`. */
export async function image(file: string, width: number): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  await sharp({ create: { width, height: 1, channels: 3, background: '#406080' } }).toFile(file)
}

export function text(file: string, lines: string[]): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${lines.join('\n')}\n`)
}

/** A made-up tree: where it lies, and what is in it. */
export interface Tree {
  /** Below the root. */
  labels: string
  images: string
  list?: string
  kind?: Kind
  /** Ending of a label map's name, of an image's. */
  suffix?: string
  imageSuffix?: string
}

/** Writes two pairs, `a` and `b` (in a folder of a town where `town` is set), with the same values. */
export async function plant(root: string, tree: Tree, values: number[], town = ''): Promise<string[]> {
  const { labels, images, list, kind = 'grey', suffix = '.png', imageSuffix = '.jpg' } = tree
  const ids = ['a', 'b'].map((name) => join(town, name))
  for (const id of ids) {
    await labelMap(join(root, labels, `${id}${suffix}`), values, kind)
    await image(join(root, images, `${id}${imageSuffix}`), values.length)
  }
  if (list) text(join(root, list), ids)
  return ids
}
