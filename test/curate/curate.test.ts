import { describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import { type CurateClip, curate } from '../../lib/curate/curate'
import type { CurateOptions } from '../../lib/curate/options'
import type { ClassText } from '../../lib/curate/source'
import { memorySource, randomUnits, row, unit } from './memory'
import { fileReader, origin } from './sets'

/**
 * A world of its own: 16 things along the axes of R^32, each image its thing plus noise; names that mean nothing are random directions.
 * Things 0 .. 7 are shown (by 40 images each, thing 7 by 6), 8 .. 15 are not.
 */
const dim = 32
const axis = (i: number) => Array.from({ length: dim }, (_, j) => (j === i ? 1 : 0))
const noise = randomUnits(400, dim, 11)
const shown = [40, 40, 40, 40, 40, 40, 40, 6]
const vectors: number[][] = []
const rows: ArchiveRow[] = []
for (const [thing, count] of shown.entries())
  for (let i = 0; i < count; i++) {
    const n = vectors.length
    vectors.push(unit(axis(thing).map((value, j) => 0.6 * value + 0.8 * noise[n]![j]!)))
    rows.push(row(`${thing}-${i}`, { metadata: { camera: `c${i % 4}` } }))
  }
const words = Array.from(
  { length: 60 },
  (_, i) => `word${String.fromCharCode(97 + (i % 26))}${String.fromCharCode(97 + Math.floor(i / 26))}`,
)

function vectorOf(name: string): number[] {
  const thing = /^thing(\d+)$/.exec(name)?.[1]
  if (thing !== undefined) return axis(Number(thing))
  const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1_000_003
  return randomUnits(1, dim, seed)[0]!
}

const clip: CurateClip = {
  templates: 'none',
  vectors: async (texts: readonly ClassText[]) => Float32Array.from(texts.flatMap(({ name }) => vectorOf(name))),
  readable: () => [],
  words: async () => words,
}
const source = () => memorySource(rows, vectors)
const run = (classes: string[], options: CurateOptions = {}) =>
  curate({ source: source(), clip, read: fileReader(), origin }, classes, options)
const names = Array.from({ length: 16 }, (_, i) => `thing${i}`)
const thing = (id: string) => Number(id.split('-')[0])

describe('too few is an answer', () => {
  test('shown things get their own images, things that are not shown get none and say why', async () => {
    const set = await run(names, { perClass: 40, duplicates: false })
    for (const [i, { images, presence, estimatedPrecision }] of set.classes.entries()) {
      expect(presence!.present).toBe(i < 8)
      if (i >= 8) {
        expect(images).toEqual([])
        expect(estimatedPrecision).toBeUndefined()
        expect(set.summary()[i]).toBe(`thing${i} 0 of 40: no better than absent names`)
        continue
      }
      expect(images.length).toBeGreaterThan(0.4 * shown[i]!)
      const right = images.filter(({ id }) => thing(id) === i).length
      expect(right / images.length).toBeGreaterThan(0.9)
      expect(estimatedPrecision).toBeGreaterThan(0.5)
    }
    expect(set.classes[7]!.images.length).toBeLessThanOrEqual(8)
  })

  test('without the test every name gets its best images, and nothing is called present or estimated', async () => {
    const set = await run(['thing3', 'thing9'], { perClass: 10, falseAlarms: false, duplicates: false })
    expect(set.classes.map(({ images }) => images.length)).toEqual([10, 10])
    expect(set.classes[1]).not.toHaveProperty('presence')
    expect(set.summary()).toEqual(['thing3 10 of 10', 'thing9 10 of 10'])
  })

  test('an archive of too few images cannot tell and says so', async () => {
    const tiny = memorySource(rows.slice(0, 4), vectors.slice(0, 4))
    await expect(curate({ source: tiny, clip, read: fileReader(), origin }, ['thing0'])).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /at least 5 images.*falseAlarms: false/,
    )
    const empty = memorySource([], [])
    const set = await curate({ source: empty, clip, read: fileReader(), origin }, ['thing0'], { falseAlarms: false })
    expect(set.size).toBe(0)
  })
})

describe('what curation leaves out', () => {
  test('best first, with the margin to the nearest other name', async () => {
    const [one] = (await run(['thing0', 'thing1'], { perClass: 20, duplicates: false })).classes
    const scores = one!.images.map(({ score }) => score)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    for (const { id, margin } of one!.images) {
      const vector = vectors[rows.findIndex((other) => other.id === id)]!
      expect(margin).toBeCloseTo(vector[0]! - vector[1]!, 5)
    }
    const { classes } = await run(['thing0'], { perClass: 3 })
    expect(classes[0]!.images[0]).not.toHaveProperty('margin')
  })

  test('excluded ids, an excluded set, rejects and groups', async () => {
    const first = await run(['thing0'], { perClass: 10, duplicates: false })
    const ids = first.classes[0]!.images.map(({ id }) => id)
    const second = await run(['thing0'], { perClass: 10, duplicates: false, exclude: first })
    expect(second.classes[0]!.images.filter(({ id }) => ids.includes(id))).toEqual([])
    expect(second.classes[0]!.dropped.excluded).toBe(10)
    const decisions = [
      { class: 'thing0', id: ids[0]!, decision: 'reject' as const },
      { class: 'thing0', id: '5-1', decision: 'accept' as const },
    ]
    const third = (await run(['thing0'], { perClass: 10, duplicates: false, decisions })).classes[0]!
    expect(third.images[0]).toMatchObject({ id: '5-1', accepted: true })
    expect(third.images.map(({ id }) => id)).not.toContain(ids[0])
    expect(third.images).toHaveLength(10)
    const grouped = (await run(['thing0'], { perClass: 100, duplicates: false, groupBy: 'camera', perGroup: 2 })).classes[0]!
    expect(grouped.images).toHaveLength(8)
    const oneFolder = (await run(['thing0'], { perClass: 100, duplicates: false, groupBy: 'folder', perGroup: 3 })).classes[0]!
    expect(oneFolder.images).toHaveLength(3)
    const own = (await run(['thing0'], { perClass: 100, duplicates: false, groupBy: (one) => one.id.split('-')[0] })).classes[0]!
    expect(own.images.length).toBeLessThanOrEqual(8)
  })

  test('near-duplicates are not taken twice', async () => {
    const copies = [...rows, ...rows.slice(0, 5).map((one) => ({ ...one, id: `copy of ${one.id}` }))]
    const doubled = memorySource(copies, [...vectors, ...vectors.slice(0, 5)])
    const set = await curate({ source: doubled, clip, read: fileReader(), origin }, ['thing0'], { perClass: 100 })
    expect(set.classes[0]!.images.filter(({ id }) => id.startsWith('copy'))).toEqual([])
    expect(set.classes[0]!.dropped.nearDuplicates).toBeGreaterThan(0)
  })

  test('rejected, an image stays away under every id; another crop of its picture does not, nor a copy for another name', async () => {
    const plain = (await run(['thing0'], { perClass: 10, duplicates: false })).classes[0]!.images
    const [best, second] = plain.map(({ id }) => rows.findIndex((one) => one.id === id)) as [number, number]
    const box: [number, number, number, number] = [0, 0, 9, 9]
    const again = [
      { ...rows[best]!, id: 'copy of the best' },
      { ...rows[best]!, id: 'a crop of the best', box },
      { ...rows[second]!, id: 'copy of the second' },
    ]
    const source = memorySource([...rows, ...again], [...vectors, vectors[best]!, vectors[best]!, vectors[second]!])
    const curated = async (decisions: CurateOptions['decisions'] & object, name = 'thing0') =>
      (await curate({ source, clip, read: fileReader(), origin }, [name], { perClass: 10, duplicates: false, decisions })).classes[0]!
    const said = { class: 'thing0', id: rows[best]!.id, decision: 'reject' as const }
    const { images, dropped } = await curated([said])
    const ids = images.map(({ id }) => id)
    expect(ids).toHaveLength(10)
    expect(ids).toEqual(expect.arrayContaining(['a crop of the best', 'copy of the second', rows[second]!.id]))
    expect(ids).not.toContain(rows[best]!.id)
    expect(ids).not.toContain('copy of the best')
    expect(dropped.rejected).toBe(2)
    const crop = { ...said, id: 'a crop of the best' }
    expect((await curated([crop])).images.map(({ id }) => id)).toEqual(expect.arrayContaining([rows[best]!.id, 'copy of the best']))
    const accepted = { ...said, id: 'copy of the best', decision: 'accept' as const }
    const kept = (await curated([said, accepted])).images.map(({ id }) => id)
    expect([kept[0], kept.includes(rows[best]!.id)]).toEqual(['copy of the best', false])
    expect((await curated([{ ...said, class: 'thing1' }])).images.map(({ id }) => id)).toContain(rows[best]!.id)
  })

  test('an accepted image stays though its name is absent', async () => {
    const decisions = [{ class: 'thing9', id: '2-2', decision: 'accept' as const }]
    const set = await run(['thing9'], { perClass: 5, decisions })
    expect(set.classes[0]!.images.map(({ id }) => id)).toEqual(['2-2'])
    expect(set.summary()).toEqual(['thing9 1 of 5, accepted by hand: no better than absent names'])
  })
})

describe('misuse of curate', () => {
  test.each([
    [{ perClas: 3 }, 'ERR_WORDMASK_UNKNOWN_OPTION', /perClass/],
    [{ perClass: 0 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /perClass/],
    [{ perGroup: 2 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /groupBy/],
    [{ groupBy: 'camerra' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /a column that some image.*"camerra"/],
    [{ diverse: 'random' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /diverse/],
    [{ falseAlarms: 0 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /falseAlarms/],
    [{ exclude: [3] }, 'ERR_WORDMASK_INVALID_ARGUMENT', /exclude/],
    [{ decisions: '/nowhere.jsonl' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /nowhere/],
  ])('%j', async (options, code, message) => {
    await expect(run(['thing0'], options as never)).rejects.toHaveCode(code, message)
  })

  test('an abort ends it', async () => {
    await expect(run(names, { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  })
})
