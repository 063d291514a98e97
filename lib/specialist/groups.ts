import type { ArchiveRow } from '../archive/types'
import { groupFunction } from '../curate/group'
import type { CurateOptions } from '../curate/options'
import { sample } from '../curate/random'

/** The group of an image; one that belongs to none is a group of its own, and crops of one picture are one. */
export type GroupOf = (row: ArchiveRow) => string

export function groupOf(groupBy: CurateOptions['groupBy']): GroupOf {
  const own = groupFunction(groupBy)
  return (row) => {
    const value = own?.(row)
    return value === undefined || value === null ? `image ${row.parent ?? row.id}` : `group ${value}`
  }
}

/** Whether it is a group of several images, not one that belongs to none. */
export const isGroup = (group: string): boolean => group.startsWith('group ')

/**
 * Which groups are kept from training, so that no group is on both sides: of the groups that show a name, in random order, as many as
 * hold a share of its images, but never the last that is left to train on; of all others the same share, by a hash of the group.
 * @param shown images of each name
 */
export function holdOut(shown: readonly (readonly { group: string }[])[], share: number, seed: number): (group: string) => boolean {
  const held = new Set<string>()
  const trained = new Set<string>()
  const names = shown.map(countsOf)
  for (const counts of names) {
    const groups = [...counts.keys()].sort()
    const images = groups.reduce((n, group) => n + (counts.get(group) as number), 0)
    let have = groups.reduce((n, group) => n + (held.has(group) ? (counts.get(group) as number) : 0), 0)
    for (const group of sample(groups.length, groups.length, seed).map((i) => groups[i] as string)) {
      if (held.has(group) || trained.has(group)) continue
      const count = counts.get(group) as number
      // The last one of any name is trained on; one that would take half of the images away is not worth its figures.
      const last = names.some((other) => other.has(group) && [...other.keys()].every((one) => one === group || held.has(one)))
      const takes = !last && have < share * images && have + count <= Math.max(1, images / 2)
      ;(takes ? held : trained).add(group)
      if (takes) have += count
    }
  }
  return (group) => held.has(group) || (!trained.has(group) && hashShare(group, seed) < share)
}

function countsOf(images: readonly { group: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { group } of images) counts.set(group, (counts.get(group) ?? 0) + 1)
  return counts
}

/** In [0, 1), the same for the same text (FNV-1a). */
function hashShare(text: string, seed: number): number {
  let hash = 2166136261 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619)
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}
