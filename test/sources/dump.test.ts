import { truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { openShard, planShards, readPlace } from '../../lib/sources'
import { npyMatrix, npyRows } from '../../lib/sources/dump/npy'
import { opened, seeded, temporaryFolder, writeFiles } from './files'

function npy(descr: string, shape: string, data: Buffer, { order = 'False', version = 1 } = {}): Buffer {
  const length = version === 1 ? 10 : 12
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`
  const padded = text.padEnd(Math.ceil((length + text.length + 1) / 64) * 64 - length - 1)
  const head = Buffer.alloc(length)
  head.write('\x93NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(padded.length + 1, 8)
  else head.writeUInt32LE(padded.length + 1, 8)
  return Buffer.concat([head, Buffer.from(`${padded}\n`), data])
}

const half = (...bits: number[]) => Buffer.from(Uint16Array.from(bits).buffer)
const single = (...values: number[]) => floats(values)
const floats = (values: number[]) => Buffer.from(Float32Array.from(values).buffer)

async function dump(folder: string, part: number, vectors: Buffer, columns: Record<string, (string | number)[]>): Promise<void> {
  const columnData = Object.entries(columns).map(([name, data]) => ({
    name,
    data,
    type: typeof data[0] === 'number' ? ('DOUBLE' as const) : ('STRING' as const),
  }))
  await writeFiles(folder, {
    [`img_emb/img_emb_${part}.npy`]: vectors,
    [`metadata/metadata_${part}.parquet`]: Buffer.from(parquetWriteBuffer({ columnData })),
  })
}

async function vectors(file: string): Promise<number[][]> {
  const matrix = await npyMatrix(file)
  const rows: number[][] = []
  for await (const row of npyRows(matrix, 0, matrix.whole)) rows.push([...row])
  return rows
}

describe('npy', () => {
  test('half floats by hand: 1, -2, the smallest, the largest, infinity; 0 keeps its sign', async () => {
    const folder = await temporaryFolder()
    await writeFile(path.join(folder, 'a.npy'), npy('<f2', '(2, 4)', half(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x3555, 0x8000)))
    expect(await vectors(path.join(folder, 'a.npy'))).toEqual([
      [1, -2, 2 ** -24, 65504],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.333251953125, -0],
    ])
  })

  test.each([1, 2, 3])('format %i, fp32, more rows than a block of 4 MiB', async (version) => {
    const folder = await temporaryFolder()
    const random = seeded(5)
    const values = Array.from({ length: 700 * 2048 }, random)
    await writeFile(path.join(folder, 'a.npy'), npy('<f4', '(700, 2048)', floats(values), { version }))
    const rows = await vectors(path.join(folder, 'a.npy'))
    expect(rows).toHaveLength(700)
    expect(rows[600]).toEqual([...Float32Array.from(values.slice(600 * 2048, 601 * 2048))])
  })

  test.each([
    [npy('<f8', '(1, 1)', Buffer.alloc(8)), /<f8; expected fp16/],
    [npy('>f4', '(1, 1)', Buffer.alloc(4)), />f4/],
    [npy('<f4', '(1, 1)', Buffer.alloc(4), { order: 'True' }), /column-major/],
    [npy('<f4', '(4,)', Buffer.alloc(16)), /shape \(4,\)/],
    [Buffer.from('no numpy file'), /no \.npy/],
    [Buffer.alloc(0), /no \.npy/],
    [npy('<f4', '(1, 1)', Buffer.alloc(0)).subarray(0, 40), /header is cut off/],
  ])('what is no matrix of floats is said %#', async (data, message) => {
    const folder = await temporaryFolder()
    await writeFile(path.join(folder, 'a.npy'), data)
    await expect(npyMatrix(path.join(folder, 'a.npy'))).rejects.toHaveCode('ERR_WORDMASK_IO', message)
  })
})

describe('clip-retrieval dumps', () => {
  test('each row has its vector, file, caption and columns; parts in the order of their numbers; slices give the same', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.jpg': 'a', 'sub/b.jpg': 'b' })
    await dump(folder, 10, npy('<f4', '(1, 2)', single(5, 6)), { image_path: ['c.jpg'], caption: ['c'], similarity: [0.25] })
    await dump(folder, 2, npy('<f2', '(2, 2)', half(0x3c00, 0, 0, 0xbc00)), {
      image_path: ['a.jpg', 'sub/b.jpg'],
      caption: ['', 'b'],
      similarity: [0.5, 1],
    })
    const { images } = await opened(folder, { captions: true })
    expect(images.map(({ uri, caption, metadata, vector }) => [path.relative(folder, uri), caption, metadata, [...vector!]])).toEqual([
      ['a.jpg', undefined, { similarity: 0.5 }, [1, 0]],
      ['sub/b.jpg', 'b', { similarity: 1 }, [0, -1]],
      ['c.jpg', 'c', { similarity: 0.25 }, [5, 6]],
    ])
    expect(Buffer.from(await images[1]!.bytes()).toString()).toBe('b')
    await expect(images[2]!.bytes()).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /c\.jpg/)
    const sliced = []
    for await (const shard of planShards(folder, { shardSize: 1, captions: true }))
      for await (const { bytes, ...row } of openShard(JSON.parse(JSON.stringify(shard)))) sliced.push(row)
    expect(sliced).toEqual(images.map(({ bytes, ...row }) => row))
  })

  test('base: where the files lie; a dump of web addresses has vectors, and its images lie nowhere', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'photos/a.jpg': 'a' })
    await dump(path.join(folder, 'd'), 0, npy('<f4', '(1, 1)', single(1)), { image_path: ['a.jpg'] })
    const { images } = await opened({ uri: path.join(folder, 'd'), base: path.join(folder, 'photos') })
    expect((await readPlace(images[0]!)).toString()).toBe('a')
    await dump(path.join(folder, 'w'), 0, npy('<f4', '(2, 1)', single(1, 2)), {
      url: ['https://x.example/a.jpg', 'https://x.example/b.jpg'],
      caption: ['a', 'b'],
    })
    const web = (await opened(path.join(folder, 'w'), { captions: true })).images
    expect(web.map(({ key, caption, metadata }) => [key, caption, metadata])).toEqual([
      ['row 1', 'a', { url: 'https://x.example/a.jpg' }],
      ['row 2', 'b', { url: 'https://x.example/b.jpg' }],
    ])
    await expect(web[0]!.bytes()).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /does not crawl/)
    await expect(readPlace({ uri: web[0]!.uri, key: web[0]!.key })).rejects.toHaveCode(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      /no file that wordmask can read/,
    )
  })

  test('a torn npy gives its whole rows and one reject; rows that do not match, or a part without its partner, are errors', async () => {
    const folder = await temporaryFolder()
    await dump(folder, 0, npy('<f4', '(3, 2)', single(1, 2, 3, 4, 5, 6)), { image_path: ['a.jpg', 'b.jpg', 'c.jpg'] })
    const file = path.join(folder, 'img_emb/img_emb_0.npy')
    await truncate(file, (await npyMatrix(file)).offset + 17)
    const { images, rejects } = await opened(folder)
    expect(images.map(({ vector }) => [...vector!])).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(rejects).toMatchObject([{ uri: file, code: 'ERR_WORDMASK_IO', reason: expect.stringMatching(/of 3 rows 2 are there/) }])
    await dump(folder, 0, npy('<f4', '(2, 2)', single(1, 2, 3, 4)), { image_path: ['a.jpg', 'b.jpg', 'c.jpg'] })
    await expect(opened(folder)).rejects.toHaveCode('ERR_WORDMASK_IO', /has 2 rows and .* 3/)
    await writeFile(path.join(folder, 'img_emb/img_emb_7.npy'), '')
    await expect(opened(folder)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /no partner metadata\/metadata_7\.parquet/)
  })
})
