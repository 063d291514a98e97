import { describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import { seeded } from '../../lib/curate/random'
import { groupOf } from '../../lib/specialist/groups'
import { Lowest, type Scanned } from '../../lib/specialist/kept'
import { type ScanRequest, scan } from '../../lib/specialist/scan'
import { name, world } from './world'

const one = (id: string, group: string, score: number): Scanned => ({ row: { id } as ArchiveRow, group, score })

describe('the lowest of each group', () => {
  test('by hand: five of a group, the lowest first, groups in the order in which they came', () => {
    const lowest = new Lowest(2)
    for (const [i, score] of [0.5, 0.1, 0.7, 0.3, 0.2, 0.6, 0.4].entries()) lowest.offer(one(`a${i}`, 'a', score))
    lowest.offer(one('b0', 'b', 0.9))
    const found = lowest.of(new Set(['b', 'a', 'c']))
    expect([...found.keys()]).toEqual(['a', 'b'])
    expect(found.get('a')!.map(({ score }) => score)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5])
    expect(lowest.complete).toBe(true)
  })

  test('of a million groups no more than asked for are held at any time, and it says that they are not all', () => {
    const lowest = new Lowest(100)
    let most = 0
    for (let i = 0; i < 1_000_000; i++) {
      lowest.offer(one(`${i}`, `group ${i}`, 0))
      most = Math.max(most, lowest.size)
    }
    expect([most, lowest.size, lowest.complete]).toEqual([100, 0, false])
  })

  test('random streams (seeds 1 to 5): as sorting all of it says', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const next = seeded(seed)
      const all = Array.from({ length: 500 }, (_, i) => one(String(i).padStart(3, '0'), `g${Math.floor(next() * 9)}`, next()))
      const lowest = new Lowest(9)
      for (const each of all) lowest.offer(each)
      const groups = new Set(all.map(({ group }) => group))
      for (const [group, found] of lowest.of(groups)) {
        const own = all.filter((each) => each.group === group).sort((a, b) => a.score - b.score)
        expect(found).toEqual(own.slice(0, 5))
      }
    }
  })
})

describe('scan', async () => {
  const { archive } = await world({ with: 6, without: 48 })
  const group = groupOf('folder')
  const rows: ArchiveRow[] = []
  for await (const row of archive.rows()) rows.push(row)
  const all = new Set(rows.map(group))
  const request = (more: Partial<ScanRequest> = {}): ScanRequest => ({
    ...{ specs: [{ name }, { name: 'sea' }], names: 1, groupOf: group, grouped: true, leftOut: new Set<string>() },
    ...{ fitting: 10, doubtful: [4], hard: 8, random: 12, seed: 3, places: () => all, ...more },
  })

  const ids = (list: readonly Scanned[]) => list.map(({ row: { id } }) => id)

  test('of more groups than are kept on the way: the same lists, by a second look', async () => {
    const [usual, twice] = [await scan(archive, request(), undefined), await scan(archive, request({ groupsAtOnce: 2 }), undefined)]
    expect(usual.lowest.size).toBeGreaterThan(3)
    expect([...usual.lowest.values()].every((images) => images.length > 0 && images.length <= 5)).toBe(true)
    const lists = ({ fitting, hard, random, lowest }: typeof usual) => [
      ...[...fitting, hard, random].map(ids),
      ...[...lowest].map(([group, images]) => [group, ...ids(images)]),
    ]
    expect(lists(twice)).toEqual(lists(usual))
  })

  test('of the groups those that are asked for once it is known what fits', async () => {
    const wanted = [...all].slice(1, 3)
    const asked: number[] = []
    const places: ScanRequest['places'] = (fitting) => {
      asked.push(fitting.length)
      return [...wanted, 'image alone']
    }
    const { lowest } = await scan(archive, request({ places }), undefined)
    expect([...lowest.keys()].sort()).toEqual([...wanted].sort())
    expect(asked).toEqual([1])
    expect((await scan(archive, request({ places: () => [], groupsAtOnce: 1 }), undefined)).lowest.size).toBe(0)
  })

  test('known images are in none of the lists', async () => {
    const leftOut = new Set(rows.slice(0, 10).map(({ id }) => id))
    const { fitting, hard, random, lowest } = await scan(archive, request({ leftOut, groupsAtOnce: 2 }), undefined)
    const listed = [...fitting.flat(), ...hard, ...random, ...[...lowest.values()].flat()]
    expect(listed.length).toBeGreaterThan(20)
    expect(listed.filter(({ row }) => leftOut.has(row.id))).toEqual([])
  })
})
