import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import type { ArchiveRow } from '../../lib/archive/types'
import { addInChild } from './child'
import { expectSameRows, temporaryFolder, wholeRows, writePictures } from './pictures'

let folder: string
const images = () => join(folder, 'images')
let whole: ArchiveRow[]
beforeAll(async () => {
  folder = await temporaryFolder()
  await writePictures(images(), 60)
  expect(await addInChild(join(folder, 'whole'), images(), {})).toMatchObject({ end: { done: 60 } })
  whole = await rowsOf(join(folder, 'whole'))
})

async function rowsOf(path: string): Promise<ArchiveRow[]> {
  await using archive = await Archive.open(path, { readOnly: true })
  return await wholeRows(archive)
}

describe('a disk that is full', () => {
  // The first two are met in the journal, whose rows take 700 bytes; the last one when the three commits are joined.
  test.each([
    [3_000, 60],
    [20_000, 60],
    [20_000, 20],
  ])(
    'files of %i bytes at most, commits of %i rows: ERR_WORDMASK_IO, and with room it goes on',
    { timeout: 600_000 },
    async (limit, commitRows) => {
      const path = join(folder, `limit-${limit}-${commitRows}`)
      const { failed, stderr } = await addInChild(path, images(), { batchSize: 2, commitRows }, { limit })
      expect(failed, stderr).toMatchObject({ code: 'ERR_WORDMASK_IO', message: expect.stringMatching(/[Mm]ake room/) })
      const { end } = await addInChild(path, images(), { batchSize: 2 })
      expect(end).toBeDefined()
      expectSameRows(await rowsOf(path), whole)
    },
  )

  test('a file system of 700 kB', { timeout: 600_000 }, async (context) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=700k', 'none', disk], { stdio: 'pipe' })
    } catch (error) {
      return context.skip(`no file system can be mounted here: ${String((error as Error).message).split('\n')[0]}`)
    }
    try {
      writeFileSync(join(disk, 'other'), Buffer.alloc(560 * 1024))
      const { failed, stderr } = await addInChild(join(disk, 'photos'), images(), { batchSize: 2 })
      expect(failed, stderr).toMatchObject({ code: 'ERR_WORDMASK_IO' })
      rmSync(join(disk, 'other'))
      expect(await addInChild(join(disk, 'photos'), images(), { batchSize: 2 })).toMatchObject({ end: { rejected: 0 } })
      expectSameRows(await rowsOf(join(disk, 'photos')), whole)
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
})
