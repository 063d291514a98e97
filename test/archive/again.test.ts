import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { Clip } from '../../lib/clip/clip'
import { storeOf } from '../../lib/storage'
import { withS3 } from '../helpers/s3-server'
import { type TarEntry, tarOf } from '../sources/files'
import { all, temporaryFolder, wave, writePictures } from './pictures'

const s3 = withS3('again')
let clip: Clip
beforeAll(async () => {
  clip = await Clip.load('scenes')
})
afterAll(() => clip?.dispose())

/** How often `work` read a file of a folder or an object, and how often it only asked for size and time. */
async function counted(uri: string, work: () => PromiseLike<unknown>): Promise<{ reads: number; looks: number; result: unknown }> {
  const store = await storeOf(uri)
  const reads = [vi.spyOn(store, 'read'), vi.spyOn(store, 'stream')]
  const look = vi.spyOn(store, 'stat')
  try {
    const result = await work()
    const ours = (calls: unknown[][]) => calls.filter(([of]) => /\.(png|jpg|tar)$/.test(String(of))).length
    // An S3 read is a stream of its own.
    const count = ours(reads[store.scheme === 'file' ? 0 : 1]!.mock.calls as unknown[][])
    return { reads: count, looks: ours(look.mock.calls as unknown[][]), result }
  } finally {
    for (const spy of [...reads, look]) spy.mockRestore()
  }
}

describe('indexing a folder again', () => {
  test('reads nothing that is as it was; what changed is read, and replaced where its content did', async () => {
    const folder = await temporaryFolder()
    const images = join(folder, 'images')
    const files = await writePictures(images, 12, { 5: Buffer.from('no picture') })
    const archive = await Archive.open(join(folder, 'archive'), { clip })
    const add = () => counted(images, () => archive.add(images, { captions: false }))
    const first = await add()
    expect(first).toMatchObject({ reads: 12, result: { done: 11, skipped: 0, rejected: 1 } })
    expect(await add()).toMatchObject({ reads: 0, looks: 12, result: { done: 0, skipped: 12, rejected: 0 } })

    await writeFile(files[3]!, await wave(77, 50, 40))
    await utimes(files[4]!, 1, 1)
    await writeFile(files[5]!, await wave(5))
    expect(await add()).toMatchObject({ reads: 3, result: { done: 2, skipped: 10 } })
    expect(await all(archive.rows({ where: `uri = '${files[3]}'`, return: ['width', 'height'] }))).toMatchObject([
      { width: 50, height: 40 },
    ])
    expect(await archive.count()).toBe(12)
    await archive.close()
  })

  test('a tar is read through, its images are not looked at; once it has another time or size they are', async () => {
    const folder = await temporaryFolder()
    const tar = join(folder, 'a.tar')
    const write = async (seeds: number[], time: number) => {
      await writeFile(tar, await tarOf(await Promise.all(seeds.map(async (seed, i) => [`${i}.png`, padded(await wave(seed))] as TarEntry))))
      await utimes(tar, time, time)
    }
    await write([1, 2], 1000)
    const archive = await Archive.open(join(folder, 'archive'), { clip })
    expect(await archive.add(tar)).toMatchObject({ done: 2 })
    // Other images in a tar of the same size and time: had one been hashed or decoded, it would have been seen.
    await write([3, 4], 1000)
    expect(await archive.add(tar)).toMatchObject({ done: 0, skipped: 2 })
    await write([3, 2], 1001)
    expect(await archive.add(tar)).toMatchObject({ done: 1, skipped: 1 })
    await archive.close()
  })
})

/** The same length for every picture: bytes behind the end of a PNG mean nothing. */
const padded = (png: Buffer) => Buffer.concat([png, Buffer.alloc(8192 - png.length)])

test('objects of a bucket are told apart by their ETags, which listing them gives: nothing is read or asked again', async ({ skip }) => {
  skip(!s3.server, s3.missing)
  const folder = await temporaryFolder()
  const store = await storeOf('s3://again')
  for (let i = 0; i < 6; i++) await store.put(`s3://again/images/${i}.png`, await wave(i))
  const archive = await Archive.open(join(folder, 'archive'), { clip })
  const add = () => counted('s3://again', () => archive.add('s3://again/images', { captions: false }))
  expect(await add()).toMatchObject({ reads: 6, looks: 0, result: { done: 6 } })
  expect(await add()).toMatchObject({ reads: 0, looks: 0, result: { skipped: 6 } })
  await store.put('s3://again/images/2.png', await wave(40))
  expect(await add()).toMatchObject({ reads: 1, looks: 0, result: { done: 1, skipped: 5 } })
  await archive.close()
})
