import { setImmediate } from 'node:timers/promises'
import sharp from 'sharp'
import { z } from 'zod'
import type { Pixels } from '../../binding'
import { checkPath } from '../arguments'
import { invalidArgument } from '../errors'
import { decodeImage } from '../image/decode'
import type { ImageInput } from '../image/input'
import { checkOptions } from '../options'
import { writeAtomic } from '../run/atomic'
import type { Segmentation } from '../segmenter/segmentation'
import { checkSegmentation } from './check'
import { type Labelled, labelColors } from './label-map'
import { drawLegend } from './legend'

export interface OverlayOptions {
  /** Weight of the colours over the image, 0..1. Default 0.5. */
  opacity?: number
  /** Names and shares of the largest classes below the image. Default true. */
  legend?: boolean
}

/** What is drawn of a segmentation. */
export type Overlaid = Labelled & Pick<Segmentation, 'coverage'> & { protocol: Pick<Segmentation['protocol'], 'orient'> }

const overlayOptions = z.strictObject({ opacity: z.number().min(0).max(1).optional(), legend: z.boolean().optional() })

/** Pixels blended between two breaths of the event loop. */
const pixelsAtOnce = 150_000
/** Pictures narrower than this are enlarged in whole steps, so that the legend can be read; a tall one only so far. */
const readableWidth = 320
const tallest = 2000
const legendEntries = 24
/** Side of a square picture for every pixel that the line between classes is wide: a photograph is looked at made smaller. */
const pixelsPerLine = 800

/**
 * Writes the image under the colours of its classes, with a thin line where classes meet and a legend below, as PNG. The
 * background is left as it is. @throws ERR_WORDMASK_INVALID_ARGUMENT for an image of another size; ERR_WORDMASK_IO
 */
export async function writeOverlay(file: string, image: ImageInput, segmentation: Overlaid, options: OverlayOptions = {}): Promise<void> {
  checkPath('file', file)
  const { opacity = 0.5, legend = true } = checkOptions('writeOverlay', overlayOptions, options)
  checkSegmentation(segmentation)
  const pixels = await pixelsOf(image, segmentation)
  const { width, height } = pixels
  const scale = Math.max(1, Math.min(Math.ceil(readableWidth / width), Math.floor(tallest / height)))
  const paper = legend ? Math.max(width * scale, readableWidth) : width * scale
  const blended = await blend(pixels, segmentation, opacity)
  const raw = { width, height, channels: 3 as const }
  const picture = await sharp(blended, { raw, limitInputPixels: false })
    .resize(width * scale, height * scale, { kernel: 'nearest' })
    .extend({ right: paper - width * scale, background: '#ffffff' })
    .raw()
    .toBuffer()
  const strip = legend ? await drawLegend(legendOf(segmentation), paper) : undefined
  const full = new Uint8Array(picture.length + (strip?.data.length ?? 0))
  full.set(picture)
  if (strip) full.set(strip.data, picture.length)
  const size = { width: paper, height: height * scale + (strip?.height ?? 0), channels: 3 as const }
  await writeAtomic(file, await sharp(full, { raw: size, limitInputPixels: false }).png({ compressionLevel: 6 }).toBuffer())
}

/** The image as the segmentation saw it. */
export async function pixelsOf(image: ImageInput, segmentation: Pick<Overlaid, 'width' | 'height' | 'protocol'>): Promise<Pixels> {
  const pixels = await decodeImage(image, { orient: segmentation.protocol.orient, maxPixels: Number.MAX_SAFE_INTEGER })
  const { width, height } = segmentation
  if (pixels.width === width && pixels.height === height) return pixels
  throw invalidArgument('image', `the segmented image of ${width} x ${height} pixels`, `one of ${pixels.width} x ${pixels.height}`)
}

async function blend(pixels: Pixels, segmentation: Overlaid, opacity: number): Promise<Uint8Array> {
  const { labels, width, firstLabel } = segmentation
  const colors = labelColors(segmentation)
  const colorOf = (label: number) => colors[label < 255 ? label : 1 + ((label - 1) % 254)] as readonly [number, number, number]
  const result = new Uint8Array(pixels.data.length)
  const line = Math.max(1, Math.round(Math.sqrt(width * pixels.height) / pixelsPerLine))
  const below = line * width
  for (let i = 0; i < labels.length; i++) {
    if (i > 0 && i % pixelsAtOnce === 0) await setImmediate()
    const label = labels[i] as number
    const edge = (i % width < width - line && labels[i + line] !== label) || (i + below < labels.length && labels[i + below] !== label)
    const weight = label < firstLabel ? 0 : opacity
    const color = colorOf(label)
    for (let c = 0; c < 3; c++) {
      const value = (pixels.data[i * 3 + c] as number) * (1 - weight) + (color[c as 0 | 1 | 2] as number) * weight
      result[i * 3 + c] = edge && opacity > 0 ? value * 0.4 : value
    }
  }
  return result
}

function legendOf({ classes, coverage }: Overlaid) {
  return classes
    .map(({ name, color }, i) => ({ name, color, share: coverage[i] as number }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .slice(0, legendEntries)
}
