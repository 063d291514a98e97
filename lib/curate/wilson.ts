/** 97.5% quantile of the normal distribution: 95% lie within it on both sides. */
const z = 1.959963984540054

export interface Interval {
  value: number
  low: number
  high: number
}

/**
 * Share of successes with Wilson's 95% interval: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Nothing tried: NaN in [0, 1].
 */
export function wilson(successes: number, trials: number): Interval {
  if (trials === 0) return { value: Number.NaN, low: 0, high: 1 }
  const p = successes / trials
  const centre = p + (z * z) / (2 * trials)
  const reach = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials))
  const scale = 1 + (z * z) / trials
  // At the ends the two terms are equal; rounding must not say otherwise.
  const low = successes === 0 ? 0 : (centre - reach) / scale
  return { value: p, low, high: successes === trials ? 1 : (centre + reach) / scale }
}
