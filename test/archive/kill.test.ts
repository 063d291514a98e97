import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import type { ArchiveRow } from '../../lib/archive/types'
import { addInChild } from './child'
import { expectSameRows, temporaryFolder, wholeRows, writePictures } from './pictures'

const pictures = 90
/** Five commits an archive, so that a kill meets every step of them. */
const options = { commitRows: 18, batchSize: 3, syncSeconds: 0 }
const kills = 32

/** Numbers of [0, 1), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('a process that is killed while it adds', () => {
  let folder: string
  let images: string
  let whole: ArchiveRow[]
  let wholeMs: number
  beforeAll(async () => {
    folder = await temporaryFolder()
    images = join(folder, 'images')
    await writePictures(images, pictures, { 11: Buffer.from('no picture'), 40: new Uint8Array(0) })
    const { end, stderr } = await addInChild(join(folder, 'whole'), images, options)
    expect(end, stderr).toMatchObject({ done: pictures - 2, rejected: 2 })
    wholeMs = end!.ms
    whole = await rowsOf('whole')
  })

  async function rowsOf(name: string): Promise<ArchiveRow[]> {
    await using archive = await Archive.open(join(folder, name), { readOnly: true })
    expect((await archive.stats()).rejects).toEqual({ ERR_WORDMASK_IMAGE: 2 })
    return await wholeRows(archive)
  }

  test(`${kills} kills at random moments: the archive equals that of a run without, row for row`, { timeout: 1_800_000 }, async () => {
    const random = seeded(20_261_121)
    let killed = 0
    let archives = 0
    while (killed < kills) {
      const name = `killed-${archives++}`
      for (;;) {
        const { signal, end, failed, stderr } = await addInChild(join(folder, name), images, options, {
          killAfter: random() * wholeMs,
        })
        expect(failed, stderr).toBeUndefined()
        if (end) break
        expect(signal, stderr).toBe('SIGKILL')
        killed++
      }
      expectSameRows(await rowsOf(name), whole, name)
      expect(readdirSync(join(folder, name, 'local', 'journal'))).toEqual([])
    }
    expect(archives).toBeGreaterThan(1)
  })
})
