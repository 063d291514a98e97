import type { CrfRefinement, Float32Tensor, PamrRefinement, RefineOptions } from '../../binding'
import { random } from '../helpers/testing'

export const crf: CrfRefinement & RefineOptions = {
  method: 'crf',
  iterations: 10,
  smoothness: { weight: 3, sxy: 1 },
  appearance: { weight: 4, sxy: 67, srgb: 3 },
  prune: false,
  maxBytes: 0,
}
export const pamr: PamrRefinement & RefineOptions = {
  method: 'pamr',
  iterations: 10,
  dilations: [1, 2, 4, 8, 12, 24],
  prune: false,
  maxBytes: 0,
}

export interface Problem {
  probabilities: Float32Tensor
  rgb: Uint8Array
}

/** Two flat colours with some noise, and probabilities that nothing orders. */
export function problem(height: number, width: number, labels: number, seed: number): Problem {
  const next = random(seed)
  const rgb = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width
    return (x < width / 2 ? 60 : 180) + 20 * next()
  })
  const data = new Float32Array(height * width * labels)
  for (let row = 0; row < data.length; row += labels) {
    let sum = 0
    for (let t = 0; t < labels; t++) sum += data[row + t] = Math.exp(2 * next())
    for (let t = 0; t < labels; t++) data[row + t]! /= sum
  }
  return { probabilities: { data, shape: [height, width, labels] }, rgb }
}

export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!))
  return most
}

/** Share of the rows of `labels` values whose largest lies at the same place. */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>, labels: number): number {
  const best = (values: ArrayLike<number>, row: number) => {
    let at = 0
    for (let t = 1; t < labels; t++) if (values[row + t]! > values[row + at]!) at = t
    return at
  }
  let same = 0
  for (let row = 0; row < a.length; row += labels) if (best(a, row) === best(b, row)) same++
  return (same * labels) / a.length
}
