// Figures of repeated timings. Spread is half the interquartile range over the median, so that 0.1 means: half of all turns lie within
// 10% of the median.

/** The value below which `share` of the sorted list lies, interpolated between neighbours. */
export function quantile(sorted, share) {
  if (sorted.length === 0) throw new RangeError('a quantile of no values')
  const at = share * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[high] - sorted[low])
}

/** @returns {{ median: number, spread: number, count: number }} */
export function figures(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const median = quantile(sorted, 0.5)
  return { median, spread: median === 0 ? 0 : (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median, count: sorted.length }
}

/**
 * Ratios of an A B A B ... A run: each turn of B over the mean of the turns of A on both sides of it, so that a machine that
 * slows down evenly changes nothing. Above 1: A is the faster.
 */
export function pairedRatios(a, b) {
  if (a.length !== b.length + 1) throw new RangeError(`A B A needs one more turn of A than of B, not ${a.length} and ${b.length}`)
  return b.map((seconds, i) => seconds / ((a[i] + a[i + 1]) / 2))
}

/**
 * The straight line through (x, y), weighted so that relative errors count alike.
 * @returns {{ offset: number, slope: number, worst: number }} worst: the largest relative distance of a point from the line
 */
export function straightLine(points) {
  if (points.length < 2) throw new RangeError(`a line needs two points, not ${points.length}`)
  let [w, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0]
  for (const { x, y } of points) {
    const weight = 1 / (y * y)
    w += weight
    wx += weight * x
    wxx += weight * x * x
    wy += weight * y
    wxy += weight * x * y
  }
  const slope = (w * wxy - wx * wy) / (w * wxx - wx * wx)
  const offset = (wy - slope * wx) / w
  return { offset, slope, worst: Math.max(...points.map(({ x, y }) => Math.abs(offset + slope * x - y) / y)) }
}

/** How two results differ: `relative` error ||ours - theirs|| / ||theirs||, `cosine` over everything, and the share of `equal` values. */
export function difference(ours, theirs) {
  if (ours.length !== theirs.length) throw new RangeError(`results of ${ours.length} and ${theirs.length} values`)
  let [square, norm, dot, own, equal] = [0, 0, 0, 0, 0]
  for (let i = 0; i < ours.length; i++) {
    square += (ours[i] - theirs[i]) ** 2
    norm += theirs[i] ** 2
    own += ours[i] ** 2
    dot += ours[i] * theirs[i]
    if (ours[i] === theirs[i]) equal++
  }
  return {
    relative: square === 0 ? 0 : Math.sqrt(square / norm),
    cosine: own === norm && square === 0 ? 1 : dot / Math.sqrt(own * norm),
    equal: equal / ours.length,
  }
}
