import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import type { Box, SourceImage } from '../../lib/archive/types'
import { Clip } from '../../lib/clip/clip'
import { all, type Counted, temporaryFolder, wavePixels } from './pictures'

let clip: Clip
let archive: Archive
const counted: Counted = { reads: 0 }
/** Left and right halves are different pictures; the file is turned by its EXIF orientation, so it lies 40 x 60 upright. */
const [width, height] = [60, 40]
let file: Buffer
const halves: Box[] = [
  [0, 0, 40, 30],
  [0, 30, 40, 30],
]
const crop = (parent: string, box: Box): SourceImage => ({
  id: `${parent}#${box.join(',')}`,
  uri: `file:///${parent}`,
  parent,
  box,
  bytes: async () => {
    counted.reads++
    return file
  },
})

beforeAll(async () => {
  clip = await Clip.load('scenes')
  const data = Buffer.from(wavePixels(width, height, 3))
  for (let y = 0; y < height; y++) for (let x = 30; x < width; x++) data.fill(x * 4, (y * width + x) * 3, (y * width + x) * 3 + 1)
  file = await sharp(data, { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toBuffer()
  archive = await Archive.open(join(await temporaryFolder(), 'crops'), { clip })
})
afterAll(async () => {
  await archive.close()
  clip.dispose()
})

describe('crops', () => {
  test('are cut out of the upright parent, which is read once', async () => {
    expect(await archive.addImages(halves.map((box) => crop('p', box)))).toMatchObject({ done: 2 })
    expect(counted.reads).toBe(1)
    const rows = await all(archive.rows({ return: ['id', 'parent', 'box', 'width', 'height', 'phash', 'vector'] }))
    expect(rows).toMatchObject(halves.map((box) => ({ id: `p#${box.join(',')}`, parent: 'p', box, width: 40, height: 60 })))
    expect(rows[0]!.phash).not.toBe(rows[1]!.phash)
    const upright = await sharp(file).rotate().toBuffer()
    for (const [i, [left, top, w, h]] of halves.entries()) {
      const part = await sharp(upright).extract({ left, top, width: w, height: h }).png().toBuffer()
      const { data } = await clip.encodeImage(part)
      for (const [j, value] of rows[i]!.vector!.entries()) expect(Math.abs(value - data[j]!)).toBeLessThan(1e-3)
    }
  })

  test('a search gives the parent once, with its best box; crops on request', async () => {
    await archive.addImages([
      ...halves.map((box) => crop('q', box)),
      { ...crop('r', halves[0]!), id: 'r', parent: undefined, box: undefined } as never,
    ])
    const [second] = await all(archive.rows({ where: "id = 'p#0,30,40,30'", return: ['vector'] }))
    const hits = await archive.search({ vector: second!.vector! }, { topK: 3 })
    expect(hits.map(({ id }) => id).sort()).toEqual(['p', 'q', 'r'])
    // The pictures are the same: which of the two vectors is nearer is a matter of their last bits.
    const best = hits.slice(0, 2).sort((a, b) => (a.id < b.id ? -1 : 1))
    expect(best).toMatchObject(['p', 'q'].map((id) => ({ id, box: halves[1], uri: `file:///${id}`, score: expect.closeTo(1, 2) })))
    expect(hits[0]).not.toHaveProperty('parent')
    const crops = await archive.search({ vector: second!.vector! }, { topK: 5, crops: true })
    expect(crops).toHaveLength(5)
    expect(
      crops
        .slice(0, 2)
        .map(({ id, parent }) => `${parent}: ${id}`)
        .sort(),
    ).toEqual(['p: p#0,30,40,30', 'q: q#0,30,40,30'])
    expect(await archive.stats()).toMatchObject({ rows: 5, crops: 4 })
  })

  test('a box beyond the image is cut off at its edge; one outside is a reject', async () => {
    expect(await archive.addImages([crop('s', [30, 50, 100, 100]), crop('s', [40, 0, 5, 5])])).toMatchObject({ done: 1, rejected: 1 })
    expect(await all(archive.rejects())).toMatchObject([
      { id: 's#40,0,5,5', code: 'ERR_WORDMASK_IMAGE', reason: expect.stringMatching(/outside the image of 40 x 60/) },
    ])
  })
})
