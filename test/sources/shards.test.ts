import { utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Shard, SourceImage } from '../../lib/archive/types'
import { openShard, type PlanOptions, planShards, type SourceInput } from '../../lib/sources'
import { expectReadBack, opened, tarOf, temporaryFolder, writeFiles } from './files'

async function plan(sources: SourceInput | SourceInput[], options: PlanOptions = {}): Promise<Shard[]> {
  const shards: Shard[] = []
  for await (const shard of planShards(sources, options)) shards.push(JSON.parse(JSON.stringify(shard)))
  return shards
}

const tree = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`${i % 3}/${i}.jpg`, `${i}`]))

describe('planShards', () => {
  test('a folder in slices of 10, tars between them as shards of their own; together they are the folder', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      ...tree,
      '1/t.tar': await tarOf([
        ['x.jpg', 'x'],
        ['y.jpg', 'y'],
      ]),
    })
    const shards = await plan(folder, { shardSize: 10 })
    expect(shards.map(({ images, files }) => [images, files?.length])).toEqual([
      [10, undefined],
      [undefined, 1],
      [10, undefined],
      [5, undefined],
    ])
    expect(shards[0]!.name).toBe(`${folder}: 0/0.jpg to 1/1.jpg`)
    const images: SourceImage[] = []
    for (const shard of shards) for await (const image of openShard(shard)) images.push(image)
    const row = ({ bytes: _, ...rest }: (typeof images)[0]) => rest
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
    expect(images.map(row).sort(byId)).toEqual((await opened(folder)).images.map(row).sort(byId))
    await expectReadBack(images)
  })

  test('deterministic; ids change with what is in the shard, with the options that make its rows, and with the tar', async () => {
    const folder = await temporaryFolder()
    const tar = path.join(folder, 't.tar')
    await writeFiles(folder, { ...tree, 't.tar': await tarOf([['x.jpg', 'x']]) })
    await utimes(tar, 1, 1)
    const ids = async (options: PlanOptions = {}) => (await plan(folder, { shardSize: 10, ...options })).map(({ id }) => id)
    const first = await ids()
    expect(new Set(first).size).toBe(4)
    expect(first.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
    expect(await ids()).toEqual(first)
    for (const options of [{ captions: true }, { tiles: '2x2' }, { root: folder }])
      expect((await ids(options)).filter((id) => first.includes(id))).toEqual([])
    await utimes(tar, 2, 2)
    expect((await ids()).filter((id) => !first.includes(id))).toHaveLength(1)
    await writeFiles(folder, { '2/99.jpg': 'new' })
    const more = await ids()
    // Slices before the new name are as they were.
    expect(more.slice(0, 2)).toEqual(first.slice(0, 2))
    expect(more.at(-1)).not.toBe(first.at(-1))
  })

  test('sources in order; a name that is not UTF-8 survives; payloads stay small', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a/1.jpg': '1', 'b/1.jpg': '2' })
    await writeFile(Buffer.concat([Buffer.from(`${folder}/b/`), Buffer.from([0xff]), Buffer.from('.jpg')]), '3')
    const shards = await plan([path.join(folder, 'b'), path.join(folder, 'a')])
    const bytes = []
    for (const shard of shards) for await (const image of openShard(shard)) bytes.push(Buffer.from(await image.bytes()).toString())
    expect(bytes).toEqual(['2', '3', '1'])
    const many = await temporaryFolder()
    await writeFiles(many, Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`some/deep/folder/${i}.jpg`, ''])))
    const [shard] = await plan(many)
    expect(JSON.stringify(shard).length).toBeLessThan(12_000)
  })

  test('a tar or list that changed since is refused; a file that is gone is its own error', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 't.tar': await tarOf([['x.jpg', 'x']]), 'l.txt': 'a.jpg\n', 'f/a.jpg': 'a' })
    const drain = async (shard: Shard) => {
      const images: SourceImage[] = []
      for await (const image of openShard(shard)) images.push(image)
      return images
    }
    for (const name of ['t.tar', 'l.txt']) {
      const [shard] = await plan(path.join(folder, name))
      expect(await drain(shard!)).toHaveLength(1)
      await writeFiles(folder, { [name]: 'another content' })
      await expect(drain(shard!)).rejects.toHaveCode('ERR_WORDMASK_IO', /changed since the shards were planned. Plan them again/)
    }
    const [shard] = await plan(path.join(folder, 'f'))
    ;(shard!.source as { piece: { files: unknown } }).piece.files = [['', ['gone.jpg']]]
    await expect((await drain(shard!))[0]!.bytes()).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
  })

  test('wrong calls: no images, a size of 0, a shard from elsewhere', async () => {
    const folder = await temporaryFolder()
    await expect(plan(folder)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /no image in/)
    await expect(plan(folder, { shardSize: 0 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /shardSize/)
    for (const shard of [{ name: 'x', source: {} }, { name: 'x', source: { version: 2 } }, undefined] as never[]) {
      const read = async () => {
        for await (const _ of openShard(shard));
      }
      await expect(read()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /come from planShards/)
    }
  })
})
