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
