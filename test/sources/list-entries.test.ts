import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { BoxFile } from '../../lib/sources/crops/boxes'
import { splitLines } from '../../lib/sources/list/lines'
import { resolveEntry } from '../../lib/sources/list/resolve'
import { opened, seeded, temporaryFolder, writeFiles } from './files'

const images = { 'in/a.jpg': 'a' }

describe('no crawling', () => {
  test('addresses on the web only from a list on the same host; such a list names nothing of this machine', () => {
    const list = 'https://mine.example/sets/l.txt'
    expect(resolveEntry('a.jpg', 'https://mine.example/sets', list)).toBe('https://mine.example/sets/a.jpg')
    expect(resolveEntry('https://mine.example/other/a.jpg', 'https://mine.example/sets', list)).toBe('https://mine.example/other/a.jpg')
    for (const [entry, from] of [
      ['https://other.example/a.jpg', list],
      ['http://mine.example/a.jpg', list],
      ['https://mine.example/a.jpg', '/data/l.txt'],
      ['https://mine.example/a.jpg', 's3://mine/l.txt'],
    ] as const)
      expect(() => resolveEntry(entry, '/data', from)).toThrow(/does not crawl/)
    // On the web that is a path of the host.
    expect(resolveEntry('/etc/passwd', 'https://mine.example/sets', list)).toBe('https://mine.example/etc/passwd')
    for (const entry of ['file:///etc/passwd', 's3://mine/a.jpg', '//other.example/a.jpg'])
      expect(() => resolveEntry(entry, 'https://mine.example/sets', list)).toThrow(/only files of its own host/)
  })

  test('a list that begins with an address ends the call; one further down is a reject', async () => {
    const folder = await temporaryFolder()
    await writeFiles(folder, { ...images, 'web.txt': 'https://x.example/a.jpg\n', 'mixed.txt': 'in/a.jpg\nhttps://x.example/a.jpg\n' })
    await expect(opened(path.join(folder, 'web.txt'))).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /Row 1 of .*does not crawl.*img2dataset/,
    )
    const { images: found, rejects } = await opened(path.join(folder, 'mixed.txt'))
    expect([found.length, rejects.length]).toEqual([1, 1])
  })
})

describe('lines', () => {
  test('the same lines and offsets however the stream is cut, by hand and at random', async () => {
    const bytes = Buffer.from('ab\r\n\ncd\n\r\nlast')
    const split = async (sizes: () => number) => {
      async function* pieces() {
        for (let at = 0; at < bytes.length; ) {
          const size = sizes()
          yield bytes.subarray(at, (at += size))
        }
      }
      const lines = []
      for await (const { bytes: line, number, end } of splitLines(pieces())) lines.push([line?.toString(), number, end])
      return lines
    }
    const expected = [
      ['ab', 0, 4],
      ['', 1, 5],
      ['cd', 2, 8],
      ['', 3, 10],
      ['last', 4, 14],
    ]
    for (const size of [1, 2, 3, 5, 100]) expect(await split(() => size)).toEqual(expected)
    const random = seeded(4)
    for (let round = 0; round < 20; round++) expect(await split(() => 1 + Math.floor(random() * 6))).toEqual(expected)
  })

  test('a line of more than 16 MiB is a reject and is not held', async () => {
    async function* endless() {
      for (let i = 0; i < 20; i++) yield Buffer.alloc(1 << 20, 0x41)
      yield Buffer.from('\nshort\n')
    }
    const lines = []
    for await (const { bytes, end } of splitLines(endless())) lines.push([bytes?.toString(), end])
    expect(lines).toEqual([
      [undefined, (20 << 20) + 1],
      ['short', (20 << 20) + 7],
    ])
  })
})

test('the event loop turns while a list of 60,000 rows is read, and while a file of boxes is', async () => {
  const folder = await temporaryFolder()
  const numbers = Array.from({ length: 60_000 }, (_, i) => i)
  await writeFiles(folder, {
    'l.csv': `path,n\n${numbers.map((i) => `in/${i}.jpg,${i}\n`).join('')}`,
    'l.jsonl': numbers.map((i) => `{"path":"in/${i}.jpg"}\n`).join(''),
    'boxes.json': JSON.stringify({ images: numbers.map((i) => ({ file: `${i}.jpg`, detections: [] })) }),
  })
  const turnsOf = async (work: () => Promise<unknown>) => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await work()
    clearInterval(timer)
    return turns
  }
  for (const name of ['l.csv', 'l.jsonl']) expect(await turnsOf(() => opened(path.join(folder, name)))).toBeGreaterThan(10)
  expect(await turnsOf(() => BoxFile.read(path.join(folder, 'boxes.json'), 0))).toBeGreaterThan(10)
})
