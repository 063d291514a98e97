import { join } from 'node:path'
import { Session } from '@lancedb/lancedb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { connectWith } from '../../lib/archive/lance'
import type { SourceImage } from '../../lib/archive/types'
import { Clip } from '../../lib/clip/clip'
import { temporaryFolder } from './pictures'

const rows = 3000
let clip: Clip
let archive: Archive
let folder: string

/** Clustered unit vectors; nothing of them is read. */
function* vectors(count: number, dim: number, from = 0): Generator<SourceImage> {
  let state = 7 + from
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const centres = Array.from({ length: 40 }, () => Float32Array.from({ length: dim }, random))
  for (let i = from; i < from + count; i++) {
    const centre = centres[i % centres.length]!
    const vector = centre.map((value) => value + random())
    yield {
      id: `v${i}`,
      uri: `x:${i}`,
      vector,
      caption: `number ${i}`,
      metadata: { even: i % 2 === 0 },
      bytes: () => Promise.reject(new Error('never read')),
    }
  }
}

beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await Clip.load('scenes')
  archive = await Archive.open(join(folder, 'vectors'), { clip })
  expect(await archive.addImages(vectors(rows, clip.info.embedDim))).toMatchObject({ done: rows })
})
afterAll(async () => {
  await archive.close()
  clip.dispose()
})

describe('createIndex', () => {
  test('needs 256 rows', async () => {
    await using small = await Archive.open(join(folder, 'small'), { clip })
    await small.addImages(vectors(255, clip.info.embedDim))
    await expect(small.createIndex()).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /256 rows/))
    await expect(small.search('a fox', { exact: false })).rejects.toThrow(
      expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /create-index/),
    )
  })

  test.each(['ivf-flat', 'ivf-pq'] as const)(
    '%s: recall of 10 and 100, for texts and images, raised to the target',
    { timeout: 240_000 },
    async (type) => {
      const report = await archive.createIndex({ type, targetRecall: 0.9, sample: 30, queries: ['a fox', 'grass', 'a tree'] })
      expect(report).toMatchObject({ type, rows, reached: true, targetRecall: 0.9 })
      expect(report.exactMillisecondsPerQuery).toBeGreaterThan(0)
      for (const recall of [report.text!, report.image]) {
        expect(recall.at10).toBeGreaterThanOrEqual(0.9)
        expect(recall.at100).toBeGreaterThanOrEqual(0.9)
      }
      const exact = await archive.search('a fox', { topK: 10, return: ['id'] })
      const found = await archive.search('a fox', { topK: 10, exact: false, return: ['id'] })
      const had = new Set(exact.map(({ id }) => id))
      // A mean of .9 over three queries leaves each at least 7 of its 10: a search for 10 keeps what was measured with 100.
      expect(found.filter(({ id }) => had.has(id)).length).toBeGreaterThanOrEqual(7)
      const same = found.find(({ id }) => id === exact[0]!.id)
      if (same) expect(same.score).toBeCloseTo(exact[0]!.score, 5)
      const even = await archive.search('a fox', { topK: 10, exact: false, where: 'even', minScore: -1 })
      expect(even.length).toBe(10)
      expect(even.every(({ metadata }) => metadata!.even === true)).toBe(true)
    },
  )

  test('captions that the model knows no word of are not measured with', async () => {
    const { text, image } = await archive.createIndex({ type: 'ivf-flat', sample: 20 })
    expect([text!.at10, image.at10].every((recall) => recall >= 0.9)).toBe(true)
  })

  test('what LanceDB keeps of an index counts in the caches it was given, which bound it', async () => {
    const session = new Session(64n << 20n, 16n << 20n)
    const connection = await connectWith(session, join(folder, 'vectors'), {})
    const images = await connection.openTable('images')
    await images.query().nearestTo(new Float32Array(clip.info.embedDim).fill(1)).column('vector').nprobes(4).limit(3).toArray()
    expect(session.approxNumItems()).toBeGreaterThan(0)
    images.close()
    connection.close()
  })

  test('rows that came after the index are found', async () => {
    const [late] = [...vectors(1, clip.info.embedDim, 99_999)]
    await archive.addImages([late!])
    expect(await archive.search({ vector: late!.vector! }, { topK: 1, exact: false })).toMatchObject([{ id: 'v99999' }])
  })
})
