import { describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import type { CuratedImage } from '../../lib/curate/curated-set'
import { seeded } from '../../lib/curate/random'
import { groupOf, holdOut, isGroup } from '../../lib/specialist/groups'
import type { Masked } from '../../lib/specialist/masks'
import { referenceImages } from '../../lib/specialist/references'
import { heldShare, split } from '../../lib/specialist/split'

const row = (id: string, more: Partial<ArchiveRow> = {}) => ({ id, uri: `/photos/${id}.png`, ...more }) as ArchiveRow
const scanned = (id: string, group: string) => ({ row: row(id), group, score: 0 })
const masked = (id: string, group: string, names = [0]): Masked => ({ row: row(id), group, names, labels: '', overlay: '' })

describe('groups', () => {
  test('a column, a field, a function, the folder; an image of none is a group of its own', () => {
    const image = row('a/1', { metadata: { site: 'north', n: 3 }, width: 48 } as Partial<ArchiveRow>)
    const of = (by: Parameters<typeof groupOf>[0]) => groupOf(by)(image)
    expect([of('site'), of('n'), of('width'), of('folder')]).toEqual(['group north', 'group 3', 'group 48', 'group /photos/a'])
    expect(of(({ id }) => id.slice(0, 1))).toBe('group a')
    expect([of('else'), of(undefined), groupOf(undefined)(row('crop', { parent: 'whole' }))]).toEqual([
      'image a/1',
      'image a/1',
      'image whole',
    ])
    expect([isGroup(of('site')), isGroup(of('else'))]).toEqual([true, false])
  })
  test('a shard is a folder', () => {
    expect(groupOf('folder')(row('x', { uri: '/shards/1.tar', key: 'x.png' }))).toBe('group /shards/1.tar')
  })
  test('a column that holds no plain value is refused', () => {
    const image = row('a', { metadata: { site: { name: 'north' } } } as never)
    expect(() => groupOf('site')(image)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /strings or numbers/))
  })
})

test('at most two reference images of a group, the best of each, and 50 in all', () => {
  const sites = ['a', 'a', 'b', 'a', 'b', 'b', 'c']
  const images = sites.map((site, i) => ({ ...row(`${i}`), metadata: { site }, score: 1 - i / 10 }) as unknown as CuratedImage)
  expect(referenceImages(images, groupOf('site')).map(({ id }) => id)).toEqual(['0', '1', '2', '4', '6'])
  const many = Array.from({ length: 120 }, (_, i) => row(`${i}`) as CuratedImage)
  expect(referenceImages(many, groupOf(undefined)).length).toBe(50)
})

describe('split', () => {
  const random = (seed: number) => {
    const next = seeded(seed)
    const site = () => `group ${Math.floor(next() * 12)}`
    const shown = Array.from({ length: 5 + Math.floor(next() * 30) }, (_, i) => masked(`s${i}`, site(), next() < 0.3 ? [1] : [0]))
    const others = Array.from({ length: 300 }, (_, i) => scanned(`w${i}`, next() < 0.5 ? site() : `image ${i}`))
    return { masked: shown, names: 2, found: { hard: others.slice(0, 100), random: others.slice(60) }, seed }
  }

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('no group is on both sides, nor any image twice (seed %i)', (seed) => {
    const given = random(seed)
    const { trained, held, without, heldWithout } = split(given, { without: 120, heldOut: 100 })
    const groups = (...lists: (readonly { group: string }[])[]) => new Set(lists.flatMap((list) => list.map(({ group }) => group)))
    expect([...groups(held, heldWithout)].filter((group) => groups(trained, without).has(group))).toEqual([])
    expect(trained.length + held.length).toBe(given.masked.length)
    const ids = without.map(({ row: { id } }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const name of [0, 1]) {
      const all = given.masked.filter(({ names }) => names.includes(name)).length
      const left = trained.filter(({ names }) => names.includes(name)).length
      if (all > 0) expect(left).toBeGreaterThan(0)
    }
  })
  test('hard ones come first, and are at most half', () => {
    const hard = Array.from({ length: 50 }, (_, i) => scanned(`h${i}`, `image h${i}`))
    const easy = Array.from({ length: 50 }, (_, i) => scanned(`e${i}`, `image e${i}`))
    const { without } = split({ masked: [], names: 0, found: { hard, random: easy }, seed: 0 }, { without: 20, heldOut: 0 })
    expect(without.map(({ row: { id } }) => id[0]).join('')).toBe('hhhhhhhhhheeeeeeeeee')
  })
  test('a name of one group only is trained on, never kept away', () => {
    const isHeld = holdOut([Array.from({ length: 9 }, () => ({ group: 'group a' }))], heldShare, 3)
    expect(isHeld('group a')).toBe(false)
  })
  test('about a fifth of the images and of all other groups are kept, the same ones for the same seed', () => {
    const images = Array.from({ length: 100 }, (_, i) => ({ group: `image ${i}` }))
    const [isHeld, again, other] = [holdOut([images], heldShare, 1), holdOut([images], heldShare, 1), holdOut([images], heldShare, 2)]
    expect(images.filter(({ group }) => isHeld(group)).length).toBe(20)
    const rest = Array.from({ length: 2000 }, (_, i) => `image w${i}`)
    expect(Math.abs(rest.filter(isHeld).length - 400)).toBeLessThan(80)
    expect(rest.filter((group) => isHeld(group) !== again(group))).toEqual([])
    expect(rest.filter((group) => isHeld(group) !== other(group)).length).toBeGreaterThan(0)
  })
})
