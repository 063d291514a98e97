import { setImmediate } from 'node:timers/promises'
import { ignored, outside } from './datasets/types'

/** Pixels between two breaths of the event loop. */
const pixelsAtOnce = 1_000_000

/** A label map in class indices. */
export interface ClassMap {
  /** Class index, or `ignored`. */
  classes: Uint16Array
  width: number
  height: number
}

/** Values no class has, with their pixels. */
export type Strange = Map<number, number>

/**
 * Class indices of raw values; what is outside the list becomes `ignored` and is told in `strange`.
 * @param values table of all 65,536 values: class index, `ignored` or `outside`
 */
export async function toClasses(labels: ArrayLike<number>, values: Uint16Array): Promise<{ classes: Uint16Array; strange: Strange }> {
  const classes = new Uint16Array(labels.length)
  const strange: Strange = new Map()
  for (let i = 0; i < labels.length; i++) {
    if (i > 0 && i % pixelsAtOnce === 0) await setImmediate()
    const value = labels[i]!
    const index = values[value]!
    if (index === outside) strange.set(value, (strange.get(value) ?? 0) + 1)
    classes[i] = index === outside ? ignored : index
  }
  return { classes, strange }
}

/** Pixels that do not count. */
export function countIgnored(classes: Uint16Array): number {
  let count = 0
  for (let i = 0; i < classes.length; i++) if (classes[i] === ignored) count++
  return count
}

/** `ignored` pixels of a prediction are "no answer", the column after the last class. */
export function answers(classes: Uint16Array, n: number): Uint16Array {
  const answered = new Uint16Array(classes.length)
  for (let i = 0; i < classes.length; i++) answered[i] = classes[i] === ignored ? n : classes[i]!
  return answered
}
