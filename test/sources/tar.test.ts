import { linkSync, truncateSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { openSource, readPlace, readPlaces } from '../../lib/sources'
import { HeldBytes } from '../../lib/sources/held'
import { keyOf } from '../../lib/sources/tar/images'
import { storeOf } from '../../lib/storage'
import { expectReadBack, gnuTar, noise, opened, seeded, tarOf, temporaryFolder, writeFiles } from './files'

const long = `${'d'.repeat(90)}/${'n'.repeat(60)}.jpg`

describe('where members lie', () => {
  test('offsets by hand: a header of 512 bytes, data padded to 512, each member after the last', async () => {
    const folder = await temporaryFolder()
    // header 0, data 512..517; header 1024, data 1536..2049 (two blocks); header 2560, data 3072
    await writeFiles(folder, {
      'a.tar': await tarOf([
        ['a.jpg', 'hello'],
        ['b.png', Buffer.alloc(513, 7)],
        ['c.jpg', 'c'],
      ]),
    })
    const { images, rejects } = await opened(path.join(folder, 'a.tar'))
    expect(images.map(({ key, offset, length }) => [key, offset, length])).toEqual([
      ['a.jpg', 512, 5],
      ['b.png', 1536, 513],
      ['c.jpg', 3072, 1],
    ])
    expect(images.every(({ uri }) => uri === path.join(folder, 'a.tar'))).toBe(true)
    expect(rejects).toEqual([])
    expect((await readPlace({ uri: path.join(folder, 'a.tar'), offset: 512, length: 5 })).toString()).toBe('hello')
    await expectReadBack(images)
  })

  test.each(['gnu', 'pax', 'ustar'])('GNU tar --format=%s: long names, accents, folders', async (format) => {
    const folder = await temporaryFolder()
    const names = format === 'ustar' ? ['a.jpg', 'é.jpg', 'sub/b.jpg'] : ['a.jpg', long, 'é.jpg', 'sub/b.jpg']
    await writeFiles(folder, Object.fromEntries(names.map((name, i) => [`in/${name}`, `image ${i}`])))
    await writeFile(path.join(folder, 'g.tar'), gnuTar(path.join(folder, 'in'), 'c', `--format=${format}`, '--sort=name', '.'))
    const { images, rejects } = await opened(path.join(folder, 'g.tar'))
    expect(rejects).toEqual([])
    expect(images.map(({ key }) => key).sort()).toEqual(names.map((name) => `./${name}`).sort())
    await expectReadBack(images)
  })

  test('a long name takes two blocks more, in GNU and in pax headers: by hand', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { [long]: 'x' })
    for (const format of ['gnu', 'pax']) {
      await writeFile(
        path.join(folder, `${format}.tar`),
        gnuTar(folder, 'c', `--format=${format}`, ...(format === 'pax' ? ['--pax-option=delete=*time'] : []), long),
      )
      const { images } = await opened(path.join(folder, `${format}.tar`))
      // header of the name 0, name 512, header 1024, data 1536
      expect(images).toMatchObject([{ key: long, offset: 1536, length: 1 }])
    }
  })

  test('ids are of shard and member: keys repeat across shards, ./ does not count, order does not either', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      '0.tar': await tarOf([
        ['a.jpg', '0'],
        ['b.jpg', '1'],
      ]),
      '1.tar': await tarOf([['a.jpg', '2']]),
    })
    const before = (await opened(path.join(folder, '{0..1}.tar'))).images
    expect(new Set(before.map(({ id }) => id)).size).toBe(3)
    await writeFiles(folder, {
      '0.tar': await tarOf([
        ['./b.jpg', '1'],
        ['more.txt', '-'],
        ['./a.jpg', '0'],
      ]),
    })
    const after = (await opened(path.join(folder, '0.tar'))).images
    expect(after.map(({ id }) => id)).toEqual([before[1]!.id, before[0]!.id])
  })
})

describe('captions and members', () => {
  const entries: [string, string][] = [
    ['x/1.json', '{"caption": " from json ", "width": 5}'],
    ['x/1.jpg', 'one'],
    ['x/2.jpg', 'two'],
    ['x/2.seg.png', 'mask'],
    ['x/2.txt', 'from text\n'],
    ['x/2.json', '{"caption": "not this one"}'],
    ['x/3.jpg', 'three'],
    ['x/3.json', 'no json'],
    ['y/3.jpg', 'other folder'],
    ['y/3.txt', ''],
  ]
  test('a sample is what has one key; text before JSON; none where there is none; not asked for, not read', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.tar': await tarOf(entries) })
    const { images, rejects } = await opened(path.join(folder, 'a.tar'), { captions: true })
    expect(images.map(({ key, caption }) => [key, caption])).toEqual([
      ['x/1.jpg', 'from json'],
      ['x/2.jpg', 'from text'],
      ['x/2.seg.png', 'from text'],
      ['x/3.jpg', undefined],
      ['y/3.jpg', undefined],
    ])
    expect(rejects).toEqual([])
    await expectReadBack(images)
    expect((await opened(path.join(folder, 'a.tar'))).images.every((image) => !('caption' in image))).toBe(true)
    const only = await opened({ uri: path.join(folder, 'a.tar'), members: '**/+([0-9]).jpg' })
    expect(only.images.map(({ key }) => key)).toEqual(['x/1.jpg', 'x/2.jpg', 'x/3.jpg', 'y/3.jpg'])
  })

  test('hidden members (of macOS) are left out; links, repeated and sparse members are rejects of their own', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      'a.tar': await tarOf([
        ['._a.jpg', 'fork'],
        ['a.jpg', 'first'],
        ['l.jpg', '', { type: 'symlink', linkname: 'a.jpg' }],
        ['./a.jpg', 'second'],
        ['z.jpg', 'z'],
      ]),
    })
    const { images, rejects } = await opened(path.join(folder, 'a.tar'))
    expect(images.map(({ key }) => key)).toEqual(['a.jpg', 'z.jpg'])
    expect(rejects.map(({ key, code, reason }) => [key, code, reason.replace(/^\S+ /, '')])).toEqual([
      ['l.jpg', 'ERR_WORDMASK_IMAGE', 'is a link to a.jpg. Make the tar with --dereference --hard-dereference'],
      ['./a.jpg', 'ERR_WORDMASK_IMAGE', 'is in the tar more than once; the first one is taken'],
    ])
    expect(new Set([...images, ...rejects].map(({ id }) => id)).size).toBe(4)
    await expectReadBack(images)
  })

  test('hard links and sparse files of GNU tar, old and pax', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.jpg': 'a', 'hole.jpg': 'h', 'z.jpg': 'z' })
    linkSync(path.join(folder, 'a.jpg'), path.join(folder, 'b.jpg'))
    truncateSync(path.join(folder, 'hole.jpg'), 1 << 20)
    for (const format of ['gnu', 'posix']) {
      await writeFile(path.join(folder, `${format}.tar`), gnuTar(folder, 'cS', `--format=${format}`, 'a.jpg', 'b.jpg', 'hole.jpg', 'z.jpg'))
      const { images, rejects } = await opened(path.join(folder, `${format}.tar`))
      expect(images.map(({ key }) => key)).toEqual(['a.jpg', 'z.jpg'])
      expect(rejects.map(({ reason }) => reason)).toEqual([
        expect.stringMatching(/is a link to a\.jpg/),
        expect.stringMatching(/sparse file/),
      ])
      await expectReadBack(images)
    }
  })

  test('more than 100 images of one key: said, and not held', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.tar': await tarOf(Array.from({ length: 250 }, (_, i) => [`IMG.${i}.jpg`, `${i}`])) })
    const { images, notices } = await opened(path.join(folder, 'a.tar'), { captions: true })
    expect(images).toHaveLength(250)
    expect(notices[0]).toMatch(/more than 100 images of the key "IMG"/)
  })

  test('names that are not UTF-8 stay apart and are read back', async () => {
    const folder = await temporaryFolder()
    for (const byte of [0xe9, 0xe8])
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([byte]), Buffer.from('.jpg')]), `${byte}`)
    await writeFile(path.join(folder, 'a.tar'), gnuTar(folder, 'c', '--format=gnu', '.'))
    const { images } = await opened(path.join(folder, 'a.tar'))
    expect(images.map(({ key }) => key).sort()).toEqual(['./è.jpg', './é.jpg'])
    await expectReadBack(images)
  })

  test.each([
    ['a.jpg', 'a'],
    ['x.y/a.seg.png', 'x.y/a'],
    ['x/.hidden', 'x/'],
    ['none', 'none'],
  ])('the key of %s is %s', (name, key) => expect(keyOf(name)).toBe(key))
})

describe('damage', () => {
  test('cut at every 97th byte: all images before the tear, each whole, and one reject for the rest', async () => {
    const folder = await temporaryFolder()
    const random = seeded(1)
    const data = Array.from({ length: 5 }, (_, i) => noise(random, 100 + 300 * i))
    const whole = await tarOf(data.map((bytes, i) => [`${i}.jpg`, bytes]))
    const ends: number[] = []
    for (let i = 0, at = 0; i < data.length; i++) ends.push((at += 512 + Math.ceil(data[i]!.length / 512) * 512))
    for (let cut = 0; cut < ends[4]!; cut += 97) {
      const file = path.join(folder, `${cut}.tar`)
      await writeFile(file, whole.subarray(0, cut))
      const { images, rejects } = await opened(file)
      // The padding after the data may be missing as well as not.
      const least = ends.filter((end) => end <= cut).length
      expect([least, least + 1], `cut at ${cut}`).toContain(images.length)
      for (const [i, image] of images.entries()) expect(Buffer.from(await image.bytes()).equals(data[i]!)).toBe(true)
      expect(rejects, `cut at ${cut}`).toHaveLength(1)
      expect(rejects[0]).toMatchObject({ uri: file, code: 'ERR_WORDMASK_IO', reason: expect.stringMatching(/is torn at byte \d+/) })
    }
  })

  test('garbage in the middle, no tar at all, nothing at all, a torn gzip: one reject each', async () => {
    const folder = await temporaryFolder()
    const random = seeded(2)
    const whole = await tarOf([
      ['a.jpg', noise(random, 2000)],
      ['b.jpg', noise(random, 3000)],
    ])
    const garbage = Buffer.from(whole)
    garbage.fill(0x41, 2560, 2600)
    await writeFiles(folder, { 'g.tar': garbage, 'n.tar': noise(random, 4096), 'e.tar': '', 'z.tar.gz': gzipSync(whole).subarray(0, 3000) })
    const found: Record<string, [number, number]> = {}
    for (const name of ['g.tar', 'n.tar', 'e.tar', 'z.tar.gz']) {
      const { images, rejects } = await opened(path.join(folder, name))
      found[name] = [images.length, rejects.length]
    }
    expect(found).toEqual({ 'g.tar': [1, 1], 'n.tar': [0, 1], 'e.tar': [0, 1], 'z.tar.gz': [1, 1] })
  })

  test('an early end of the reader closes the tar', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.tar': await tarOf(Array.from({ length: 50 }, (_, i) => [`${i}.jpg`, Buffer.alloc(100_000)])) })
    for (let round = 0; round < 20; round++) for await (const _ of openSource(path.join(folder, 'a.tar'))) break
  })
})

describe('compressed tars', () => {
  test('are read, said to have no ranges, and read back by unpacking; many places of one are one pass', async () => {
    const folder = await temporaryFolder()
    for (const name of ['a.tar.gz', 'b.tgz']) {
      await writeFiles(folder, {
        [name]: gzipSync(
          await tarOf([
            ['1.jpg', 'one'],
            ['1.txt', 'a caption'],
            ['2.jpg', 'two'],
          ]),
        ),
      })
      const { images, notices } = await opened(path.join(folder, name), { captions: true })
      expect(images.map(({ key, offset, length, caption }) => [key, offset, length, caption])).toEqual([
        ['1.jpg', undefined, undefined, 'a caption'],
        ['2.jpg', undefined, undefined, undefined],
      ])
      expect(notices).toEqual([expect.stringMatching(/no byte ranges.*gunzip/)])
      await expectReadBack(images)
      await expect(readPlace({ uri: path.join(folder, name), key: '3.jpg' })).rejects.toHaveCode(
        'ERR_WORDMASK_FILE_NOT_FOUND',
        /no member 3\.jpg/,
      )
    }
    const places = ['2.jpg', '3.jpg', '2.jpg'].map((key) => ({ uri: path.join(folder, 'a.tar.gz'), key }))
    const read = []
    for await (const { place, bytes, error } of readPlaces(places)) read.push([place.key, bytes?.toString() ?? error?.code])
    expect(read).toEqual([
      ['2.jpg', 'two'],
      ['2.jpg', 'two'],
      ['3.jpg', 'ERR_WORDMASK_FILE_NOT_FOUND'],
    ])
  })
})

test('a reader that collects every image holds at most 64 MiB of them; the others are read again', async () => {
  const folder = await temporaryFolder()
  const data = Array.from({ length: 24 }, (_, i) => Buffer.alloc(8 << 20, i))
  await writeFiles(folder, { 'a.tar': await tarOf(data.map((bytes, i) => [`${i}.jpg`, bytes])) })
  const { images } = await opened(path.join(folder, 'a.tar'))
  const read = vi.spyOn(await storeOf(folder), 'read')
  for (const [i, image] of images.entries()) expect((await image.bytes()).at(-1)).toBe(i)
  // 8 of 8 MiB were held.
  expect(read.mock.calls.length).toBe(16)
  read.mockRestore()
})

test('what is held, by hand', async () => {
  const held = new HeldBytes(10)
  let again = 0
  const reads = [4, 4, 4, 20].map((size) => held.hold(Buffer.alloc(size), async () => Buffer.alloc(size, ++again), true))
  for (const [i, size] of [4, 4, 4, 20].entries()) expect((await reads[i]!()).length).toBe(size)
  // The first three made room for the last, which is larger than the limit and held all the same.
  expect(again).toBe(3)
})
