import { existsSync } from 'node:fs'
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { Clip } from '../../lib/clip/clip'
import { all, filesAsImages, temporaryFolder, writePictures } from './pictures'

let folder: string
let clip: Clip
let files: string[]
beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  files = await writePictures(join(folder, 'images'), 30)
})
afterAll(() => clip.dispose())

let path: string
let number = 0
beforeEach(async () => {
  path = join(folder, `archive-${number++}`)
  await using archive = await Archive.open(path, { clip })
  await archive.addImages(filesAsImages(files.slice(0, 20)))
  await archive.search('a fox')
})

const vectors = () => join(path, 'local', 'vectors')
const named = async (ending: string) => (await readdir(vectors())).filter((name) => name.endsWith(ending))
/** Every row is the best answer to its own vector, and there are no others. */
async function searchesWell(archive: Archive, count: number): Promise<void> {
  const rows = await all(archive.rows({ return: ['id', 'vector'] }))
  expect(rows).toHaveLength(count)
  const hits = await archive.search(
    rows.map(({ vector }) => ({ vector: vector! })),
    { topK: count + 5 },
  )
  for (const [i, list] of hits.entries()) {
    expect(list).toHaveLength(count)
    expect(list[0]!.id).toBe(rows[i]!.id)
  }
}

describe('the vectors beside the table are brought up to it', () => {
  test('a file a generation, that grows with the rows', async () => {
    expect(await named('.f16')).toEqual(['vectors-1.f16'])
    await using archive = await Archive.open(path, { clip })
    await searchesWell(archive, 20)
    await archive.addImages(filesAsImages(files))
    await searchesWell(archive, 30)
    expect(await named('.f16')).toEqual(['vectors-1.f16'])
  })

  test.each<[string, () => Promise<unknown>]>([
    ['deleted', () => rm(vectors(), { recursive: true })],
    ['cut off', async () => truncate(join(vectors(), (await named('.f16'))[0]!), 1000)],
    ['without its row hashes', async () => rm(join(vectors(), (await named('.i64'))[0]!))],
    ['without its state', () => rm(join(vectors(), 'sidecar.json'))],
    ['with a state that is cut off', () => truncate(join(vectors(), 'sidecar.json'), 20)],
    ['with other bytes', async () => writeFile(join(vectors(), (await named('.f16'))[0]!), Buffer.alloc(20 * 2 * clip.info.embedDim, 7))],
  ])('%s: written anew', async (_, damage) => {
    await damage()
    await using archive = await Archive.open(path, { clip })
    await searchesWell(archive, 20)
    expect((await named('.f16')).length).toBe(1)
    expect(existsSync(join(vectors(), 'sidecar.json'))).toBe(true)
  })

  test('rows behind its end that no state speaks of are written over', async () => {
    const [file] = await named('.f16')
    await writeFile(join(vectors(), file!), Buffer.alloc(4000, 1), { flag: 'a' })
    await using archive = await Archive.open(path, { clip })
    await archive.addImages(filesAsImages(files))
    await searchesWell(archive, 30)
  })

  test('deleted rows are never found; when many are gone a new generation is written', async () => {
    await using archive = await Archive.open(path, { clip })
    expect(await archive.delete(`id IN ('${files[0]}', '${files[19]}')`)).toBe(2)
    await searchesWell(archive, 18)
    expect(await named('.f16')).toEqual(['vectors-1.f16'])
    await archive.addImages(filesAsImages(files.slice(20)))
    await searchesWell(archive, 28)
    expect(await archive.search('a fox', { topK: 50, where: `id < '${files[3]}'` })).toHaveLength(2)
    await archive.delete(`id < '${files[15]}'`)
    await searchesWell(archive, 14)
    expect(await named('.f16')).toEqual(['vectors-2.f16'])
    await archive.addImages(filesAsImages(files))
    await searchesWell(archive, 30)
  })

  test('after fragments were joined rows are found as before', async () => {
    await using archive = await Archive.open(path, { clip, commitRows: 3 })
    await archive.addImages(filesAsImages(files), { batchSize: 1 })
    await searchesWell(archive, 30)
    await archive.delete(`id = '${files[4]}'`)
    await archive.optimize({ keepSeconds: 0 })
    await searchesWell(archive, 29)
  })

  test('cut off while it is in use: the search is done over a new one', async () => {
    await using archive = await Archive.open(path, { clip })
    await searchesWell(archive, 20)
    await truncate(join(vectors(), (await named('.f16'))[0]!), 100)
    await searchesWell(archive, 20)
  })

  test('another archive at the same place does not take it for its own', async () => {
    const kept = join(folder, 'kept-vectors')
    await (await import('node:fs/promises')).cp(vectors(), kept, { recursive: true })
    await rm(path, { recursive: true })
    await using archive = await Archive.open(path, { clip })
    await archive.addImages(filesAsImages(files.slice(5, 25)))
    await (await import('node:fs/promises')).cp(kept, vectors(), { recursive: true, force: true })
    await searchesWell(archive, 20)
  })
})

test('rows of equal scores come in the order they were added in', async () => {
  await using archive = await Archive.open(path, { clip })
  const copies = [...filesAsImages([files[3]!])].flatMap((image) => ['z', 'm', 'a'].map((id) => ({ ...image, id })))
  await archive.addImages(copies)
  const [row] = await all(archive.rows({ where: `id = '${files[3]}'`, return: ['vector'] }))
  const hits = await archive.search({ vector: row!.vector! }, { topK: 4 })
  expect(hits.map(({ id }) => id)).toEqual([files[3], 'z', 'm', 'a'])
})
