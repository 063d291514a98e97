import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openShard, planShards } from '../../lib/sources'
import { S3Store } from '../../lib/storage/s3'
import { withS3 } from '../helpers/s3-server'
import { Web } from '../storage/web'
import { expectReadBack, opened, tarOf } from './files'

const s3 = withS3('pile')

async function put(files: Record<string, string | Uint8Array>): Promise<void> {
  const store = new S3Store()
  for (const [key, data] of Object.entries(files)) await store.put(`s3://pile/${key}`, data)
}

const half = (...bits: number[]) => Buffer.from(Uint16Array.from(bits).buffer)
const npy = (shape: string, data: Buffer) => {
  const header = `{'descr': '<f2', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117)
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([118, 0]), Buffer.from(`${header}\n`), data])
}

describe('s3://', () => {
  beforeEach(({ skip }) => skip(!s3.server, s3.missing))

  test('a folder with tars and captions, a glob, one image; every image is read back by its row; shards give the same', async () => {
    await put({
      'p/a/1.jpg': '1',
      'p/a/1.txt': 'one',
      'p/a b/é.png': 'e',
      'p/.hidden/x.jpg': '-',
      'p/a/.y.jpg': '-',
      'pq/other.jpg': '-',
      'p/t.tar': await tarOf([
        ['1.jpg', 'in a tar'],
        ['1.txt', 'tarred'],
        ['2.jpg', 'two'],
      ]),
    })
    const { images } = await opened('s3://pile/p', { captions: true })
    expect(images.map(({ uri, key, caption }) => [uri.slice(10), key, caption])).toEqual([
      ['p/a b/é.png', undefined, undefined],
      ['p/a/1.jpg', undefined, 'one'],
      ['p/t.tar', '1.jpg', 'tarred'],
      ['p/t.tar', '2.jpg', undefined],
    ])
    await expectReadBack(images)
    expect((await opened('s3://pile/p/')).images.map(({ id }) => id)).toEqual(images.map(({ id }) => id))
    expect((await opened('s3://pile/p/*/*.{jpg,png}')).images.map(({ uri }) => uri)).toEqual([
      's3://pile/p/a b/é.png',
      's3://pile/p/a/1.jpg',
    ])
    expect((await opened('s3://pile/p/a/1.jpg')).images[0]!.id).toBe(images[1]!.id)
    const rows = []
    for await (const shard of planShards('s3://pile/p', { captions: true, shardSize: 1 }))
      for await (const { bytes, ...row } of openShard(JSON.parse(JSON.stringify(shard)))) rows.push(row)
    expect(rows).toEqual(images.map(({ bytes, ...row }) => row))
    await expect(opened('s3://pile/nothing')).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /no image in s3:\/\/pile\/nothing/)
  })

  test('a key with a part that is .. is rejected, and it alone; one with an empty part is an image', async () => {
    await put({ 'k/1.jpg': '1', 'k/x/../../2.jpg': '2', 'k//3.jpg': '3', 'k/x/../note.txt': '-' })
    const { images, rejects } = await opened('s3://pile/k')
    expect(images.map(({ uri }) => uri)).toEqual(['s3://pile/k//3.jpg', 's3://pile/k/1.jpg'])
    expect(rejects.map(({ uri, code }) => [uri, code])).toEqual([['s3://pile/k/x/../../2.jpg', 'ERR_WORDMASK_INVALID_ARGUMENT']])
    const told: string[] = []
    const found: string[] = []
    for await (const shard of planShards('s3://pile/k', { onReject: ({ uri }) => told.push(uri) }))
      for await (const image of openShard(shard)) found.push(`${image.uri} ${await image.bytes()}`)
    expect(found).toEqual(['s3://pile/k//3.jpg 3', 's3://pile/k/1.jpg 1'])
    expect(told).toEqual(['s3://pile/k/x/../../2.jpg'])
  })

  test('lists and a dump: relative to themselves', async () => {
    const parquet = (columns: Record<string, string[]>) =>
      Buffer.from(
        parquetWriteBuffer({ columnData: Object.entries(columns).map(([name, data]) => ({ name, data, type: 'STRING' as const })) }),
      )
    await put({
      'l/in/a.jpg': 'a',
      'l/in/b.jpg': 'b',
      'l/l.csv': 'path,n\nin/a.jpg,1\n./in/b.jpg,2\n../escape.jpg,3\n',
      'l/l.parquet': parquet({ path: ['in/a.jpg', 's3://pile/l/in/b.jpg'] }),
      'd/img_emb/img_emb_0.npy': npy('(2, 1)', half(0x3c00, 0xc000)),
      'd/metadata/metadata_0.parquet': parquet({ image_path: ['../x.jpg', 'y.jpg'] }),
    })
    for (const [name, rejected] of [
      ['l.csv', 1],
      ['l.parquet', 0],
    ] as const) {
      const { images, rejects } = await opened(`s3://pile/l/${name}`)
      expect(images.map(({ uri }) => uri)).toEqual(['s3://pile/l/in/a.jpg', 's3://pile/l/in/b.jpg'])
      expect(rejects).toHaveLength(rejected)
      await expectReadBack(images)
    }
    const dump = await opened('s3://pile/d')
    expect(dump.images.map(({ uri, vector }) => [uri, vector![0]])).toEqual([['s3://pile/d/y.jpg', -2]])
    expect(dump.rejects).toMatchObject([{ key: 'row 1', code: 'ERR_WORDMASK_INVALID_ARGUMENT' }])
  })
})

describe('https://', () => {
  let web: Web
  beforeAll(async () => {
    const shard = (n: number) =>
      tarOf([
        ['1.jpg', `first of ${n}`],
        ['2.jpg', 'second'],
      ])
    web = await Web.start({
      '/t/00.tar': await shard(0),
      '/t/01.tar': await shard(1),
      '/in/a.jpg': Buffer.from('a'),
      '/in/b%20c.jpg': Buffer.from('b'),
      '/sets/l.txt': Buffer.from('../in/a.jpg\n../in/b c.jpg\n/in/a.jpg\nhttp://other.example/a.jpg\n'),
    })
  })
  afterAll(() => web.close())

  test('one’s own shards by braces: a tar is one request, an image read back is one more, by range', async () => {
    const { images } = await opened(web.url('/t/{00..01}.tar'))
    expect(images.map(({ uri, key, offset }) => [uri, key, offset])).toEqual([
      [web.url('/t/00.tar'), '1.jpg', 512],
      [web.url('/t/00.tar'), '2.jpg', 1536],
      [web.url('/t/01.tar'), '1.jpg', 512],
      [web.url('/t/01.tar'), '2.jpg', 1536],
    ])
    expect(web.asked('/t/00.tar').filter((asked) => asked.startsWith('GET'))).toHaveLength(1)
    await expectReadBack(images)
    expect(web.asked('/t/00.tar')).toContain('GET bytes=512-521')
  })

  test('a list names files of its own host only; a folder cannot be listed; secrets of an address are not told', async () => {
    const { images, rejects } = await opened(web.url('/sets/l.txt'))
    expect(images.map(({ uri }) => uri)).toEqual([web.url('/in/a.jpg'), web.url('/in/b%20c.jpg'), web.url('/in/a.jpg')])
    expect(rejects).toMatchObject([{ code: 'ERR_WORDMASK_INVALID_ARGUMENT', reason: expect.stringMatching(/Row 4 .*does not crawl/) }])
    expect(Buffer.from(await images[1]!.bytes()).toString()).toBe('b')
    await expect(opened(web.url('/in/'))).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /does not say what files it has/)
    expect((await opened(web.url('/in/a.jpg?token=hidden'))).images).toHaveLength(1)
    await expect(opened(web.url('/t/none.tar?token=hidden'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /token=\*\*\*/)
    const name = async () => {
      for await (const shard of planShards(web.url('/t/00.tar?token=hidden'))) return shard.name
    }
    expect(await name()).toBe(web.url('/t/00.tar?token=***'))
  })
})
