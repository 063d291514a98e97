import { invalidArgument } from '../errors'
import type { ImageSize } from './options'

/** Attention over more cells than this needs gigabytes: a likely slip of the size, refused with what to do. */
const maxCells = 65_536

/**
 * The size the tower sees an image at: the shorter side becomes `size`, the longer follows, and both are rounded to whole
 * cells, at least one, so that the grid covers the image exactly.
 */
export function towerSize(image: { width: number; height: number }, size: ImageSize, cell: number): { width: number; height: number } {
  const toCells = (pixels: number) => Math.max(1, Math.round(pixels / cell)) * cell
  const scale = typeof size === 'number' ? size / Math.min(image.width, image.height) : 1
  const wanted = typeof size === 'number' ? { width: image.width * scale, height: image.height * scale } : size
  const width = toCells(wanted.width)
  const height = toCells(wanted.height)
  if ((width / cell) * (height / cell) > maxCells) {
    throw invalidArgument(
      'size',
      `at most ${maxCells} patches of ${cell} x ${cell} pixels (use a smaller size, or slide)`,
      `${width} x ${height} pixels`,
    )
  }
  return { width, height }
}
