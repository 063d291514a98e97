import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { Clip } from '../../lib/clip/clip'
import { all, type Counted, expectSameRows, filesAsImages, temporaryFolder, wave, wholeRows, writePictures } from './pictures'

let folder: string
let clip: Clip
let files: string[]
beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  files = await writePictures(join(folder, 'images'), 20, { 7: Buffer.from('no picture'), 8: new Uint8Array(0) })
})
afterAll(() => clip.dispose())

describe('an archive of 18 pictures and two broken files', () => {
  let archive: Archive
  beforeAll(async () => {
    archive = await Archive.open(join(folder, 'photos'), { clip })
  })
  afterAll(() => archive.close())

  test('add embeds what can be read, and says so', async () => {
    const progress = await archive.addImages(filesAsImages(files), { total: 20 })
    expect(progress).toMatchObject({ done: 18, skipped: 0, rejected: 2, eta: 0 })
    expect(await archive.count()).toBe(18)
  })

  test('rows hold size, hashes and a vector of unit length', async () => {
    const rows = await all(archive.rows({ return: ['uri', 'width', 'height', 'bytes', 'sha256', 'phash', 'addedAt', 'vector'] }))
    expect(rows.map(({ uri }) => uri)).toEqual(files.filter((_, i) => i !== 7 && i !== 8))
    expect(rows[0]).toMatchObject({ width: 40, height: 30, bytes: (await wave(0)).length })
    expect(rows[0]!.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(rows[0]!.phash).toMatch(/^[0-9a-f]{16}$/)
    expect(Math.abs(Date.parse(rows[0]!.addedAt) - Date.now())).toBeLessThan(3_600_000)
    for (const { vector } of rows) expect(Math.hypot(...vector!)).toBeCloseTo(1, 2)
  })

  test('the vectors are those of encodeImage, rounded to half precision', async () => {
    const rows = await all(archive.rows({ return: ['uri', 'vector'] }))
    const { data, shape } = await clip.encodeImage(rows.map(({ uri }) => uri))
    const dim = shape[1]!
    for (const [i, { vector }] of rows.entries()) {
      for (let j = 0; j < dim; j++) expect(Math.abs(vector![j]! - data[i * dim + j]!)).toBeLessThan(1e-3)
    }
  })

  test('rejects tell the code and the reason', async () => {
    expect(await all(archive.rejects())).toMatchObject([
      { id: files[7], uri: files[7], code: 'ERR_WORDMASK_IMAGE', reason: expect.stringMatching(/cannot be decoded/) },
      { id: files[8], uri: files[8], code: 'ERR_WORDMASK_IMAGE', reason: expect.stringMatching(/empty/) },
    ])
  })

  test('a second add skips everything, rejects included', async () => {
    expect(await archive.addImages(filesAsImages(files))).toMatchObject({ done: 0, skipped: 20, rejected: 0 })
    expect(await archive.count()).toBe(18)
  })

  test('a picture finds itself with a cosine of 1, by image, by vector and in a list of queries', async () => {
    const [row] = await all(archive.rows({ where: `uri = '${files[3]}'`, return: ['vector'] }))
    const [one, other, none] = await archive.search([{ image: files[3]! }, { vector: row!.vector! }, { vector: row!.vector! }], {
      topK: 3,
      minScore: 0.5,
    })
    expect(one![0]).toMatchObject({ uri: files[3], score: expect.closeTo(1, 2) })
    expect(other!.map(({ id }) => id)).toEqual(none!.map(({ id }) => id))
    const hits = await archive.search('a fox', { topK: 5, return: ['width'] })
    expect(hits).toHaveLength(5)
    expect(Object.keys(hits[0]!).sort()).toEqual(['id', 'score', 'uri', 'width'])
    expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a))
  })

  test('where narrows the search', async () => {
    const hits = await archive.search('a fox', { topK: 50, where: `uri < '${files[4]}'` })
    expect(hits.map(({ uri }) => uri).sort()).toEqual(files.slice(0, 4))
    expect(await archive.search('a fox', { where: 'width > 1000' })).toEqual([])
    await expect(archive.search('a fox', { where: 'widht > 3' })).rejects.toThrow(
      expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /widht/),
    )
    await expect(archive.search('a fox', { where: 'width >' })).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /where/))
  })

  test('plus and minus add and subtract directions', async () => {
    const rows = await all(archive.rows({ return: ['id', 'vector'] }))
    const vectors = rows.map(({ vector }) => vector!)
    const wanted = vectors[0]!.map((value, i) => value + vectors[1]![i]! - vectors[2]![i]!)
    const mixed = await archive.search({ plus: [{ vector: vectors[0]! }, { vector: vectors[1]! }], minus: [{ vector: vectors[2]! }] })
    const direct = await archive.search({ vector: wanted })
    expect(mixed.map(({ id }) => id)).toEqual(direct.map(({ id }) => id))
  })

  test('BAD CALL - a vector of another length or that is not finite: said which number is wrong, and where', async () => {
    const dim = clip.info.embedDim
    const with3 = (value: unknown) => Array.from({ length: dim }, (_, i) => (i === 3 ? value : 1)) as number[]
    for (const [vector, words] of [
      [[Number.NaN], `Expected ${dim} numbers.*received "1 numbers"`],
      [with3(Number.NaN), `Expected ${dim} finite float32 numbers.*"NaN at index 3"`],
      [with3(-Infinity), '"-Infinity at index 3"'],
      [with3(1e39), '"1e\\+39 at index 3"'],
      [with3('x'), '"x at index 3"'],
    ] as const)
      for (const query of [{ vector }, { plus: [{ vector: with3(1) }], minus: [{ vector }] }])
        await expect(archive.search(query)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', new RegExp(words))
  })

  test('another archive of the same pictures holds the same rows', async () => {
    await using other = await Archive.open(join(folder, 'again'), { clip, commitRows: 5 })
    for await (const { rate } of other.addImages(filesAsImages(files), { batchSize: 3 })) expect(rate).toBeGreaterThanOrEqual(0)
    expectSameRows(await wholeRows(other), await wholeRows(archive))
  })

  test('opened again without a model it is searched by vector, not by text', async () => {
    await using again = await Archive.open(join(folder, 'photos'), { readOnly: true })
    const [row] = await all(again.rows({ return: ['vector'] }))
    expect(await again.search({ vector: row!.vector! }, { topK: 1 })).toMatchObject([{ id: row!.id }])
    await expect(again.search('a fox')).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /Clip\.load\("scenes"\)/))
    expect(() => again.addImages([])).toThrow(expect.toHaveCode('ERR_WORDMASK_READ_ONLY', /readOnly/))
    expect(await again.stats()).toMatchObject({ rows: 18, crops: 0, rejects: { ERR_WORDMASK_IMAGE: 2 }, journalBytes: 0 })
  })
})

test('another content under the same id replaces the row; known versions are not read', async () => {
  await using archive = await Archive.open(join(folder, 'changing'), { clip })
  const [file] = await writePictures(join(folder, 'changing-images'), 1)
  const counted: Counted = { reads: 0 }
  await archive.addImages(filesAsImages([file!], counted, { version: '1' }))
  const before = await all(archive.rows())
  expect(await archive.addImages(filesAsImages([file!], counted, { version: '1' }))).toMatchObject({ skipped: 1 })
  expect(counted.reads).toBe(1)
  await writeFile(file!, await wave(99))
  expect(await archive.addImages(filesAsImages([file!], counted, { version: '2' }))).toMatchObject({ done: 1 })
  const after = await all(archive.rows())
  expect(after).toHaveLength(1)
  expect(after[0]!.sha256).not.toBe(before[0]!.sha256)
  expect(await archive.search({ image: await wave(99) }, { topK: 1 })).toMatchObject([{ score: expect.closeTo(1, 2) }])
})

test('what was rejected is tried again only when asked to', async () => {
  await using archive = await Archive.open(join(folder, 'rejecting'), { clip })
  const [file] = await writePictures(join(folder, 'rejecting-images'), 1, { 0: Buffer.from('nothing') })
  const counted: Counted = { reads: 0 }
  await archive.addImages(filesAsImages([file!], counted))
  await writeFile(file!, await wave(5))
  expect(await archive.addImages(filesAsImages([file!], counted))).toMatchObject({ skipped: 1 })
  expect(counted.reads).toBe(1)
  expect(await archive.addImages(filesAsImages([file!], counted), { retryRejects: true })).toMatchObject({ done: 1 })
  expect(await all(archive.rejects())).toEqual([])
})

test('an archive that nothing was added to gives nothing', async () => {
  await using archive = await Archive.open(join(folder, 'empty'), { clip })
  expect(await archive.addImages([])).toMatchObject({ done: 0, skipped: 0, rejected: 0 })
  expect(await archive.search('a fox')).toEqual([])
  expect(await all(archive.rows())).toEqual([])
  expect(existsSync(join(folder, 'empty', 'archive.json'))).toBe(true)
})

test('hidden rows are out of searches, rows and counts until they are restored; a replaced one comes back', async () => {
  await using archive = await Archive.open(join(folder, 'hiding'), { clip })
  const pictures = await writePictures(join(folder, 'hiding-images'), 6)
  await archive.addImages(filesAsImages(pictures))
  const ids = async () => (await archive.search('a fox', { topK: 9 })).map(({ id }) => id).sort()
  expect(await archive.hide({ ids: [pictures[0]!, pictures[1]!, 'no such'] }, 'duplicate')).toBe(2)
  expect(await archive.hide(`id <= '${pictures[2]}'`, 'blurred')).toBe(1)
  expect(await ids()).toEqual(pictures.slice(3))
  expect(await archive.search('a fox', { topK: 9, where: `id < '${pictures[4]}'` })).toHaveLength(1)
  expect(await archive.count()).toBe(3)
  expect((await all(archive.rows())).map(({ id }) => id)).toEqual(pictures.slice(3))
  expect(await all(archive.rows({ hidden: true }))).toHaveLength(6)
  expect((await archive.stats()).hidden).toBe(3)
  expect(await archive.addImages(filesAsImages(pictures))).toMatchObject({ skipped: 6 })
  await writeFile(pictures[2]!, await wave(77))
  await archive.addImages(filesAsImages(pictures))
  expect(await ids()).toEqual(pictures.slice(2))
  expect(await archive.restore('duplicate')).toBe(2)
  expect(await ids()).toEqual(pictures)
})
