import { appendFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import type { Shard } from '../../lib/archive/types'
import { openShard, planShards } from '../../lib/sources'
import { expectReadBack, opened, seeded, temporaryFolder, writeFiles } from './files'

const images = { 'in/a.jpg': 'a', 'in/b, "c".jpg': 'b', 'in/é.jpg': 'e' }

async function plan(uri: string, shardSize: number): Promise<Shard[]> {
  const shards: Shard[] = []
  for await (const shard of planShards(uri, { shardSize, captions: true })) shards.push(JSON.parse(JSON.stringify(shard)))
  return shards
}

async function rows(shards: Shard[]): Promise<unknown[]> {
  const all: unknown[] = []
  for (const shard of shards) for await (const { bytes, ...row } of openShard(shard)) all.push(row)
  return all
}

/** The list as a whole, and cut after every row or every two, gives the same rows. */
async function expectSlices(uri: string, count: number): Promise<void> {
  const whole = (await opened(uri, { captions: true })).images.map(({ bytes, ...row }) => row)
  expect(whole).toHaveLength(count)
  for (const size of [1, 2, count + 1]) expect(await rows(await plan(uri, size)), `slices of ${size}`).toEqual(whole)
}

describe('text', () => {
  test('a path a line, relative to the list; blank lines, \\r\\n and a byte order mark are no part of it', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { ...images, 'lists/l.txt': `\uFEFF../in/a.jpg\r\n\r\n  ../in/b, "c".jpg \n${folder}/in/é.jpg` })
    const { images: found } = await opened(path.join(folder, 'lists/l.txt'))
    expect(found.map(({ uri }) => path.relative(folder, uri))).toEqual(Object.keys(images))
    await expectReadBack(found)
    await expectSlices(path.join(folder, 'lists/l.txt'), 3)
    const byFolder = (await opened(path.join(folder, 'in'))).images
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set(byFolder.map(({ id }) => id)))
  })

  test('base says what relative paths are relative to; a line without a file is that line’s own error', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { ...images, 'elsewhere/l.txt': 'a.jpg\nnone.jpg\n' })
    const { images: found } = await opened({ uri: path.join(folder, 'elsewhere/l.txt'), base: path.join(folder, 'in') })
    expect(Buffer.from(await found[0]!.bytes()).toString()).toBe('a')
    await expect(found[1]!.bytes()).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /in\/none\.jpg does not exist/)
  })

  test('a line that is not UTF-8 names the file with those bytes', async () => {
    const folder = await temporaryFolder()
    const name = Buffer.from([0xe9, ...Buffer.from('.jpg')])
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), 'latin1')
    await writeFile(path.join(folder, 'l.txt'), Buffer.concat([name, Buffer.from('\n')]))
    const { images: found } = await opened(path.join(folder, 'l.txt'))
    expect(found[0]!.uri).toBe(`file://${folder}/%E9.jpg`)
    await expectReadBack(found)
  })

  test('captions beside the files, where asked for', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { ...images, 'in/a.txt': 'letter a', 'l.txt': 'in/a.jpg\nin/é.jpg\n' })
    expect((await opened(path.join(folder, 'l.txt'), { captions: true })).images.map(({ caption }) => caption)).toEqual([
      'letter a',
      undefined,
    ])
  })
})

describe('CSV and TSV', () => {
  const csv =
    'caption,path,width,zip,wild,note\na fox,in/a.jpg,320,01234,true,"two\nlines"\n"quoted ""x""","in/b, ""c"".jpg",1.5,99999,FALSE,\n,in/é.jpg,,00000,true,x\n'
  test('columns by their usual names; numbers and booleans by the first rows; quotes, commas and line ends within quotes', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { ...images, 'l.csv': csv })
    const { images: found, rejects } = await opened(path.join(folder, 'l.csv'), { captions: true })
    expect(rejects).toEqual([])
    expect(found.map(({ caption, metadata }) => [caption, metadata])).toEqual([
      ['a fox', { width: 320, zip: '01234', wild: true, note: 'two\nlines' }],
      ['quoted "x"', { width: 1.5, zip: '99999', wild: false, note: '' }],
      [undefined, { width: null, zip: '00000', wild: true, note: 'x' }],
    ])
    await expectReadBack(found)
    await expectSlices(path.join(folder, 'l.csv'), 3)
    for (const [name, data] of [
      ['l.csv.gz', gzipSync(csv)],
      ['bom.csv', `\uFEFF${csv}`],
      ['crlf.csv', csv.replaceAll('\n', '\r\n')],
      ['l.tsv', csv.replace('in/b, ""c""', 'in/b. ""c""').replaceAll(',', '\t').replace('in/b.', 'in/b,')],
    ] as const) {
      await writeFiles(folder, { [name]: data })
      await expectSlices(path.join(folder, name), 3)
    }
  })

  test('columns by name, an id of the user’s own; a text column that looks like numbers', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      ...images,
      'l.csv': 'a,b,c,d\nin/a.jpg,one,x1,007\nin/é.jpg,two,x2,8\n',
      'm.csv': 'path,n\nin/a.jpg,1\nin/é.jpg,x\n',
    })
    const { images: found } = await opened(
      { uri: path.join(folder, 'l.csv'), columns: { uri: 'a', caption: 'b', id: 'c', text: ['d'] } },
      { captions: true },
    )
    expect(found.map(({ id, caption, metadata }) => [id, caption, metadata])).toEqual([
      ['x1', 'one', { d: '007' }],
      ['x2', 'two', { d: '8' }],
    ])
    // 100 rows of numbers, then a word: the row says so.
    const many = `path,n\n${'in/a.jpg,1\n'.repeat(100)}in/é.jpg,word\n`
    await writeFiles(folder, { 'n.csv': many })
    const { rejects } = await opened(path.join(folder, 'n.csv'))
    expect(rejects).toMatchObject([
      { code: 'ERR_WORDMASK_INVALID_ARGUMENT', reason: expect.stringMatching(/Row 101 .*"word" in column "n".*text: \["n"\]/) },
    ])
    expect((await opened({ uri: path.join(folder, 'n.csv'), columns: { text: ['n'] } })).rejects).toEqual([])
  })

  test('bad rows are rejects of their own, in order: columns missing, a blank path, stray quotes; an open quote takes the rest', async () => {
    const folder = await temporaryFolder()
    const csv = 'path,n\nin/a.jpg\n,2\nin/b"x"y".jpg,"3\nin/é.jpg,4\nin/"a".jpg,5\nin/a.jpg,6\n"open,7\nin/a.jpg,8\n'
    await writeFiles(folder, { ...images, 'l.csv': csv, 'mid.csv': csv.replace('"3', '3').replace('"open,7\n', '') })
    const { images: found, rejects } = await opened(path.join(folder, 'l.csv'))
    expect(rejects[0]!.reason).toMatch(/Row 1 of .*l\.csv has 1 columns, and the header 2/)
    expect(rejects[1]!.reason).toMatch(/Row 2 .*names no image: "path" is blank/)
    expect(rejects[2]!.reason).toMatch(/Row 3 .*cannot be read: .*[Qq]uote/)
    expect(rejects.at(-1)!.reason).toMatch(/cannot be read: .*[Qq]uote/)
    expect(new Set(rejects.map(({ id }) => id)).size).toBe(rejects.length)
    expect(found.length).toBeLessThan(3)
    const mid = await opened(path.join(folder, 'mid.csv'))
    expect(mid.images.map(({ metadata }) => metadata)).toEqual([{ n: 4 }, { n: 6 }, { n: 8 }])
    expect(mid.rejects.map(({ reason }) => /Row \d/.exec(reason)?.[0])).toEqual(['Row 1', 'Row 2', 'Row 3', 'Row 5'])
    for (const size of [1, 2, 3]) {
      const told: string[] = []
      const sliced = []
      for (const shard of await plan(path.join(folder, 'mid.csv'), size))
        for await (const { uri, metadata } of openShard(shard, { onReject: ({ reason }) => told.push(reason) }))
          sliced.push({ uri, metadata })
      expect(sliced).toEqual(mid.images.map(({ uri, metadata }) => ({ uri, metadata })))
      expect(told).toEqual(mid.rejects.map(({ reason }) => reason))
    }
  })

  test('columns whose names are numbers keep their order in slices; two of one name are refused', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { ...images, 'l.csv': '7,path,1\nx,in/a.jpg,y\nz,in/é.jpg,w\n', 'two.csv': 'path,n,n\nin/a.jpg,1,2\n' })
    await expectSlices(path.join(folder, 'l.csv'), 2)
    expect((await opened(path.join(folder, 'l.csv'))).images[1]!.metadata).toEqual({ 7: 'z', 1: 'w' })
    await expect(opened(path.join(folder, 'two.csv'))).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /two columns of the name "n"/)
  })

  test('no column of paths: the columns there are, and what to say', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'l.csv': 'where,what\na,b\n', 'web.csv': 'url,caption\nhttps://x/a.jpg,b\n', 'none.csv': 'path\n' })
    await expect(opened(path.join(folder, 'l.csv'))).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /no column of paths.*where, what.*columns: \{ uri/,
    )
    await expect(opened({ uri: path.join(folder, 'l.csv'), columns: { uri: 'there' } })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /no column "there"/,
    )
    await expect(opened(path.join(folder, 'web.csv'))).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /does not crawl.*img2dataset/)
    await expect(opened(path.join(folder, 'none.csv'))).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /no row/)
  })
})

describe('JSONL', () => {
  test('an object a line; nested values become JSON; bad lines are rejects', async () => {
    const folder = await temporaryFolder()
    const lines = [
      '{"path":"in/a.jpg","text":"t","n":1,"ok":true,"tags":["x","y"],"none":null}',
      '[1]',
      '{"path":',
      '{"path":"in/é.jpg","n":"mixed"}',
      '{"n":1}',
    ]
    await writeFiles(folder, { ...images, 'l.jsonl': `${lines.join('\n')}\n` })
    const { images: found, rejects } = await opened(path.join(folder, 'l.jsonl'), { captions: true })
    expect(found.map(({ caption, metadata }) => [caption, metadata])).toEqual([
      ['t', { n: 1, ok: true, tags: '["x","y"]', none: null }],
      [undefined, { n: 'mixed' }],
    ])
    expect(rejects.map(({ reason }) => reason.replace(/ of \S+/, ''))).toEqual([
      'Row 2 is no JSON object',
      expect.stringMatching(/^Row 3 is no JSON: /),
      'Row 5 names no image: "path" is blank',
    ])
    await expectSlices(path.join(folder, 'l.jsonl'), 2)
    await writeFiles(folder, { 'l.ndjson.gz': gzipSync(lines.join('\n')) })
    await expectSlices(path.join(folder, 'l.ndjson.gz'), 2)
    await writeFiles(folder, { 'torn.jsonl.gz': gzipSync(lines.join('\n')).subarray(0, 60) })
    await expect(opened(path.join(folder, 'torn.jsonl.gz'))).rejects.toHaveCode('ERR_WORDMASK_IO', /cannot be unpacked/)
  })

  test('2,000 random lines, cut into slices of 7 and 500: the same rows as the whole', async () => {
    const folder = await temporaryFolder()
    const random = seeded(3)
    const lines = Array.from({ length: 2000 }, (_, i) =>
      JSON.stringify({ path: `in/${i}${'é'.repeat(Math.floor(random() * 4))}.jpg`, n: random() }),
    )
    await writeFiles(folder, { 'l.jsonl': lines.join('\n') })
    const uri = path.join(folder, 'l.jsonl')
    const whole = (await opened(uri)).images.map(({ bytes, ...row }) => row)
    for (const size of [7, 500]) {
      const shards = await plan(uri, size)
      expect(shards).toHaveLength(Math.ceil(2000 / size))
      expect(shards.every(({ images: count }, i) => count === size || i === shards.length - 1)).toBe(true)
      expect(await rows(shards)).toEqual(whole)
    }
    await appendFile(uri, '\n{"path":"in/new.jpg"}')
    await expect(rows((await plan(uri, 500)).slice(0, 1))).resolves.toHaveLength(500)
  })
})

describe('Parquet', () => {
  test('columns, row groups, types; slices across row groups', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, images)
    const uri = path.join(folder, 'l.parquet')
    const data = parquetWriteBuffer({
      columnData: [
        { name: 'image_path', data: ['in/a.jpg', 'in/b, "c".jpg', 'in/é.jpg'], type: 'STRING' },
        { name: 'caption', data: ['one', '', 'three'], type: 'STRING' },
        { name: 'big', data: [1n, 2n ** 60n, -3n], type: 'INT64' },
        { name: 'score', data: [0.5, Number.NaN, 2], type: 'DOUBLE' },
        { name: 'ok', data: [true, false, true], type: 'BOOLEAN' },
      ],
      rowGroupSize: 2,
    })
    await writeFile(uri, Buffer.from(data))
    const { images: found } = await opened(uri, { captions: true })
    expect(found.map(({ caption, metadata }) => [caption, metadata])).toEqual([
      ['one', { big: 1, score: 0.5, ok: true }],
      [undefined, { big: '1152921504606846976', score: null, ok: false }],
      ['three', { big: -3, score: 2, ok: true }],
    ])
    await expectReadBack(found)
    await expectSlices(uri, 3)
    await writeFile(uri, Buffer.from(data).subarray(0, 200))
    await expect(opened(uri)).rejects.toHaveCode('ERR_WORDMASK_IO', /cannot be read as Parquet/)
  })
})
