import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { extract } from 'tar-stream'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import type { CuratedSet } from '../../lib/curate/curated-set'
import { temporaryFolder } from '../curate/memory'
import { curatedSet, fileReader, pictures } from '../curate/sets'

let folder: string
let rows: ArchiveRow[]
let set: CuratedSet
const at = (name: string) => join(folder, name)
const lines = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

beforeAll(async () => {
  folder = await temporaryFolder()
  rows = await pictures(at('photos'), ['a/cat.png', 'b/cat.png', 'b/CAT.png', 'dog one.png', '../photos/c/con.png', 'ünï.png'])
  set = curatedSet({ fox: rows.slice(0, 4), 'fire/hydrant': rows.slice(3) })
})

async function untar(file: string): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>()
  const tar = extract()
  Readable.from([await readFile(file)]).pipe(tar)
  for await (const entry of tar) {
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    members.set(entry.header.name, Buffer.concat(parts))
  }
  return members
}

describe('folder', () => {
  test('a sub-folder a class, safe unique names, the bytes as they were, an index, licences', async () => {
    const report = await set.export({ format: 'folder', into: at('folder') })
    expect(report).toMatchObject({ images: 7, rejected: [] })
    const files = (await readdir(at('folder'), { recursive: true })).filter((name) => name.endsWith('.png')).sort()
    expect(files).toHaveLength(7)
    expect(new Set(files.map((name) => name.toLowerCase())).size).toBe(7)
    expect(files).toContain('fox/dog_one.png')
    expect(files).toContain('fire_hydrant/dog_one.png')
    expect(files).toContain('fire_hydrant/ünï.png')
    expect(files.some((name) => /con\.png$/.test(name))).toBe(false)
    for (const line of await lines(at('folder/images.jsonl'))) {
      expect(await readFile(join(at('folder'), line.file_name))).toEqual(await readFile(line.uri))
      expect(line).toMatchObject({ camera: expect.stringMatching(/^c[01]$/), metadata_width: expect.any(Number), width: 48 })
    }
    const run = JSON.parse(await readFile(at('folder/run.json'), 'utf8'))
    expect(run.licences).toEqual([
      'MIT: the model tiny that chose the images',
      'CC-BY-4.0: 1 images, as their column says',
      'not recorded: 5 images have no column "licence"; ask where they come from',
    ])
    expect(existsSync(at('folder.partial'))).toBe(false)
  })

  test('links point to the files; a member of a tar cannot be linked to', async () => {
    await set.export({ format: 'folder', into: at('linked'), link: true })
    const [line] = await lines(at('linked/images.jsonl'))
    const file = join(at('linked'), line.file_name)
    expect((await lstat(file)).isSymbolicLink()).toBe(true)
    expect(await readlink(file)).toBe(line.uri)
    const inTar = curatedSet({ fox: [{ ...rows[0]!, key: 'a.png', offset: 512 }] })
    await expect(inTar.export({ format: 'folder', into: at('refused'), link: true })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /use copy/,
    )
    expect(existsSync(at('refused'))).toBe(false)
  })
})

describe('an export that is stopped', () => {
  test('goes on without reading again what is in place, and equals one that was not stopped', async () => {
    const read = fileReader()
    const stopped = curatedSet({ fox: rows }, read)
    const controller = new AbortController()
    const into = at('stopped')
    const stop = () => controller.abort()
    const options = {
      format: 'folder',
      into,
      signal: controller.signal,
      onProgress: (done: number) => void (done === 3 && stop()),
    } as const
    await expect(stopped.export(options)).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect(existsSync(into)).toBe(false)
    const before = read.reads.length
    await stopped.export({ format: 'folder', into })
    expect(read.reads.length - before).toBe(3)
    await curatedSet({ fox: rows }).export({ format: 'folder', into: at('whole') })
    expect((await readdir(into, { recursive: true })).sort()).toEqual((await readdir(at('whole'), { recursive: true })).sort())
    expect(await readFile(join(into, 'images.jsonl'), 'utf8')).toBe(await readFile(at('whole/images.jsonl'), 'utf8'))
  })

  test('what another export began, or a folder in use, is refused and can be replaced', async () => {
    const into = at('other')
    const controller = new AbortController()
    const stop = { format: 'folder', into, signal: controller.signal, onProgress: () => controller.abort() } as const
    await expect(curatedSet({ fox: rows }).export(stop)).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    const other = curatedSet({ fox: rows.slice(0, 2) })
    await expect(other.export({ format: 'folder', into })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /interrupted export/)
    await other.export({ format: 'folder', into, overwrite: true })
    await expect(other.export({ format: 'jsonl', into })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /not empty/)
    await other.export({ format: 'jsonl', into, overwrite: true })
    expect((await readdir(into)).sort()).toEqual(['images.jsonl', 'run.json'])
    expect((await readdir(folder)).filter((name) => name.includes('.old-'))).toEqual([])
    await mkdir(at('mine'))
    await writeFile(at('mine/run.json'), '{}')
    await expect(other.export({ format: 'jsonl', into: at('mine'), overwrite: true })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /no export of wordmask/,
    )
    expect(await readdir(at('mine'))).toEqual(['run.json'])
    await mkdir(at('theirs.partial'))
    await writeFile(at('theirs.partial/mine.txt'), 'precious')
    await expect(other.export({ format: 'jsonl', into: at('theirs'), overwrite: true })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /move it/,
    )
    expect(await readFile(at('theirs.partial/mine.txt'), 'utf8')).toBe('precious')
  })

  test('a place that nothing can be written to is told with our code', async () => {
    await expect(set.export({ format: 'jsonl', into: '/proc/none/out' })).rejects.toHaveCode('ERR_WORDMASK_IO', /Cannot export to/)
    await writeFile(at('a file'), '')
    await expect(set.export({ format: 'jsonl', into: at('a file') })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /is a file/)
  })

  test('an image that is gone is rejected with its reason and the rest is exported', async () => {
    const gone = { ...rows[0]!, id: 'gone', uri: at('photos/gone.png') }
    const report = await curatedSet({ fox: [gone, rows[1]!] }).export({ format: 'folder', into: at('rejects') })
    expect(report.images).toBe(1)
    expect(report.rejected).toMatchObject([{ id: 'gone', code: 'ERR_WORDMASK_FILE_NOT_FOUND' }])
    expect(await lines(at('rejects/rejects.jsonl'))).toHaveLength(1)
  })
})

describe('webdataset', () => {
  test('tars read back: image, row, class and caption a sample; three samples a tar', async () => {
    const report = await set.export({ format: 'webdataset', into: at('tars'), shardSize: 3 })
    expect(report.images).toBe(7)
    const names = (await readdir(at('tars'))).filter((name) => name.endsWith('.tar')).sort()
    expect(names).toEqual(['00000.tar', '00001.tar', '00002.tar'])
    const keys = new Set<string>()
    for (const name of names) {
      const members = await untar(join(at('tars'), name))
      for (const [member, bytes] of members) {
        if (!member.endsWith('.json')) continue
        const key = member.replace('.json', '')
        keys.add(key)
        const row = JSON.parse(bytes.toString())
        expect(members.get(`${key}.png`)).toEqual(await readFile(row.uri))
        expect(members.get(`${key}.cls`)?.toString()).toBe(row.class === 'fox' ? '0' : '1')
        expect(members.get(`${key}.txt`)?.toString()).toBe(row.caption ?? undefined)
      }
    }
    expect(keys.size).toBe(7)
    expect(await readFile(at('tars/classes.txt'), 'utf8')).toBe('fox\nfire/hydrant\n')
  })

  test('the same set gives the same bytes, also when it was stopped in between', async () => {
    const controller = new AbortController()
    const options = { format: 'webdataset', into: at('tars2'), shardSize: 3 } as const
    const stop = { signal: controller.signal, onProgress: (done: number) => void (done === 4 && controller.abort()) }
    await expect(set.export({ ...options, ...stop })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect((await readdir(at('tars2.partial'))).filter((name) => name.endsWith('.tar'))).toEqual(['00000.tar'])
    await set.export(options)
    for (const name of ['00000.tar', '00001.tar', '00002.tar'])
      expect((await readFile(join(at('tars2'), name))).equals(await readFile(join(at('tars'), name)))).toBe(true)
  })
})

describe('lists', () => {
  test('parquet read back by hyparquet equals jsonl; columns have types; user columns keep their names', async () => {
    await set.export({ format: 'parquet', into: at('parquet') })
    await set.export({ format: 'jsonl', into: at('jsonl') })
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(at('parquet/images.parquet')) })
    const listed = await lines(at('jsonl/images.jsonl'))
    expect(read).toHaveLength(7)
    expect(read.map((row) => ({ ...row }))).toEqual(listed)
    expect(read[0]).toMatchObject({ class: 'fox', class_index: 0, rank: 0, width: 48, accepted: false, camera: 'c0', metadata_width: 0.5 })
    expect(existsSync(at('jsonl/images'))).toBe(false)
  })

  test('with copy the files lie beside, once for two classes', async () => {
    await set.export({ format: 'parquet', into: at('parquet-copy'), copy: true })
    expect(await readdir(at('parquet-copy/images'))).toHaveLength(6)
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(at('parquet-copy/images.parquet')) })
    expect(read).toHaveLength(7)
    for (const row of read) expect(existsSync(join(at('parquet-copy'), row.file_name))).toBe(true)
  })

  test('an empty set is an empty list and no error', async () => {
    const empty = curatedSet({ axolotl: [] })
    for (const format of ['folder', 'webdataset', 'parquet', 'jsonl', 'coco'] as const)
      expect((await empty.export({ format, into: at(`empty-${format}`) })).images).toBe(0)
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(at('empty-parquet/images.parquet')) })).toEqual([])
  })
})

describe('clip-retrieval', () => {
  test('img_emb_0.npy and metadata_0.parquet, row for row, in partitions', async () => {
    const vectors = async (ids: readonly string[]) => ({ data: Float32Array.from(ids.flatMap((id) => [id.length, 0.5])), dim: 2 })
    const own = curatedSet({ fox: rows.slice(0, 3) }, fileReader(), vectors)
    await own.export({ format: 'clip-retrieval', into: at('dump'), shardSize: 2 })
    expect(await readdir(at('dump/img_emb'))).toEqual(['img_emb_0.npy', 'img_emb_1.npy'])
    const npy = await readFile(at('dump/img_emb/img_emb_0.npy'))
    expect(npy.subarray(0, 6).toString('latin1')).toBe('\x93NUMPY')
    expect(npy.toString('latin1')).toMatch(/'descr': '<f2', 'fortran_order': False, 'shape': \(2, 2\)/)
    expect(npy.readUInt16LE(npy.length - 2)).toBe(0x3800)
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(at('dump/metadata/metadata_1.parquet')) })
    expect(read).toMatchObject([{ image_path: rows[2]!.uri, class: 'fox' }])
  })

  test('without the archive there are no vectors, and it says where they are', async () => {
    await expect(set.export({ format: 'clip-retrieval', into: at('none') })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /--archive/,
    )
    expect(existsSync(at('none'))).toBe(false)
  })
})

describe('coco', () => {
  test('an image once with its categories; crops are box annotations of their parent', async () => {
    const crop = { ...rows[5]!, id: 'tile', parent: rows[5]!.id, box: [4, 5, 20, 10] as [number, number, number, number] }
    await curatedSet({ fox: [rows[0]!, crop], dog: [rows[0]!] }).export({ format: 'coco', into: at('coco') })
    const { images, categories, annotations } = JSON.parse(await readFile(at('coco/coco.json'), 'utf8'))
    expect(categories.map(({ name }: { name: string }) => name)).toEqual(['fox', 'dog'])
    expect(images).toMatchObject([
      { id: 1, category_ids: [1, 2], width: 48, height: 32 },
      { id: 2, category_ids: [1], wordmask_id: rows[5]!.id },
    ])
    expect(annotations).toMatchObject([{ id: 1, image_id: 2, category_id: 1, bbox: [4, 5, 20, 10], area: 200, iscrowd: 0 }])
    for (const { file_name } of images) expect(existsSync(join(at('coco'), file_name))).toBe(true)
  })
})

describe('misuse', () => {
  test.each([
    [{ format: 'zip', into: 'x' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /"folder" or/],
    [{ format: 'folder' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /into/],
    [{ format: 'folder', into: 'x', copy: true, link: true }, 'ERR_WORDMASK_INVALID_ARGUMENT', /copy or link/],
    [{ format: 'webdataset', into: 'x', link: true }, 'ERR_WORDMASK_INVALID_ARGUMENT', /bytes/],
    [{ format: 'folder', into: 's3://bucket/x' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /local folder/],
    [{ format: 'folder', into: 'x', shardsize: 3 }, 'ERR_WORDMASK_UNKNOWN_OPTION', /shardSize/],
  ])('%j', async (options, code, message) => {
    await expect(set.export(options as never)).rejects.toHaveCode(code, message)
  })
})
