import path from 'node:path'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { planShards, readPlace } from '../../lib/sources'
import { opened, temporaryFolder, writeFiles } from './files'

describe('images as they come', () => {
  test('paths, bytes and pixels, from an array, a generator and an async one; ids, captions and metadata are the caller’s', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.jpg': 'file' })
    const items = [
      { id: 'one', image: path.join(folder, 'a.jpg'), caption: 'a file', metadata: { site: 'x', n: 1, ok: true, none: null } },
      { id: 'two', image: Buffer.from('bytes') },
      { id: 'three', image: { data: Uint8Array.from([255, 0, 0, 0, 255, 0]), width: 2, height: 1, channels: 3 as const } },
    ]
    async function* late() {
      yield* items
    }
    for (const source of [items, late(), new Set(items)]) {
      const { images } = await opened(source as never)
      expect(images.map(({ id, uri }) => [id, uri])).toEqual([
        ['one', path.join(folder, 'a.jpg')],
        ['two', 'item://two'],
        ['three', 'item://three'],
      ])
      expect(images[0]).toMatchObject({ caption: 'a file', metadata: { site: 'x', n: 1, ok: true, none: null } })
      expect(Buffer.from(await images[1]!.bytes()).toString()).toBe('bytes')
      const { data } = await sharp(await images[2]!.bytes())
        .raw()
        .toBuffer({ resolveWithObject: true })
      expect([...data]).toEqual([255, 0, 0, 0, 255, 0])
    }
    await expect(readPlace({ uri: 'item://two' })).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /lies in no file/)
    expect((await readPlace({ uri: path.join(folder, 'a.jpg') })).toString()).toBe('file')
  })

  test('what the iterable throws comes back as it is; an early end closes it', async () => {
    const problem = new Error('the camera is off')
    let closed = false
    async function* broken() {
      try {
        yield { id: 'a', image: Buffer.from('a') }
        throw problem
      } finally {
        closed = true
      }
    }
    await expect(opened(broken())).rejects.toBe(problem)
    expect(closed).toBe(true)
  })

  test('BAD CALL - a stream of bytes is no iterable of images', async () => {
    const stream = Readable.from(Buffer.from('GIF89a'), { objectMode: false })
    await expect(opened(stream as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /for sources.*stream of bytes/)
  })

  test.each([
    [{ image: Buffer.from('a') }, /item\.id/],
    [{ id: 'a' }, /item\.image/],
    [{ id: 'a', image: 5 }, /item\.image/],
    [{ id: 'a', image: Buffer.from('a'), caption: 5 }, /item\.caption/],
    [{ id: 'a', image: Buffer.from('a'), metadata: 'x' }, /item\.metadata/],
    [{ id: 'a', image: 'https://elsewhere/a.jpg' }, /does not crawl/],
    ['a.jpg', /an item/],
  ])('a wrong item is said: %j', async (item, message) => {
    async function* one() {
      yield item as never
    }
    await expect(opened(one())).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message as RegExp)
  })

  test('an iterable cannot be cut into shards', async () => {
    const plan = async () => {
      for await (const _ of planShards([{ id: 'a', image: Buffer.from('a') }] as never)) break
    }
    await expect(plan()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /this process only/)
  })
})
