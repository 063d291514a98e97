import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import { CuratedParts, CuratedSet } from '../../lib/curate/curated-set'
import { readLabelMap } from '../../lib/image/labels'
import { readPlaces } from '../../lib/sources'
import { makeMasks } from '../../lib/specialist/masks'
import { withFitting } from '../../lib/specialist/presence'
import { parseClasses } from '../../lib/text/classes'
import { curatedClass, origin } from '../curate/sets'
import { rowOf } from './pictures'
import { temporary } from './world'

const classes = parseClasses(['fox', 'hen'])

async function picture(file: string, width: number, height: number): Promise<ArchiveRow> {
  await sharp({ create: { width, height, channels: 3, background: '#406080' } })
    .png()
    .toFile(file)
  return rowOf(file)
}

function setOf(...images: ArchiveRow[][]): CuratedSet {
  const found = images.map((rows, i) => curatedClass(classes[i]!, rows, { estimatedPrecision: 0.9 }))
  return new CuratedSet(new CuratedParts(found, origin, readPlaces))
}

/** A segmenter that finds every name in the left half. */
const segmenter = {
  async segment({ width, height }: { width: number; height: number }) {
    const data = Float32Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 0.9 : 0.1))
    return {
      scores: async () => ({ data, shape: [1, height, width] }),
      labels: new Uint8Array(width * height),
    }
  },
}

function masksOf(set: CuratedSet, folder: string, onReject: (row: ArchiveRow, error: { code: string }) => void) {
  return makeMasks({
    ...{
      set,
      classes,
      folder,
      onReject,
      boxesOf: undefined,
      groupOf: ({ id }: ArchiveRow) => id,
      size: { width: 32, height: 32 },
    },
    ...{
      references: { segmenter, competing: [] } as never,
      signal: undefined,
      onProgress: undefined,
    },
  })
}

describe('masks', () => {
  test('of a picture that is in the archive twice, under two addresses, are made once and stay', async () => {
    const folder = temporary()
    const [one, two] = [await picture(join(folder, 'a.png'), 40, 32), await picture(join(folder, 'b.png'), 40, 32)]
    expect(one.sha256).toBe(two.sha256)
    const [mask, ...more] = await masksOf(setOf([one, two]), folder, () => expect.unreachable())
    expect([mask!.names, more]).toEqual([[0], []])
    const { labels, width } = await readLabelMap(mask!.labels)
    expect(labels.filter((label) => label === 1).length).toBe((width / 2) * 32)
  })

  test('of two names at one place are nobody’s there', async () => {
    const folder = temporary()
    const one = await picture(join(folder, 'a.png'), 40, 32)
    expect(await masksOf(setOf([one], [one]), folder, () => expect.unreachable())).toEqual([])
  })

  test('a picture too long for its width is told and left out before it takes gigabytes', async () => {
    const folder = temporary()
    const [thin, good] = [await picture(join(folder, 'thin.png'), 1, 5000), await picture(join(folder, 'good.png'), 40, 32)]
    const rejects: string[] = []
    const masked = await masksOf(setOf([thin, good]), folder, ({ id }, { code }) => rejects.push(`${id.slice(-8)} ${code}`))
    expect(masked.map(({ row }) => row.id)).toEqual([good.id])
    expect(rejects).toEqual(['thin.png ERR_WORDMASK_IMAGE_TOO_LARGE'])
  })
})

test('what fits a name as well joins its images, each content once', async () => {
  const folder = temporary()
  const [known, copy, fresh] = [
    await picture(join(folder, 'a.png'), 40, 32),
    await picture(join(folder, 'b.png'), 40, 32),
    await picture(join(folder, 'c.png'), 41, 32),
  ]
  const fitting = [copy, fresh, { ...fresh, id: 'again' }].map((row) => ({
    row,
    group: row.id,
    score: 0.5,
  }))
  const [fox] = withFitting(setOf([known]), [fitting], 9).classes
  expect(fox!.images.map(({ sha256, rank }) => [sha256, rank])).toEqual([
    [known.sha256, 0],
    [fresh.sha256, 1],
  ])
  expect(fox!.estimatedPrecision).toBeUndefined()
  // Nothing joins: what was known of the set still holds.
  expect(withFitting(setOf([known]), [[fitting[0]!]], 9).classes[0]!.estimatedPrecision).toBe(0.9)
})
