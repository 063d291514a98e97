import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { archivePlace } from '../../lib/archive/place'
import { Clip } from '../../lib/clip/clip'
import { indexSources } from '../../lib/engine/index-sources'
import { saveTinyClip } from '../api/tiny-clip'
import { filesAsImages, temporaryFolder, writePictures } from './pictures'

let folder: string
let clip: Clip
let files: string[]
beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  files = await writePictures(join(folder, 'images'), 3)
})
afterAll(() => clip.dispose())

async function made(name: string): Promise<string> {
  const path = join(folder, name)
  await using archive = await Archive.open(path, { clip })
  await archive.addImages(filesAsImages(files))
  return path
}
const opening = (path: string, options = {}) => expect(Archive.open(path, { clip, ...options }))

describe('Archive.open refuses', () => {
  test('a place without an archive, and names the command that makes one', async () => {
    const path = join(folder, 'nothing')
    for (const options of [{}, { readOnly: true }, { clip, create: false }])
      await expect(Archive.open(path, options)).rejects.toThrow(
        expect.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /wordmask index SOURCES --into .*nothing/),
      )
  })

  test('vectors of another model, and names both', async () => {
    const path = await made('scenes')
    const other = await Clip.load(await saveTinyClip(folder), { device: 'cpu' })
    await expect(Archive.open(path, { clip: other })).rejects.toThrow(
      expect.toHaveCode('ERR_WORDMASK_ARCHIVE_MODEL', /come from scenes.*--model scenes.*index/),
    )
    other.dispose()
  })

  test('a newer format', async () => {
    const path = await made('newer')
    const file = join(path, 'archive.json')
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), version: 2 }))
    await opening(path).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_VERSION', /npm install wordmask@latest/))
  })

  test.each<[string, (path: string) => Promise<unknown>]>([
    [
      'archive.json that is cut off',
      async (path) => writeFile(join(path, 'archive.json'), (await readFile(join(path, 'archive.json'))).subarray(0, 50)),
    ],
    ['archive.json of something else', (path) => writeFile(join(path, 'archive.json'), '{"name":"other"}')],
    ['no archive.json beside rows', (path) => rm(join(path, 'archive.json'))],
    ['no table', (path) => rm(join(path, 'images.lance'), { recursive: true })],
    ['a table without manifests', (path) => rm(join(path, 'images.lance', '_versions'), { recursive: true })],
  ])('a damaged archive: %s', async (name, damage) => {
    const path = await made(`damaged ${name}`)
    await damage(path)
    await opening(path).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_ARCHIVE', /is damaged: .*wordmask index SOURCES --into/))
  })

  test('a folder of other files and a file', async () => {
    const path = join(folder, 'other')
    await mkdir(path)
    await writeFile(join(path, 'notes.txt'), 'mine')
    await opening(path).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_ARCHIVE', /folder of other files \(notes\.txt\)/))
    await opening(join(path, 'notes.txt')).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_ARCHIVE', /no folder|other files/))
  })

  test('misspelt options', async () => {
    await opening(join(folder, 'x'), { readonly: true }).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /readOnly/))
    await opening(join(folder, 'x'), { clip: 'scenes' }).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /a Clip/))
  })
})

test('what a creation that was stopped left is taken over: tables without rows, and a file that was not finished', async () => {
  const path = await made('stopped')
  const file = join(path, 'archive.json')
  const unfinished = join(path, '.0123456789abcdef.partial')
  await rm(join(path, 'images.lance'), { recursive: true })
  await rename(file, unfinished)
  await using archive = await Archive.open(path, { clip })
  expect(await archive.count()).toBe(0)
})

test('eight that make one archive at once open the same', async () => {
  const path = join(folder, 'at once')
  const archives = await Promise.all(Array.from({ length: 8 }, () => Archive.open(path, { clip })))
  await archives[0]!.addImages(filesAsImages(files))
  for (const archive of archives) {
    expect(await archive.count()).toBe(files.length)
    await archive.close()
  }
})

test('an archive whose perceptual hashes are of another rule, or of none that is recorded, is searched and not added to', async () => {
  for (const perceptualHash of ['other-rule', undefined]) {
    const path = await made(`hashes ${perceptualHash}`)
    const file = join(path, 'archive.json')
    const identity = JSON.parse(await readFile(file, 'utf8'))
    expect(identity.perceptualHash).toBe('mean-luma-32')
    await writeFile(file, JSON.stringify({ ...identity, perceptualHash }))
    await using archive = await Archive.open(path, { clip })
    expect(await archive.search('a fox', { topK: 3 })).toHaveLength(3)
    const refusal = expect.toHaveCode(
      'ERR_WORDMASK_ARCHIVE',
      /another rule \((other-rule|unrecorded), here mean-luma-32\).*index SOURCES --into OTHER/,
    )
    expect(() => archive.add(join(folder, 'images'))).toThrow(refusal)
    await expect(archive.addRecords([])).rejects.toThrow(refusal)
    await expect(indexSources(archive, join(folder, 'images'))).rejects.toThrow(refusal)
    expect((await archive.stats()).rows).toBe(3)
  }
})

test('a creation that was stopped before archive.json is taken up again', async () => {
  const path = join(folder, 'begun')
  await (await Archive.open(path, { clip })).close()
  await rm(join(path, 'archive.json'))
  await (await Archive.open(path, { clip })).close()
})

test('two processes that make one archive at once agree on it', async () => {
  const path = join(folder, 'race')
  const archives = await Promise.all([1, 2, 3].map(() => Archive.open(path, { clip })))
  expect(new Set(archives.map(({ parts }) => parts.identity.id)).size).toBe(1)
  for (const archive of archives) await archive.close()
})

test('the local part of an archive on an object store lies in the cache, one folder a URI', () => {
  const place = archivePlace('s3://bucket/photos/', { cache: '/c' })
  expect(place).toMatchObject({ uri: 's3://bucket/photos', remote: true, file: 's3://bucket/photos/archive.json' })
  expect(place.local).toMatch(/^\/c\/[0-9a-f]{16}$/)
  expect(archivePlace('s3://bucket/photos', { cache: '/c' })).toEqual(place)
  expect(archivePlace('/a/b')).toEqual({ uri: '/a/b', remote: false, file: '/a/b/archive.json', local: '/a/b/local' })
  expect(archivePlace('file:///a/b')).toEqual(archivePlace('/a/b'))
})
