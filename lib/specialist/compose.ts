import sharp from 'sharp'
import type { Pixels } from '../../binding'
import { seeded } from '../curate/random'
import { uncertain } from './trimap'

/** A picture with its label map, 0 for none of the names. */
export interface LabelledPixels {
  pixels: Pixels
  labels: Uint8Array
}

/** What is left of one name when a picture is cut to it. */
export interface Cutout {
  /** RGBA; alpha 255 where the name is. */
  data: Uint8Array
  width: number
  height: number
  label: number
  /** Sides as shares of the picture's. */
  share: { width: number; height: number }
}

/** A name of fewer pixels is no picture of it. */
const leastPixels = 24
/** Sides of what is put on a picture, against those that it had in its own. */
const [smallest, largest] = [0.5, 1.5]
/** Where a mask ends it is not certain that the name does. */
const [none, whole] = [32, 224]

/** The pixels of a name cut out of a picture; undefined where there are too few. */
export function cutOut({ pixels, labels }: LabelledPixels, label: number): Cutout | undefined {
  const { width, height } = pixels
  let [left, top, right, bottom, count] = [width, height, -1, -1, 0]
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== label) continue
    const [x, y] = [i % width, Math.floor(i / width)]
    ;[left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)]
    count++
  }
  if (count < leastPixels) return undefined
  const size = { width: right - left + 1, height: bottom - top + 1 }
  const data = new Uint8Array(4 * size.width * size.height)
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const from = (top + y) * width + left + x
      const to = 4 * (y * size.width + x)
      data.set(pixels.data.subarray(3 * from, 3 * from + 3), to)
      data[to + 3] = labels[from] === label ? 255 : 0
    }
  return { data, ...size, label, share: { width: size.width / width, height: size.height / height } }
}

/** A cutout as it is put on a picture. */
export interface Placement {
  width: number
  height: number
  left: number
  top: number
  mirrored: boolean
}

/** Any size near its own, anywhere; three quarters of it are on the picture each way. */
export function place(cutout: Cutout, onto: { width: number; height: number }, next: () => number): Placement {
  const scale = smallest * (largest / smallest) ** next()
  const side = (share: number, whole: number) => Math.max(4, Math.min(whole, Math.round(share * whole * scale)))
  const [width, height] = [side(cutout.share.width, onto.width), side(cutout.share.height, onto.height)]
  const at = (size: number, whole: number) => Math.round(-size / 4 + next() * (whole - size / 2))
  return { width, height, left: at(width, onto.width), top: at(height, onto.height), mirrored: next() < 0.5 }
}

/** Puts a cutout on a picture (Ghiasi et al. 2021, "Simple Copy-Paste"): a new picture, uncertain along the edge. */
export async function paste(
  onto: LabelledPixels,
  cutout: Cutout,
  { width, height, left, top, mirrored }: Placement,
): Promise<LabelledPixels> {
  const raw = { width: cutout.width, height: cutout.height, channels: 4 as const }
  const image = sharp(cutout.data, { raw }).resize(width, height, { fit: 'fill', kernel: 'linear' })
  const over = await (mirrored ? image.flop() : image).raw().toBuffer()
  const { pixels } = onto
  const data = Uint8Array.from(pixels.data)
  const labels = Uint8Array.from(onto.labels)
  for (let y = Math.max(0, -top); y < height && top + y < pixels.height; y++)
    for (let x = Math.max(0, -left); x < width && left + x < pixels.width; x++) {
      const from = 4 * (y * width + x)
      const alpha = over[from + 3] as number
      if (alpha === 0) continue
      const to = (top + y) * pixels.width + left + x
      for (let c = 0; c < 3; c++)
        data[3 * to + c] = Math.round(((over[from + c] as number) * alpha + (pixels.data[3 * to + c] as number) * (255 - alpha)) / 255)
      if (alpha >= whole) labels[to] = cutout.label
      else if (alpha > none) labels[to] = uncertain
    }
  return { pixels: { ...pixels, data }, labels }
}

/** The same choice for the same seed and number: which cutout goes on which picture, and how. */
export function* plans<C extends { label: number }>(cutouts: readonly C[], pictures: number, count: number, seed: number) {
  const next = seeded(seed)
  const byLabel = [...new Set(cutouts.map(({ label }) => label))].map((label) => cutouts.filter((one) => one.label === label))
  for (let i = 0; i < count; i++) {
    // Names take turns, however many pictures each has.
    const own = byLabel[i % byLabel.length] as C[]
    yield { cutout: own[Math.floor(next() * own.length)] as C, picture: Math.floor(next() * pictures), next }
  }
}
