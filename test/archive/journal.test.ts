import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { JournalSegment, listSegments } from '../../lib/archive/journal'
import { type ArchiveRecord, encodeRecord, readRowsFile, recordsVersion } from '../../lib/archive/records'
import type { EmbeddedRow } from '../../lib/archive/types'
import { thisProcess } from '../../lib/run/process-mark'
import { all, temporaryFolder } from './pictures'

const header = { format: 'wordmask-rows', version: recordsVersion, dim: 3, model: 'abc' } as const
const row = (id: string, vector: number[]): EmbeddedRow => ({
  id,
  uri: `file:///${id}`,
  width: 4,
  height: 3,
  bytes: 9,
  sha256: 'f'.repeat(64),
  phash: '0'.repeat(16),
  addedAt: '2026-11-21T00:00:00.000Z',
  vector: Uint16Array.from(vector),
})
const records: ArchiveRecord[] = [
  { row: row('a', [1, 2, 65535]) },
  { reject: { id: 'b', uri: 'file:///b', code: 'ERR_WORDMASK_IMAGE', reason: 'ünreadable' } },
  { row: { ...row('c', [7, 8, 9]), caption: 'a fox', metadata: { site: 'north', night: true, t: 1.5, none: null } } },
]

async function segment(): Promise<{ folder: string; file: string }> {
  const folder = await temporaryFolder()
  const made = await JournalSegment.create(folder, 'w.rows', header)
  await made.append(records.slice(0, 1))
  await made.append(records.slice(1))
  await made.sync()
  await made.close()
  return { folder, file: made.file }
}
const read = async (file: string) => (await all(readRowsFile(file))).map(({ record }) => record)

describe('a segment of the journal', () => {
  test('gives back what was written', async () => {
    expect(await read((await segment()).file)).toEqual(records)
  })

  test('cut off anywhere, the whole records before it are read', async () => {
    const { file } = await segment()
    const bytes = await readFile(file)
    const ends = (await all(readRowsFile(file))).map(({ end }) => end)
    expect(ends.at(-1)).toBe(bytes.length)
    for (let length = bytes.length; length >= 0; length -= 7) {
      await truncate(file, length)
      expect(await read(file)).toEqual(records.slice(0, ends.filter((end) => end <= length).length))
    }
  })

  test('a damaged record and what follows it are left out', async () => {
    const { file } = await segment()
    const bytes = await readFile(file)
    const [first, second] = (await all(readRowsFile(file))).map(({ end }) => end)
    bytes[Math.floor((first! + second!) / 2)]! ^= 1
    await writeFile(file, bytes)
    expect(await read(file)).toEqual(records.slice(0, 1))
    await appendFile(file, 'more')
    expect(await read(file)).toEqual(records.slice(0, 1))
  })

  test('another file and a newer format are refused', async () => {
    const { folder } = await segment()
    await writeFile(join(folder, 'x'), encodeRecord(records[0]!))
    await expect(read(join(folder, 'x'))).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_ARCHIVE', /no file of archive rows/))
    await writeFile(join(folder, 'y'), encodeRecord({ ...header, version: 9 }))
    await expect(read(join(folder, 'y'))).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_VERSION', /npm install wordmask@latest/))
  })

  test('of a process that has ended it is left to the next; that of a living one is its own', async () => {
    const folder = await temporaryFolder()
    const { machine, started } = thisProcess()
    const parent = process.ppid
    const stat = await readFile(`/proc/${parent}/stat`, 'utf8')
    const parentStart = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const names = {
      ended: `${machine}-999999999-1-0000000a-000000.rows`,
      reused: `${machine}-${parent}-1-0000000a-000000.rows`,
      living: `${machine}-${parent}-${parentStart}-0000000a-000000.rows`,
      ownButGivenUp: `${machine}-${process.pid}-${started}-0000000a-000000.rows`,
      elsewhere: `00000000-5-1-0000000a-000000.rows`,
    }
    for (const name of Object.values(names)) await writeFile(join(folder, name), '')
    const left = (await listSegments(folder)).filter((found) => found.left).map(({ file }) => file)
    expect(left.sort()).toEqual([names.ended, names.reused, names.ownButGivenUp].map((name) => join(folder, name)).sort())
    expect(await readdir(folder)).toHaveLength(5)
  })
})
