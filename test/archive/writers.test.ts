import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { Clip } from '../../lib/clip/clip'
import { addInChild } from './child'
import { all, expectSameRows, filesAsImages, temporaryFolder, wholeRows, writePictures } from './pictures'

let folder: string
let clip: Clip
let files: string[]
const images = () => join(folder, 'images')
beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  files = await writePictures(images(), 60)
})
afterAll(() => clip.dispose())

test('two processes that add the same pictures at once: each row once', { timeout: 240_000 }, async () => {
  const path = join(folder, 'same')
  const ended = await Promise.all([1, 2].map((i) => addInChild(path, images(), { commitRows: 7 * i, batchSize: 3 })))
  for (const { end, failed, stderr } of ended) expect(end, `${failed?.message} ${stderr}`).toBeDefined()
  await using archive = await Archive.open(path, { readOnly: true })
  await using alone = await Archive.open(join(folder, 'alone'), { clip })
  await alone.addImages(filesAsImages(files))
  const ids = (await all(archive.rows({ return: ['id'] }))).map(({ id }) => id)
  expect(ids.sort()).toEqual(files)
  const sorted = async (of: Archive) =>
    (await wholeRows(of)).map(({ caption: _, metadata: __, ...row }) => row).sort((a, b) => (a.id < b.id ? -1 : 1))
  expectSameRows(await sorted(archive), await sorted(alone))
})

test('two writers of one process with different pictures: all rows of both', async () => {
  const path = join(folder, 'halves')
  const writers = await Promise.all([1, 2].map(() => Archive.open(path, { clip, commitRows: 4 })))
  await Promise.all(writers.map((writer, i) => writer.addImages(filesAsImages(files.slice(i * 30, i * 30 + 30)), { batchSize: 2 })))
  for (const writer of writers) expect(await writer.count()).toBe(60)
  for (const writer of writers) await writer.close()
})

test('a reader while rows are added: it sees whole commits, more with every look, and finds what it sees', {
  timeout: 120_000,
}, async () => {
  const path = join(folder, 'read')
  await using writer = await Archive.open(path, { clip, commitRows: 10 })
  await using reader = await Archive.open(path, { clip, readOnly: true })
  let over = false
  const adding = Promise.resolve(writer.addImages(filesAsImages(files), { batchSize: 2 })).finally(() => {
    over = true
  })
  let seen = 0
  while (!over) {
    const rows = await all(reader.rows({ return: ['id', 'vector'] }))
    expect(rows.length).toBeGreaterThanOrEqual(seen)
    seen = rows.length
    const last = rows.at(-1)
    if (last) expect(await reader.search({ vector: last.vector! }, { topK: 1 })).toMatchObject([{ id: last.id }])
    await delay(5)
  }
  await adding
  expect(await reader.count()).toBe(60)
  expect((await reader.search('a fox', { topK: 100 })).length).toBe(60)
})

test('searches that overlap a delete and a compaction give rows of one version', async () => {
  await using archive = await Archive.open(join(folder, 'overlap'), { clip, commitRows: 8 })
  await archive.addImages(filesAsImages(files), { batchSize: 4 })
  const searches = Array.from({ length: 20 }, (_, i) => delay(i * 3).then(() => archive.search('a fox', { topK: 100, return: ['width'] })))
  await archive.delete(`id < '${files[20]}'`)
  await archive.optimize()
  for (const hits of await Promise.all(searches)) {
    expect([40, 60]).toContain(hits.length)
    for (const { width, id } of hits) expect([width, typeof id]).toEqual([40, 'string'])
  }
})
