import { expect } from 'vitest'
import { relativeError } from './golden'
import type { Compared, Dtype } from './testing'

/** Half a unit of the last place of a number stored in this dtype, relative. */
const rounding: Record<Dtype, number> = { float32: 2 ** -24, bfloat16: 2 ** -9 }

/**
 * The rule of design.md for kernels: the error to float64 is at most twice that of the plain operators in the same dtype, plus
 * the rounding of the answer itself. `name` says which answer in the message; `order`: what another order of a sum may add.
 */
export function expectAsExact({ ours, plain, exact }: Compared, dtype: Dtype, name = 'error', order = 0): void {
  const bound = 2 * relativeError(plain, exact) + rounding[dtype] + order
  expect(relativeError(ours, exact), `${name}, at most ${bound.toExponential(2)}`).toBeLessThanOrEqual(bound)
}
