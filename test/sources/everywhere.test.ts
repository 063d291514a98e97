import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SourceImage } from '../../lib/archive/types'
import { openShard, planShards, readPlaces, type SourceInput, type SourceOptions } from '../../lib/sources'
import { S3Store } from '../../lib/storage/s3'
import { withS3 } from '../helpers/s3-server'
import { Web } from '../storage/web'
import { expectReadBack, opened, tarOf, temporaryFolder, writeFiles } from './files'

const s3 = withS3('data')
let web: Web

beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web.close())
beforeEach(({ skip }) => skip(!s3.server, s3.missing))

const images = ['a.jpg', 'b/c.png', 'b/ü 100%.jpg', 'b/x+y.webp', 'z/deep/er/d.jpg', 'z/e.jpg', 'z/f.jpg']
const rows = images.map((path, i) => ({ path, caption: i === 2 ? 'two\r\nlines, "quoted"' : `picture ${i}`, score: i / 2 }))

/** The same files in a folder, in a bucket and on a web server. */
async function everywhere(): Promise<{ local: string; s3: string; web: string }> {
  const local = await temporaryFolder()
  const tar = (shard: number) =>
    tarOf(
      Array.from(
        { length: 5 },
        (_, i) =>
          [
            [`${shard}${i}.jpg`, `image ${shard} ${i}`],
            [`${shard}${i}.txt`, `caption ${i}`],
          ] as [string, string][],
      ).flat(),
    )
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  await writeFiles(local, {
    ...Object.fromEntries(images.map((name) => [`photos/${name}`, `bytes of ${name}`])),
    'photos/b/c.txt': 'beside it',
    'photos/.hidden.jpg': 'not to be seen',
    'shards/train-000.tar': await tar(0),
    'shards/train-001.tar': await tar(1),
    'photos/list.txt': `${images.join('\n')}\n`,
    'photos/list.csv': `\uFEFFpath,caption,score\r\n${rows.map(({ path, caption, score }) => `${quote(path)},${quote(caption)},${score}`).join('\r\n')}\r\n`,
    'photos/list.jsonl': `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`,
    'photos/list.parquet': Buffer.from(
      parquetWriteBuffer({
        columnData: (['path', 'caption', 'score'] as const).map((name) => ({
          name,
          data: rows.map((row) => row[name]),
          type: name === 'score' ? ('DOUBLE' as const) : ('STRING' as const),
        })),
        rowGroupSize: 3,
      }),
    ),
  })
  const store = new S3Store()
  for (const name of readdirSync(local, { recursive: true, encoding: 'utf8' })) {
    let data: Buffer
    try {
      data = readFileSync(join(local, name))
    } catch {
      continue // a folder
    }
    await store.put(`s3://data/${name}`, data)
    web.paths[`/${name}`] = data
  }
  return { local, s3: 's3://data', web: web.url('').replace(/\/$/, '') }
}

const shown = async (found: SourceImage[], place: string) =>
  Promise.all(
    found.map(async ({ uri, key, offset, length, caption, metadata, bytes }) => ({
      uri: (place.startsWith('http') ? decodeURIComponent : String)(uri.replace(`${place}/`, '')),
      ...(key && { key, offset, length }),
      caption,
      metadata,
      bytes: Buffer.from(await bytes()).toString(),
    })),
  )

async function byShards(source: SourceInput, options: SourceOptions): Promise<SourceImage[]> {
  const found: SourceImage[] = []
  for await (const shard of planShards(source, { ...options, shardSize: 2 })) {
    const sent = JSON.parse(JSON.stringify(shard)) // as through a queue
    for await (const image of openShard(sent)) found.push(image)
  }
  return found
}

describe('the same images from a folder, a bucket and a web server, at once and by shards of two', () => {
  test.each([
    ['photos', ['s3']],
    ['photos/**/*.jpg', ['s3']],
    ['photos/list.txt', ['s3', 'web']],
    ['photos/list.csv', ['s3', 'web']],
    ['photos/list.jsonl', ['s3', 'web']],
    ['photos/list.parquet', ['s3', 'web']],
    ['shards/train-{000..001}.tar', ['s3', 'web']],
    ['shards', ['s3']],
  ] as const)('%s', async (name, where) => {
    const places = await everywhere()
    const options = { captions: true }
    const local = await opened(`${places.local}/${name}`, options)
    const expected = await shown(local.images, places.local)
    expect(expected.length).toBeGreaterThan(3)
    expect(await shown(await byShards(`${places.local}/${name}`, options), places.local)).toEqual(expected)
    for (const place of where) {
      const far = await opened(`${places[place]}/${name}`, options)
      expect({ place, images: await shown(far.images, places[place]) }).toEqual({ place, images: expected })
      expect(far.rejects).toEqual([])
      await expectReadBack(far.images)
      expect(await shown(await byShards(`${places[place]}/${name}`, options), places[place])).toEqual(expected)
      expect((await byShards(`${places[place]}/${name}`, options)).map(({ id }) => id)).toEqual(far.images.map(({ id }) => id))
    }
  })

  test('addresses with a signature behind the name are tars and lists all the same, with http:// as with https://', async () => {
    const places = await everywhere()
    expect((await opened(`${places.web}/shards/train-{000..001}.tar?X-Amz-Signature=abc`)).images.length).toBe(10)
    expect((await opened(`${places.web}/photos/a.jpg?sig=abc`)).images.length).toBe(1)
    expect((await opened(`${places.web}/photos/list.csv?sig=abc`)).images.length).toBe(7)
  })

  test('rows keep no signature: neither ids nor addresses depend on it, and the bytes come by the signed one', async () => {
    const places = await everywhere()
    for (const name of ['shards/train-{000..001}.tar', 'photos/a.jpg', 'photos/list.csv']) {
      const plain = await opened(`${places.web}/${name}`)
      const signed = await opened(`${places.web}/${name}?X-Amz-Expires=9&X-Amz-Signature=5ec4e7`)
      const rows = ({ images }: typeof plain) => images.map(({ id, uri, key, offset }) => ({ id, uri, key, offset }))
      expect(rows(signed)).toEqual(rows(plain))
      expect((await signed.images[0]!.bytes()).length).toBeGreaterThan(0)
    }
  })

  test('what is missing is told without the signature', async () => {
    const places = await everywhere()
    const { rejects } = await opened(`${places.web}/shards/train-{000..002}.tar?X-Amz-Signature=5ec4e7`)
    expect(rejects.map(({ code }) => code)).toEqual(['ERR_WORDMASK_FILE_NOT_FOUND'])
    expect(rejects[0]!.reason).not.toContain('5ec4e7')
    const error = await opened(`${places.web}/nothing.tar?X-Amz-Signature=5ec4e7`).catch((error) => error)
    expect(error).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /nothing\.tar\?X-Amz-Signature=\*\*\* does not exist/)
  })
})

test('of a tar that was cut since, the images before the cut are read, though they would have come in one request with those behind it', async () => {
  const folder = await temporaryFolder()
  const tar = await tarOf(Array.from({ length: 10 }, (_, i) => [`${i}.jpg`, Buffer.alloc(20_000, i + 1)]))
  await writeFiles(folder, { 'whole.tar': tar })
  const places = (await opened(join(folder, 'whole.tar'))).images.map(({ uri, key, offset, length }) => ({ uri, key, offset, length }))
  await writeFiles(folder, { 'whole.tar': tar.subarray(0, 120_000) })
  const read: string[] = []
  for await (const { place, bytes, error } of readPlaces(places)) read.push(`${place.key} ${bytes ? bytes[0] : error.code}`)
  expect(read).toEqual([...[0, 1, 2, 3, 4].map((i) => `${i}.jpg ${i + 1}`), ...[5, 6, 7, 8, 9].map((i) => `${i}.jpg ERR_WORDMASK_IO`)])
})
