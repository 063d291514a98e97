import { setImmediate } from 'node:timers/promises'
import type { Tensor } from '../options'

/** Exponentials between two breaths of the event loop. */
const workAtOnce = 400_000

/** Softmax shares on the patch grid, worked out once and only as far as they are asked for. */
export class SoftmaxGrid {
  private denominators: Promise<Float64Array> | undefined

  constructor(
    private readonly grid: Tensor,
    private readonly temperature: number,
  ) {}

  get width(): number {
    return this.grid.shape[2] as number
  }
  get height(): number {
    return this.grid.shape[1] as number
  }

  /** sum_c exp(t x cosine_c - t) per cell; a cosine is at most 1, so nothing overflows. */
  private async sum(): Promise<Float64Array> {
    const cells = this.width * this.height
    const rows = this.grid.shape[0] as number
    const sums = new Float64Array(cells)
    const rowsAtOnce = Math.max(1, Math.floor(workAtOnce / cells))
    for (let row = 0; row < rows; row++) {
      for (let cell = 0; cell < cells; cell++) sums[cell] = (sums[cell] as number) + this.weight(row, cell)
      if ((row + 1) % rowsAtOnce === 0) await setImmediate()
    }
    return sums
  }

  private weight(row: number, cell: number): number {
    return Math.exp(this.temperature * ((this.grid.data[row * this.width * this.height + cell] as number) - 1))
  }

  /** Mean share of class `row` over cells; 0..1. */
  async mean(row: number, cells: readonly number[]): Promise<number> {
    this.denominators ??= this.sum()
    const sums = await this.denominators
    let total = 0
    for (const cell of cells) total += this.weight(row, cell) / (sums[cell] as number)
    return total / cells.length
  }
}

/**
 * The grid cells whose centre pixel a mask covers (column-major run lengths, zeros first); for a mask between the centres,
 * the cell its bounding box is centred on.
 */
export function coveredCells(
  counts: ArrayLike<number>,
  bbox: readonly [number, number, number, number],
  image: { width: number; height: number },
  grid: { width: number; height: number },
): number[] {
  const centre = (cell: number, cells: number, pixels: number) => Math.min(pixels - 1, Math.floor(((cell + 0.5) * pixels) / cells))
  const ends: number[] = []
  let end = 0
  for (let i = 0; i < counts.length; i++) ends.push((end += counts[i] as number))
  const cells: number[] = []
  let run = 0
  for (let x = 0; x < grid.width; x++) {
    for (let y = 0; y < grid.height; y++) {
      const pixel = centre(x, grid.width, image.width) * image.height + centre(y, grid.height, image.height)
      while (run < ends.length && (ends[run] as number) <= pixel) run++
      if (run % 2 === 1 && run < ends.length) cells.push(y * grid.width + x)
    }
  }
  if (cells.length > 0) return cells
  const x = Math.min(grid.width - 1, Math.floor(((bbox[0] + bbox[2] / 2) * grid.width) / image.width))
  const y = Math.min(grid.height - 1, Math.floor(((bbox[1] + bbox[3] / 2) * grid.height) / image.height))
  return [y * grid.width + x]
}
