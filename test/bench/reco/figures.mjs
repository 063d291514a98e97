// Figures of the studies of ReCo, out of counts alone.

/** Share of right pixels, mIoU over names that occur or are predicted, and over the first `objects` of them. */
export function figuresOf(matrix, n, objects) {
  let right = 0
  const ious = []
  for (let t = 0; t < n; t++) {
    let union = -matrix[t * n + t]
    for (let p = 0; p < n; p++) union += matrix[t * n + p] + matrix[p * n + t]
    ious.push(union > 0 ? matrix[t * n + t] / union : undefined)
    right += matrix[t * n + t]
  }
  const some = (list) => mean(list.filter((iou) => iou !== undefined))
  return { accuracy: right / matrix.reduce((a, b) => a + b, 0), miou: some(ious), objects: some(ious.slice(0, objects)) }
}

export const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length

/** Mean, and the standard deviation over seeds (n - 1). */
export function summary(numbers) {
  const middle = mean(numbers)
  return { mean: middle, spread: Math.sqrt(numbers.reduce((sum, x) => sum + (x - middle) ** 2, 0) / Math.max(1, numbers.length - 1)) }
}
export const told = ({ mean: middle, spread }) => `${middle.toFixed(3)} ± ${spread.toFixed(3)}`

/** Whether half of the cell [row, column] of a grid or more shows the thing `name`. */
export function onThing(shown, name, [row, column], [h, w]) {
  if (shown.name !== name) return false
  const side = Math.sqrt(shown.mask.length)
  let [inside, all] = [0, 0]
  for (let y = Math.floor((row * side) / h); y < Math.floor(((row + 1) * side) / h); y++)
    for (let x = Math.floor((column * side) / w); x < Math.floor(((column + 1) * side) / w); x++, all++) inside += shown.mask[y * side + x]
  return 2 * inside >= all
}
