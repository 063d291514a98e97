import type { Tensor } from '../options'

/** What a class that is not there has everywhere: the log of nothing, for a softmax. */
export const nowhere = -100

/** Highest probability of a class at any cell, 0..1. @param scores log-probabilities [h, w, channels] */
export function peak({ data, shape }: Tensor, channel: number): number {
  const channels = shape[2] as number
  let most = Number.NEGATIVE_INFINITY
  for (let i = channel; i < data.length; i += channels) if ((data[i] as number) > most) most = data[i] as number
  return Math.exp(most)
}

/**
 * An image shows a class where its peak reaches the threshold of the class; of others the class is taken out, so that no pixel is
 * labelled so. Changes `scores`. @param thresholds of each class; the background comes last and has none
 */
export function gate(scores: Tensor, thresholds: readonly number[]): void {
  const { data, shape } = scores
  const channels = shape[2] as number
  for (const [channel, least] of thresholds.entries()) {
    if (peak(scores, channel) >= least) continue
    for (let i = channel; i < data.length; i += channels) data[i] = nowhere
  }
}
