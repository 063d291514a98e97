import { setImmediate } from 'node:timers/promises'

/** A closed outline: x, y, x, y, ... in pixels, where pixel (x, y) reaches from x to x + 1 and from y to y + 1. */
export interface Outline {
  points: number[]
  /** Pixels inside. */
  area: number
}

/**
 * How far inside the edges of the pixels an outline runs, in pixels. More than 0, so that tools that cut coordinates to whole
 * numbers and draw the outline too (OpenCV's fillPoly) fill the mask and nothing else; less than a half, so that all tools
 * that ask for the centres of pixels do as well.
 */
const inset = 0.125

/** Directions are right, down, left, up: 0 to 3. The mask lies to the right hand of the way. */
const down = 1
const up = 3
const stepX = [1, 0, -1, 0]
const stepY = [0, 1, 0, -1]

const pixelsAtOnce = 500_000

/**
 * Outlines of a row-major bitmap, one for every 4-connected component, in the order of their first pixels. A hole hangs on its
 * component by a line there and back that runs through the component alone: filled by the even-odd or by the non-zero
 * rule, an outline gives the component exactly. Edges are followed, 4-connected, with the mask to the right.
 */
export async function traceOutlines(bits: Uint8Array, width: number, height: number): Promise<Outline[]> {
  const trace = new Trace(bits, width, height)
  for (let y = 0, since = 0; y < height; y++, since += width) {
    trace.findRings(y)
    if (since < pixelsAtOnce) continue
    since = 0
    await setImmediate()
  }
  const outlines: Outline[] = []
  let since = 0
  for (const { start, area } of trace.outer) {
    const points = trace.outline(start)
    outlines.push({ points, area })
    since += points.length
    if (since < pixelsAtOnce) continue
    since = 0
    await setImmediate()
  }
  return outlines
}

class Trace {
  /** Outer rings: the pixel at whose left edge they were found, and the pixels inside without those of holes. */
  readonly outer: { start: number; area: number }[] = []
  /** The bitmap with a rim of zeros; a corner has the index of the pixel to its lower right. */
  private readonly mask: Uint8Array
  private readonly row: number
  /** By pixel with a left edge: 1 + index in `outer` of its component. */
  private readonly owner: Int32Array
  /** From a pixel with a left edge to the pixel of the same run whose right edge is the hole's that hangs there. */
  private readonly bridges = new Map<number, number>()
  private readonly step: readonly number[]
  /** Of a corner reached in a direction: the pixels ahead to the right hand and to the left hand. */
  private readonly aheadRight: readonly number[]
  private readonly aheadLeft: readonly number[]

  constructor(
    bits: Uint8Array,
    private readonly width: number,
    height: number,
  ) {
    const row = width + 2
    this.row = row
    this.mask = new Uint8Array(row * (height + 2))
    for (let y = 0; y < height; y++) this.mask.set(bits.subarray(y * width, (y + 1) * width), (y + 1) * row + 1)
    this.owner = new Int32Array(this.mask.length)
    this.step = [1, row, -1, -row]
    this.aheadRight = [0, -1, -row - 1, -row]
    this.aheadLeft = [-row, 0, -1, -row - 1]
  }

  /** Rings whose first left edge is in row y; those of rows above are known. */
  findRings(y: number): void {
    const { mask, owner } = this
    for (let x = 1, at = (y + 1) * this.row + 1; x <= this.width; x++, at++) {
      if (mask[at] === 0 || mask[at - 1] === 1 || owner[at] !== 0) continue
      const area = this.area(at)
      if (area > 0) this.outer.push({ start: at, area })
      const component = area > 0 ? this.outer.length : this.bridge(at)
      if (area < 0) (this.outer[component - 1] as { area: number }).area += area
      this.claim(at, component)
    }
  }

  /** The next direction at a corner: what touches at a corner alone is apart. */
  private turn(corner: number, direction: number): number {
    if (this.mask[corner + (this.aheadRight[direction] as number)] === 0) return (direction + 1) & 3
    return this.mask[corner + (this.aheadLeft[direction] as number)] === 1 ? (direction + 3) & 3 : direction
  }

  /** Pixels inside the ring of the left edge at `start`; below 0: a hole of so many. */
  private area(start: number): number {
    let area = 0
    let [corner, direction] = [start + this.row, up]
    do {
      if (direction === up) area -= corner % this.row
      else if (direction === down) area += corner % this.row
      corner += this.step[direction] as number
      direction = this.turn(corner, direction)
    } while (corner !== start + this.row || direction !== up)
    return area
  }

  private claim(start: number, component: number): void {
    let [corner, direction] = [start + this.row, up]
    do {
      corner += this.step[direction] as number
      if (direction === up) this.owner[corner] = component
      direction = this.turn(corner, direction)
    } while (corner !== start + this.row || direction !== up)
  }

  /** Hangs the hole left of `at`, a pixel in its first row, on the run before it. -> the component */
  private bridge(at: number): number {
    let end = at - 1
    while (this.mask[end] === 0) end--
    let begin = end
    while (this.mask[begin - 1] === 1) begin--
    this.bridges.set(begin, end)
    return this.owner[begin] as number
  }

  outline(start: number): number[] {
    const points: number[] = []
    const { row } = this
    const add = (x: number, y: number) => points.push(x - 1, y - 1)
    const middle = (pixel: number, side: number) => add((pixel % row) + side, Math.floor(pixel / row) + 0.5)
    const holes: { begin: number; end: number }[] = []
    let [corner, direction] = [start + row, up]
    let begun = false
    while (!begun || holes.length > 0 || corner !== start + row || direction !== up) {
      begun = true
      const hole = holes.at(-1)
      if (hole && direction === down && corner === hole.end + 1) {
        // Round the hole: back over the bridge, and on along the edge it was left at.
        middle(hole.end, 1 - inset)
        middle(hole.begin, inset)
        holes.pop()
        corner = hole.begin + row
        direction = up
      } else if (direction === up) {
        const begin = corner - row
        const end = this.bridges.get(begin)
        if (end !== undefined) {
          middle(begin, inset)
          middle(end, 1 - inset)
          holes.push({ begin, end })
          corner = end + 1
          direction = down
        }
      }
      corner += this.step[direction] as number
      const next = this.turn(corner, direction)
      if (next !== direction) {
        const x = (corner % row) - inset * ((stepY[direction] as number) + (stepY[next] as number))
        add(x, Math.floor(corner / row) + inset * ((stepX[direction] as number) + (stepX[next] as number)))
      }
      direction = next
    }
    return points
  }
}
