import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import type { SourceImage } from '../../lib/archive/types'
import { Clip } from '../../lib/clip/clip'
import { openSource } from '../../lib/sources'
import { storeOf } from '../../lib/storage'
import { withS3 } from '../helpers/s3-server'
import { all, expectSameRows, filesAsImages, temporaryFolder, wholeRows, writePictures } from './pictures'

const s3 = withS3('photos')
let folder: string
let clip: Clip

beforeAll(async () => {
  if (!s3.server) return
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  const files = await writePictures(join(folder, 'images'), 20, { 7: Buffer.from('no picture') })
  const store = await storeOf('s3://photos')
  for (const file of files) await store.put(`s3://photos/images/${file.slice(-9)}`, await readFile(file))
})
afterAll(() => clip?.dispose())
beforeEach(({ skip }) => skip(!s3.server, s3.missing))

const open = (machine: string, more: object = {}) => Archive.open('s3://photos/archive', { clip, cache: join(folder, machine), ...more })
const some = async (from: number, to: number): Promise<SourceImage[]> => (await all(openSource('s3://photos/images'))).slice(from, to)

describe('an archive in a bucket, of pictures in a bucket', () => {
  test('holds the rows that one in a folder holds', async () => {
    const far = await open('one')
    expect(await far.addImages(openSource('s3://photos/images'))).toMatchObject({ done: 19, rejected: 1 })
    const near = await Archive.open(join(folder, 'local'), { clip })
    await near.addImages(openSource('s3://photos/images'))
    expectSameRows(await wholeRows(far), await wholeRows(near))
    expect((await all(far.rejects())).map(({ uri, code }) => [uri, code])).toEqual([['s3://photos/images/00007.png', 'ERR_WORDMASK_IMAGE']])
    const query = { image: await (await storeOf('s3://photos')).read('s3://photos/images/00003.png') }
    const hits = await far.search(query, { topK: 5 })
    expect(hits[0]).toMatchObject({ uri: 's3://photos/images/00003.png' })
    expect(hits.map(({ uri }) => uri)).toEqual((await near.search(query, { topK: 5 })).map(({ uri }) => uri))
    await Promise.all([far.close(), near.close()])
  })

  test('another machine finds it, adds nothing twice, and has its own vectors beside it', async () => {
    const notices: string[] = []
    const other = await open('two', { onNotice: (notice: string) => notices.push(notice) })
    expect(await other.count()).toBe(19)
    expect(notices).toEqual([])
    expect(await other.addImages(openSource('s3://photos/images'))).toMatchObject({ done: 0, skipped: 20 })
    expect((await other.search('a fox', { topK: 3 })).length).toBe(3)
    expect(notices).toEqual([expect.stringMatching(/^19 vectors \(0\.0 MiB\) of s3:\/\/photos\/archive are brought to .*two/)])
    await other.close()
    await rm(join(folder, 'two'), { recursive: true })
    const again = await open('two', { readOnly: true })
    expect((await again.search('a fox', { topK: 3 })).length).toBe(3)
    await again.close()
  })

  test('two machines that add at once: every picture is there, once', async () => {
    const uri = 's3://photos/both'
    const make = (machine: string) => Archive.open(uri, { clip, cache: join(folder, machine) })
    const [a, b] = await Promise.all([make('a'), make('b')])
    await Promise.all([a.addImages(await some(0, 14)), b.addImages(await some(9, 20))])
    await Promise.all([a.close(), b.close()])
    const rows = await all((await make('c')).rows({ return: ['uri'] }))
    expect(rows.map(({ uri: of }) => of).sort()).toEqual(
      (await some(0, 20)).map(({ uri: of }) => of).filter((name) => !name.endsWith('00007.png')),
    )
  })

  test('the other machine adds the same pictures between the look and the commit of this one: every picture is there, once', async () => {
    const make = (machine: string) => Archive.open('s3://photos/between', { clip, cache: join(folder, machine) })
    const [a, b] = await Promise.all([make('d'), make('e')])
    const { images } = (a as unknown as { parts: { tables: { images: { add(rows: unknown): Promise<unknown> } } } }).parts.tables
    const add = images.add.bind(images)
    let met = 0
    images.add = async (rows) => {
      if (met++ === 0) await b.addImages(await some(0, 6))
      return add(rows)
    }
    await a.addImages(await some(0, 6))
    expect(met).toBe(1)
    const ids = (await all(a.rows({ return: ['id'] }))).map(({ id }) => id)
    expect([ids.length, new Set(ids).size]).toEqual([6, 6])
    expect(new Set((await a.search('a fox', { topK: 10 })).map(({ id }) => id)).size).toBe(6)
    await Promise.all([a.close(), b.close()])
  })

  test('the files of a folder can be the pictures of an archive in a bucket', async () => {
    const files = await writePictures(join(folder, 'more'), 3)
    const archive = await Archive.open('s3://photos/of-files', { clip, cache: join(folder, 'f') })
    await archive.addImages(filesAsImages(files))
    await archive.optimize()
    expect(await archive.count()).toBe(3)
    await archive.close()
  })
})
