import { expect } from 'vitest'
import { expandRuns } from '../../lib/segmenter/rle'
import type { Mask } from '../../lib/segmenter/segmentation'

/**
 * The same label map, but for a pixel in a thousand: on some processors who shares a pass of the tower moves the last bits of scores,
 * and a pixel for which two names come out equal falls to either of them.
 */
export function expectSameLabels(labels: ArrayLike<number>, others: ArrayLike<number>, message = 'labels'): void {
  expect(labels.length, message).toBe(others.length)
  const apart = Array.from(labels).filter((label, i) => label !== others[i]).length
  expect(apart / labels.length, `${message}: share of pixels that differ`).toBeLessThanOrEqual(1e-3)
}

/** The classes of the pixels by their masks, row-major; -1 where there is none. */
export function labelsOfMasks(masks: readonly Pick<Mask, 'classIndex' | 'rle'>[], width: number, height: number): Int16Array {
  const labels = new Int16Array(width * height).fill(-1)
  for (const { classIndex, rle } of masks) {
    let at = 0
    for (const [run, length] of expandRuns(rle.counts, [height, width]).entries()) {
      if (run % 2 === 1) for (let i = at; i < at + length; i++) labels[(i % height) * width + Math.floor(i / height)] = classIndex
      at += length
    }
  }
  return labels
}
