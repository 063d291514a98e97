import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { Clip } from '../../lib/clip/clip'
import { longestSilence } from '../helpers/silence'
import { all, type Counted, filesAsImages, temporaryFolder, writePictures } from './pictures'

let folder: string
let clip: Clip
let files: string[]
beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  files = await writePictures(join(folder, 'images'), 60)
})
afterAll(() => clip.dispose())

describe('an aborted add', () => {
  test('before it begins: nothing is read', async () => {
    await using archive = await Archive.open(join(folder, 'before'), { clip })
    const counted: Counted = { reads: 0 }
    const adding = archive.addImages(filesAsImages(files, counted), { signal: AbortSignal.abort('no') })
    await expect(adding).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: 'no' })
    expect(counted.reads).toBe(0)
  })

  test('on the way: what is embedded is kept, and the next add goes on after it', async () => {
    await using archive = await Archive.open(join(folder, 'during'), { clip })
    const stop = new AbortController()
    let done = 0
    const adding = (async () => {
      for await (const progress of archive.addImages(filesAsImages(files), { batchSize: 4, signal: stop.signal })) {
        done = progress.done
        if (done >= 12) stop.abort('enough')
      }
    })()
    await expect(adding).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED', cause: 'enough' })
    const next = await archive.addImages(filesAsImages(files))
    expect(next.skipped).toBeGreaterThanOrEqual(done)
    expect(next.done + next.skipped).toBe(60)
    expect((await all(archive.rows({ return: ['id'] }))).map(({ id }) => id)).toEqual(files)
  })

  test('a loop that is left stops the work; close commits what is embedded', async () => {
    const path = join(folder, 'left')
    const archive = await Archive.open(path, { clip })
    const counted: Counted = { reads: 0 }
    for await (const { done } of archive.addImages(filesAsImages(files, counted), { batchSize: 4 })) if (done > 0) break
    const { reads } = counted
    expect(reads).toBeLessThan(60)
    await archive.close()
    expect(counted.reads).toBe(reads)
    await using again = await Archive.open(path, { readOnly: true })
    expect(await again.count()).toBeGreaterThan(0)
    await expect(archive.search('a fox')).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_DISPOSED'))
    expect(() => archive.rows()).toThrow(expect.toHaveCode('ERR_WORDMASK_DISPOSED'))
    await archive.close()
  })

  test('what the source throws ends the add as it is, after the rows before it', async () => {
    await using archive = await Archive.open(join(folder, 'throwing'), { clip })
    async function* broken() {
      yield* filesAsImages(files.slice(0, 10))
      throw new RangeError('the list ends here')
    }
    await expect(archive.addImages(broken(), { batchSize: 2 })).rejects.toThrow(new RangeError('the list ends here'))
    expect(await archive.addImages(filesAsImages(files))).toMatchObject({ rejected: 0 })
    expect(await archive.count()).toBe(60)
  })
})

test('an aborted search leaves the archive usable', async () => {
  await using archive = await Archive.open(join(folder, 'search'), { clip })
  await archive.addImages(filesAsImages(files))
  await expect(archive.search('a fox', { signal: AbortSignal.abort(1) })).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED' })
  const stop = new AbortController()
  const searching = archive.search('a fox', { signal: stop.signal })
  stop.abort()
  await searching.catch((error) => expect(error.code).toBe('ERR_WORDMASK_ABORTED'))
  expect(await archive.search('a fox')).toHaveLength(10)
})

test('the event loop turns while images are added and searched', { timeout: 120_000 }, async () => {
  await using archive = await Archive.open(join(folder, 'loop'), { clip, commitRows: 25 })
  const { longest, turns } = await longestSilence(async () => {
    await archive.addImages(filesAsImages(files))
    for (let i = 0; i < 10; i++) await archive.search(['a fox', 'grass', 'a tree'], { topK: 50, where: 'width > 3' })
  })
  expect(turns).toBeGreaterThan(10)
  expect(longest).toBeLessThan(200)
})
