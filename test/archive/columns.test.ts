import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { newUserColumns, userColumn } from '../../lib/archive/schema'
import type { Metadata, SourceImage } from '../../lib/archive/types'
import { Clip } from '../../lib/clip/clip'
import { all, filesAsImages, temporaryFolder, writePictures } from './pictures'

test.each([
  ['site', 'site'],
  ['Site Name', 'Site_Name'],
  ['width', 'meta_width'],
  ['Width', 'meta_Width'],
  ['_rowid', 'meta__rowid'],
  ['2x', 'meta_2x'],
  ['ü', 'meta__'],
])('key %s is column %s', (key, column) => {
  expect(userColumn(key)).toBe(column)
})

test('a column takes the type of its first value that is not null; at most 200 are made', () => {
  const fields = newUserColumns([{ a: null, b: 1 }, undefined, { a: 'x', b: 'y', c: true }], ['id', 'vector'])
  expect(fields.map(({ name, type }) => `${name} ${type}`)).toEqual(['b Float64', 'a Utf8', 'c Bool'])
  expect(newUserColumns([Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]))], ['id', 'site'])).toHaveLength(199)
})

describe("the user's own columns", () => {
  let clip: Clip
  let archive: Archive
  let images: SourceImage[]
  const metadata: Metadata[] = [
    { site: 'north', night: true, temperature: 3.5, width: 7 },
    { site: "o'hara", night: false, temperature: -1 },
    { site: null, count: 4 },
    { temperature: 'warm', site: 12 },
  ]
  beforeAll(async () => {
    const folder = await temporaryFolder()
    clip = await Clip.load('scenes')
    const files = await writePictures(join(folder, 'images'), 5)
    images = [...filesAsImages(files)].map((image, i) => ({
      ...image,
      id: String(i),
      caption: `picture ${i}`,
      ...(metadata[i] && { metadata: metadata[i] }),
    }))
    archive = await Archive.open(join(folder, 'photos'), { clip })
    await archive.addImages(images.slice(0, 2))
    await archive.addImages(images)
  })
  afterAll(async () => {
    await archive.close()
    clip.dispose()
  })

  const ids = async (where: string) => (await all(archive.rows({ where, return: ['id'] }))).map(({ id }) => id)

  test.each([
    ["site = 'north'", ['0']],
    ["SITE = 'o''hara'", ['1']],
    ['night', ['0']],
    ['temperature < 0', ['1']],
    ['meta_width = 7 AND width = 40', ['0']],
    ['count IS NOT NULL', ['2']],
    ['site IS NULL', ['2', '4']],
    ["caption LIKE '%3'", ['3']],
    ["added_at > timestamp '2020-01-01'", ['0', '1', '2', '3', '4']],
  ])('where %s', async (where, wanted) => {
    expect(await ids(where)).toEqual(wanted)
    expect(await archive.count(where)).toBe(wanted.length)
    expect((await archive.search({ image: await images[0]!.bytes() }, { topK: 9, where })).map(({ id }) => id).sort()).toEqual(wanted)
  })

  test('come back as they were given, also values of another type than the column', async () => {
    const rows = await all(archive.rows({ return: ['metadata'] }))
    expect(rows.map((row) => row.metadata)).toEqual([...metadata, undefined])
    expect((await archive.stats()).columns).toEqual({
      site: 'string',
      night: 'boolean',
      temperature: 'number',
      meta_width: 'number',
      count: 'number',
    })
  })

  test('a field that no row has is refused with the one that was meant', async () => {
    expect(() => archive.rows({ return: ['capton' as never] })).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /caption\?/))
    await expect(archive.search('a fox', { return: ['rowid' as never] })).rejects.toThrow(
      expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /return/),
    )
  })
})

test('a boolean that only the last of many rows has', async () => {
  const folder = await temporaryFolder()
  const clip = await Clip.load('scenes')
  await using archive = await Archive.open(join(folder, 'sparse'), { clip })
  const bytes = () => Promise.reject(new Error('never read'))
  const images = Array.from({ length: 1001 }, (_, i) => {
    const vector = new Float32Array(clip.info.embedDim).fill(i + 1)
    return { id: `v${i}`, uri: `x:${i}`, vector, bytes, ...(i === 1000 && { metadata: { late: true } }) }
  })
  await archive.addImages(images)
  expect(await archive.count('late IS NULL')).toBe(1000)
  expect(await all(archive.rows({ where: 'late', return: ['id'] }))).toEqual([{ id: 'v1000' }])
  clip.dispose()
})
