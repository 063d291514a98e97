import { invalidArgument, WordmaskError } from '../errors'
import type { ImageSize, Slide } from './options'
import type { ClipSource } from './source'

/** The cost of one look grows with the square of its cells: 2048 x 2048 pixels in patches of 16 are as many. */
const mostCells = 16_384
/** With windows the cost grows with the cells, as does the memory their features take. */
const mostCellsSliding = 65_536
/** A window is cut to the image; beyond this it cannot be meant. */
const longestSide = 2 ** 20

const cellOf = ({ config }: ClipSource) => (config.vision.kind === 'vit' ? config.vision.patchSize : 32)

/**
 * What can be said of a way of looking before there is an image. @throws ERR_WORDMASK_INVALID_ARGUMENT for a size of too many
 * cells, or a slide that is none for the model
 */
export function checkView(source: ClipSource, size: ImageSize | undefined, slide: Slide | undefined): void {
  const cell = cellOf(source)
  // A square has the fewest cells of all images with this shorter side.
  if (size !== undefined) towerSize({ width: 1, height: 1 }, size, cell, slide !== undefined)
  if (slide === undefined) return
  const { crop, stride } = slide
  if (crop % cell === 0 && stride % cell === 0 && stride <= crop && crop <= longestSide) return
  throw invalidArgument(
    'slide',
    `crop and stride as multiples of ${cell} pixels with stride <= crop <= ${longestSide}`,
    `crop ${crop}, stride ${stride}`,
  )
}

/** How the tower looks at an image; size and slide have been checked. */
export function denseView(source: ClipSource, image: Size, size: ImageSize | undefined, slide?: Slide) {
  const { config, preprocess, segmentSize } = source
  const view = towerSize(image, size ?? segmentSize ?? config.vision.imageSize * 1.5, cellOf(source), slide !== undefined)
  return { ...preprocess, ...view, ...(slide && { slide }) }
}

interface Size {
  width: number
  height: number
}

/**
 * The size the tower sees an image at: the shorter side becomes `size`, the longer follows, and both are rounded to whole
 * cells, at least one, so that the grid covers the image exactly.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for a size with too many cells even for a square, else ERR_WORDMASK_IMAGE_TOO_LARGE for
 *   an image that is too long for its width
 */
export function towerSize(image: Size, size: ImageSize, cell: number, slides: boolean): Size {
  const toCells = (pixels: number) => Math.max(1, Math.round(pixels / cell)) * cell
  const scale = typeof size === 'number' ? size / Math.min(image.width, image.height) : 1
  const wanted = typeof size === 'number' ? { width: image.width * scale, height: image.height * scale } : size
  const width = toCells(wanted.width)
  const height = toCells(wanted.height)
  const most = slides ? mostCellsSliding : mostCells
  const cells = (width / cell) * (height / cell)
  if (cells <= most) return { width, height }
  const seen = `${width} x ${height} pixels (${cells} patches)`
  const waysOut = slides ? 'a smaller size' : 'a smaller size, or slide: { crop, stride }'
  if (typeof size === 'object' || (toCells(size) / cell) ** 2 > most)
    throw invalidArgument('size', `at most ${most} patches of ${cell} x ${cell} pixels (${waysOut})`, seen)
  throw new WordmaskError(
    'ERR_WORDMASK_IMAGE_TOO_LARGE',
    `An image of ${image.width} x ${image.height} pixels with its shorter side at ${size} is ${seen}; the limit is ${most}. Cut it into pieces, or give size: { width, height }, ${waysOut}.`,
  )
}
