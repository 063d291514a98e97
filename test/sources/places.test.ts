import { readFile, truncate, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { ImagePlace } from '../../lib/archive/types'
import { checkPlace, readPlace, readPlaces } from '../../lib/sources'
import { mergeRanges } from '../../lib/sources/places/ranges'
import { storeOf } from '../../lib/storage'
import { noise, opened, seeded, tarOf, temporaryFolder, writeFiles } from './files'

const at = (offset: number, length: number, uri = 't'): ImagePlace => ({ uri, key: `${offset}`, offset, length })
const merged = (places: ImagePlace[], most = 1 << 20) =>
  [...mergeRanges(places, most)].map(({ uri, range, places }) => [uri, range?.offset, range?.length, places.length])

describe('which requests are made', () => {
  test('by hand: neighbours within a fifth are one request, a larger gap, another file or the size limit end it', () => {
    expect(merged([at(0, 1000), at(1400, 1000), at(5000, 10)])).toEqual([
      ['t', 0, 2400, 2],
      ['t', 5000, 10, 1],
    ])
    expect(merged([at(0, 1000), at(1401, 1000)])).toEqual([
      ['t', 0, 1000, 1],
      ['t', 1401, 1000, 1],
    ])
    expect(merged([at(0, 1000), at(1000, 1000, 'u')])).toEqual([
      ['t', 0, 1000, 1],
      ['u', 1000, 1000, 1],
    ])
    expect(merged([at(0, 1000), at(1000, 1000), at(2000, 1000)], 2500)).toEqual([
      ['t', 0, 2000, 2],
      ['t', 2000, 1000, 1],
    ])
    expect(merged([at(0, 5000), at(5000, 1)], 2500)).toEqual([
      ['t', 0, 5000, 1],
      ['t', 5000, 1, 1],
    ])
    expect(merged([])).toEqual([])
  })

  test('a place twice, and one within another, are read once; whole files too', () => {
    expect(merged([at(0, 1000), at(0, 1000), at(200, 100)])).toEqual([['t', 0, 1000, 3]])
    expect(merged([{ uri: 'a' }, { uri: 'a' }, { uri: 'b' }])).toEqual([
      ['a', undefined, undefined, 2],
      ['b', undefined, undefined, 1],
    ])
  })

  test('200 random sets: every place within its request, at most 1.2 times the bytes, never above the limit', () => {
    const random = seeded(6)
    for (let round = 0; round < 200; round++) {
      const places: Required<ImagePlace>[] = []
      for (let offset = 0; places.length < 30; ) {
        const length = 1 + Math.floor(random() * 20_000)
        places.push(at(offset, length) as Required<ImagePlace>)
        offset += length + Math.floor(random() * 6000)
      }
      const chosen = places.filter(() => random() < 0.7)
      let read = 0
      for (const { range, places: served } of mergeRanges(chosen, 60_000)) {
        read += range!.length
        expect(range!.length).toBeLessThanOrEqual(60_000)
        for (const { offset, length } of served) {
          expect(offset).toBeGreaterThanOrEqual(range!.offset)
          expect(offset + length).toBeLessThanOrEqual(range!.offset + range!.length)
        }
      }
      expect(read).toBeLessThanOrEqual(1.2 * chosen.reduce((sum, { length }) => sum + length, 0))
    }
  })
})

describe('readPlaces', () => {
  test('400 of 600 images out of 6 tars and 20 files, in any order: right bytes, at most 1.2 times of them read, few requests', async () => {
    const folder = await temporaryFolder()
    const random = seeded(7)
    for (let t = 0; t < 6; t++)
      await writeFile(
        path.join(folder, `${t}.tar`),
        await tarOf(Array.from({ length: 100 }, (_, i) => [`${i}.jpg`, noise(random, 5000 + Math.floor(random() * 20_000))])),
      )
    await writeFiles(folder, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}.jpg`, `file ${i}`])))
    const { images } = await opened(folder)
    const places = images
      .map(({ id, uri, key, offset, length }) => ({ id, uri, key, offset, length, order: random() }))
      .sort((a, b) => a.order - b.order)
    const chosen = places.filter((place) => place.offset === undefined || random() < 2 / 3)
    const store = await storeOf(folder)
    const read = vi.spyOn(store, 'read')
    let own = 0
    let last = ''
    for await (const { place, bytes } of readPlaces(chosen)) {
      const { uri, offset = 0, length = bytes!.length } = place
      expect(bytes!.equals((await readFile(uri)).subarray(offset, offset + length))).toBe(true)
      own += length
      const order = `${uri} ${String(offset).padStart(12)}`
      expect(order > last).toBe(true)
      last = order
    }
    const bytes = read.mock.calls.reduce((sum, [, options]) => sum + (options?.range?.length ?? 6), 0)
    read.mockRestore()
    expect(bytes).toBeLessThanOrEqual(1.2 * own)
    expect(read.mock.calls.length).toBeLessThan(chosen.length)
  })

  test('no more requests at once than asked for, and none ahead of a slow reader', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.jpg`, 'x'])))
    const { images } = await opened(folder)
    const store = await storeOf(folder)
    const original = store.read.bind(store)
    let now = 0
    let most = 0
    let begun = 0
    const read = vi.spyOn(store, 'read').mockImplementation(async (uri, options) => {
      begun++
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 2))
      now--
      return original(uri, options)
    })
    let taken = 0
    for await (const _ of readPlaces(images, { concurrency: 3 })) {
      taken++
      expect(begun - taken).toBeLessThanOrEqual(3)
      if (taken === 20) break
    }
    read.mockRestore()
    expect(most).toBe(3)
  })

  test('a missing file and a shard that was cut: each image its own error, the others are read', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      'a.tar': await tarOf([
        ['1.jpg', Buffer.alloc(4000, 1)],
        ['2.jpg', Buffer.alloc(4000, 2)],
        ['3.jpg', Buffer.alloc(4000, 3)],
      ]),
      'b.jpg': 'b',
    })
    const { images } = await opened(folder)
    await truncate(path.join(folder, 'a.tar'), images[2]!.offset! + 100)
    await unlink(path.join(folder, 'b.jpg'))
    const found = []
    for await (const { place, bytes, error } of readPlaces(images))
      found.push([path.basename(place.key ?? place.uri), bytes?.[0] ?? error!.code])
    expect(found).toEqual([
      ['1.jpg', 1],
      ['2.jpg', 2],
      ['3.jpg', 'ERR_WORDMASK_IO'],
      ['b.jpg', 'ERR_WORDMASK_FILE_NOT_FOUND'],
    ])
  })

  test('wrong places are their own error, wrong options end the call, so does an abort', async () => {
    const found = []
    for await (const { error } of readPlaces([
      { uri: '' },
      { uri: 'a', offset: -1, length: 1 },
      { uri: 'a', offset: 1 },
      { uri: 'item://x' },
    ]))
      found.push(error!.code)
    expect(found).toEqual([...Array(3).fill('ERR_WORDMASK_INVALID_ARGUMENT'), 'ERR_WORDMASK_FILE_NOT_FOUND'])
    const drain = async (options: object) => {
      for await (const _ of readPlaces([{ uri: 'a' }], options));
    }
    await expect(drain({ concurrency: 0 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    await expect(drain({ signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
  })
})

describe('checkPlace', () => {
  test('a shard that was written again is told from the one that was added; a file that is gone too', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, {
      'a.tar': await tarOf([
        ['1.jpg', 'one'],
        ['2.jpg', 'two'],
      ]),
      'b.jpg': 'b',
    })
    const { images } = await opened(folder)
    for (const image of images) await expect(checkPlace(image)).resolves.toBeUndefined()
    await writeFiles(folder, {
      'a.tar': await tarOf([
        ['1.jpg', 'one'],
        ['0.jpg', 'longer'],
        ['2.jpg', 'two'],
      ]),
    })
    await expect(checkPlace(images[0]!)).resolves.toBeUndefined()
    await expect(checkPlace(images[1]!)).rejects.toHaveCode('ERR_WORDMASK_IO', /no tar header of 3 bytes for 2\.jpg.*Add it again/)
    await truncate(path.join(folder, 'a.tar'), 600)
    await expect(checkPlace(images[1]!)).rejects.toHaveCode('ERR_WORDMASK_IO', /has 600 bytes/)
    await unlink(path.join(folder, 'b.jpg'))
    await expect(checkPlace(images[2]!)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
  })

  test('readPlace: a range beyond the end', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { 'a.tar': 'short' })
    await expect(readPlace({ uri: path.join(folder, 'a.tar'), key: 'x.jpg', offset: 512, length: 5 })).rejects.toHaveCode(
      'ERR_WORDMASK_IO',
      /it has 5/,
    )
  })
})
