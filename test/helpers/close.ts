import { expect } from 'vitest'

/**
 * The same value but for the last places of its numbers. On some processors oneDNN sums the rows of a small product in another order
 * than those of a larger one, so what depends on who shared a pass is equal to rounding, not to the bit.
 */
export function expectClose(value: unknown, other: unknown, path = 'value'): void {
  if (typeof value === 'number' && typeof other === 'number' && !Number.isInteger(value)) {
    expect(Math.abs(value - other), `${path}: ${value} and ${other}`).toBeLessThan(1e-5)
  } else if (typeof value === 'object' && value !== null && typeof other === 'object' && other !== null) {
    expect(Object.keys(value), path).toEqual(Object.keys(other))
    for (const [key, item] of Object.entries(value)) expectClose(item, (other as Record<string, unknown>)[key], `${path}.${key}`)
  } else expect(value, path).toEqual(other)
}
