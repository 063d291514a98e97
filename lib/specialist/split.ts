import type { CuratedSet } from '../curate/curated-set'
import { holdOut } from './groups'
import type { Scanned } from './kept'
import type { Masked } from './masks'
import type { Held } from './measure'
import type { ScanResult } from './scan'

/** Of the images that show a name, and of all groups, so much is kept from training. */
export const heldShare = 0.2

export interface Split {
  trained: Masked[]
  held: Masked[]
  /** Without the names, to train on: hard ones first. */
  without: Scanned[]
  /** Without the names, to measure on: any. */
  heldWithout: Scanned[]
  groups: { trained: number; held: number }
}

/** Both sides; no group is on both. @param masked of all names @param wanted images without the names */
export function split(
  { masked, names, found, seed }: { masked: readonly Masked[]; names: number; found: Pick<ScanResult, 'hard' | 'random'>; seed: number },
  wanted: { without: number; heldOut: number },
): Split {
  const shown = Array.from({ length: names }, (_, name) => masked.filter((one) => one.names.includes(name)))
  const isHeld = holdOut(shown, heldShare, seed)
  const trained = masked.filter(({ group }) => !isHeld(group))
  const held = masked.filter(({ group }) => isHeld(group))
  const hard = found.hard.filter(({ group }) => !isHeld(group)).slice(0, Math.ceil(wanted.without / 2))
  const taken = new Set(hard.map(({ row }) => row.id))
  const easy = found.random.filter(({ row, group }) => !isHeld(group) && !taken.has(row.id))
  const without = [...hard, ...easy.slice(0, wanted.without - hard.length)]
  const heldWithout = found.random.filter(({ group }) => isHeld(group)).slice(0, wanted.heldOut)
  const count = (...lists: (readonly { group: string }[])[]) => new Set(lists.flatMap((list) => list.map(({ group }) => group))).size
  return { trained, held, without, heldWithout, groups: { trained: count(trained, without), held: count(held, heldWithout) } }
}

/** What the network is asked of. */
export const heldImages = ({ held, heldWithout }: Split): Held[] => [
  ...held.map(({ row, names }) => ({ row, shown: names })),
  ...heldWithout.map(({ row }) => ({ row, shown: [] })),
]

/** Side of the square that training sees: the shorter side of most images, where that is small. */
export function usualSize(set: CuratedSet): number {
  const sides = [...set.images()].map(({ width, height, box }) => (box ? Math.min(box[2], box[3]) : Math.min(width, height)))
  const middle = sides.sort((a, b) => a - b)[sides.length >> 1] ?? mostSide
  return Math.max(leastSide, Math.min(mostSide, 8 * Math.round(middle / 8)))
}

const [leastSide, mostSide] = [48, 320]
