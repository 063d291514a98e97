import { setImmediate } from 'node:timers/promises'
import type { ScoreGrid } from '../../binding'
import { binding } from '../binding'
import type { Tensor } from '../options'

/** Exponentials between two breaths of the event loop. */
const workAtOnce = 400_000

/**
 * What a method says of one image: the score of every name at the cells of a grid over it, or of two grids whose scores are
 * multiplied. Labels, masks and score maps all follow from it.
 */
export class Scores {
  private denominators: Promise<Float64Array> | undefined

  constructor(
    /** [h, w, names]: the classes, then what competes with them. */
    readonly grids: readonly ScoreGrid[],
    /** What scores are multiplied with before softmax; undefined: they are probabilities of their own, and no softmax is taken. */
    readonly temperature: number | undefined,
  ) {}

  private get first(): ScoreGrid {
    return this.grids[0] as ScoreGrid
  }
  get height(): number {
    return this.first.shape[0] as number
  }
  get width(): number {
    return this.first.shape[1] as number
  }
  private get names(): number {
    return this.first.shape[2] as number
  }

  /** Scores of some names at the cells of the first grid. -> [names.length, h, w] */
  async onGrid(names: readonly number[]): Promise<Tensor> {
    const grids = this.grids.length === 1 ? [{ data: this.first.data, shape: this.first.shape }] : this.grids
    return binding().upsample(
      grids.map((grid) => pick(grid, names)),
      this.width,
      this.height,
      {},
    )
  }

  /** Scores of some names at every pixel, bilinear. -> [names.length, height, width] */
  async atImage(names: readonly number[], width: number, height: number): Promise<Tensor> {
    return binding().upsample(
      this.grids.map((grid) => pick(grid, names)),
      width,
      height,
      {},
    )
  }

  /** Mean over cells of the softmax share of a name, or of its probability; 0..1. */
  async mean(name: number, cells: readonly number[]): Promise<number> {
    let total = 0
    if (this.temperature === undefined) {
      const { data } = await this.onGrid([name])
      for (const cell of cells) total += data[cell] as number
    } else {
      this.denominators ??= this.sum(this.temperature)
      const sums = await this.denominators
      for (const cell of cells) total += this.weight(name, cell, this.temperature) / (sums[cell] as number)
    }
    return total / cells.length
  }

  /** sum over names of exp(t x score - t) per cell; a cosine is at most 1, so nothing overflows. */
  private async sum(temperature: number): Promise<Float64Array> {
    const { width, height, names } = this
    const sums = new Float64Array(width * height)
    const cellsAtOnce = Math.max(1, Math.floor(workAtOnce / names))
    for (let cell = 0; cell < sums.length; cell++) {
      let sum = 0
      for (let name = 0; name < names; name++) sum += this.weight(name, cell, temperature)
      sums[cell] = sum
      if ((cell + 1) % cellsAtOnce === 0) await setImmediate()
    }
    return sums
  }

  private weight(name: number, cell: number, temperature: number): number {
    return Math.exp(temperature * ((this.first.data[cell * this.names + name] as number) - 1))
  }
}

/** Some names of a grid, in the order asked for. */
function pick(grid: ScoreGrid, names: readonly number[]): ScoreGrid {
  const [h, w, all] = grid.shape as [number, number, number]
  if (names.length === all && names.every((name, i) => name === i)) return grid
  const data = new Float32Array(h * w * names.length)
  let to = 0
  for (let from = 0; from < h * w * all; from += all) for (const name of names) data[to++] = grid.data[from + name] as number
  return { ...grid, data, shape: [h, w, names.length] }
}
