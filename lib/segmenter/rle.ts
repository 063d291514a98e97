/** COCO's run lengths of a binary mask: `size` is [height, width], `counts` the compressed string that pycocotools reads. */
export interface Rle {
  size: [number, number]
  counts: string
}

/**
 * Run lengths to COCO's string: from the fourth run on the difference to the run two before, in groups of five bits with a
 * continuation bit, low groups first, as characters from '0' (48).
 */
export function compressRuns(counts: ArrayLike<number>): string {
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

/** The run lengths behind COCO's string. */
export function expandRuns(text: string): number[] {
  const counts: number[] = []
  for (let at = 0; at < text.length; ) {
    let value = 0
    let shift = 0
    let group: number
    do {
      group = text.charCodeAt(at++) - 48
      value |= (group & 0x1f) << shift
      shift += 5
    } while (group & 0x20 && at < text.length)
    if (group & 0x10) value |= -1 << shift
    if (counts.length > 2) value += counts[counts.length - 2] as number
    counts.push(value)
  }
  return counts
}
