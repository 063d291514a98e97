import { checkString } from '../arguments'
import { invalidArgument, WordmaskError } from '../errors'

/** COCO's run lengths of a binary mask: `size` is [height, width], `counts` the compressed string that pycocotools reads. */
export interface Rle {
  size: [number, number]
  counts: string
}

/** pycocotools counts in 32 bits. */
const longestRun = 2 ** 31 - 1
/** Five bits each: what a difference of two runs takes. */
const mostGroups = 7

/**
 * Run lengths to COCO's string: from the fourth run on the difference to the run two before, in groups of five bits with a
 * continuation bit, low groups first, as characters from '0' (48). With `size`, [height, width], their sum is checked.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for what are no run lengths: integers of 0 or more
 */
export function compressRuns(counts: ArrayLike<number>, size?: readonly [number, number]): string {
  checkRuns('counts', counts, size)
  const characters: number[] = []
  for (let i = 0; i < counts.length; i++) {
    let value = counts[i] as number
    if (i > 2) value -= counts[i - 2] as number
    let more = true
    while (more) {
      const group = value & 0x1f
      value >>= 5
      more = group & 0x10 ? value !== -1 : value !== 0
      characters.push((more ? group | 0x20 : group) + 48)
    }
  }
  return Buffer.from(characters).toString('latin1')
}

/**
 * The run lengths behind COCO's string. With `size`, [height, width], their sum is checked.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT for text that is none
 */
export function expandRuns(text: string, size?: readonly [number, number]): number[] {
  checkString('text', text, "COCO's compressed run lengths")
  const counts: number[] = []
  for (let at = 0; at < text.length; ) {
    const begin = at
    let value = 0
    let weight = 1
    let group: number
    do {
      group = text.charCodeAt(at++) - 48
      if (!(group >= 0 && group < 64) || at - begin > mostGroups) throw broken(text, begin)
      value += (group & 0x1f) * weight
      weight *= 32
    } while (group & 0x20)
    if (group & 0x10) value -= weight
    if (counts.length > 2) value += counts[counts.length - 2] as number
    if (value < 0 || value > longestRun) throw broken(text, begin)
    counts.push(value)
  }
  if (size !== undefined) checkRuns('text', counts, size)
  return counts
}

function broken(text: string, at: number): WordmaskError {
  const { code, message } = invalidArgument('text', "COCO's compressed run lengths", text)
  return new WordmaskError(code, `${message}, broken at character ${at}`)
}

function checkRuns(name: string, counts: unknown, size: unknown): void {
  if (!Array.isArray(counts) && !(ArrayBuffer.isView(counts) && 'length' in counts))
    throw invalidArgument(name, 'an array of run lengths', counts)
  let sum = 0
  const runs = counts as ArrayLike<unknown>
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i]
    if (!Number.isInteger(run) || (run as number) < 0 || (run as number) > longestRun)
      throw invalidArgument(`${name}[${i}]`, `an integer of 0 to ${longestRun}`, run)
    sum += run as number
  }
  if (size === undefined) return
  const whole = (side: unknown) => Number.isSafeInteger(side) && (side as number) >= 0
  if (!Array.isArray(size) || size.length !== 2 || !size.every(whole)) throw invalidArgument('size', '[height, width]', size)
  if (sum !== size[0] * size[1]) throw invalidArgument(name, `run lengths of ${size[0]} x ${size[1]} pixels`, `${sum} pixels`)
}
