import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { ArchiveRow, ImagePlace } from '../../lib/archive/types'
import { type CuratedClass, type CuratedImage, CuratedParts, CuratedSet } from '../../lib/curate/curated-set'
import type { ReadImages } from '../../lib/curate/images'
import type { Dropped } from '../../lib/curate/select'
import { WordmaskError } from '../../lib/errors'
import { parseClasses } from '../../lib/text/classes'

export const nothingDropped: Dropped = {
  ...{ rejected: 0, excluded: 0, belowMinScore: 0, belowLevel: 0, belowMargin: 0, nearDuplicates: 0, groupFull: 0 },
}

export const origin = {
  archive: '/data/photos.lance',
  rows: 1000,
  model: { name: 'tiny', licence: 'MIT', sha256: ['ab'] },
  settings: { perClass: 3 },
}

/** Small pictures of one colour with a stripe, as files. -> rows with their true hashes */
export async function pictures(folder: string, names: string[], type: 'jpeg' | 'png' = 'png'): Promise<ArchiveRow[]> {
  await mkdir(folder, { recursive: true })
  return Promise.all(
    names.map(async (name, i) => {
      const stripe = Buffer.from(`<svg width="48" height="32"><rect x="${(i * 7) % 40}" width="8" height="32" fill="white"/></svg>`)
      const background = { r: (i * 53) % 256, g: (i * 97) % 256, b: (i * 29) % 256 }
      const bytes = await sharp({ create: { width: 48, height: 32, channels: 3, background } })
        .composite([{ input: stripe }])
        [type]()
        .toBuffer()
      const uri = join(folder, name)
      await mkdir(join(uri, '..'), { recursive: true })
      await writeFile(uri, bytes)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const caption = i % 2 === 0 ? `picture ${i} & <more>` : undefined
      const metadata = { camera: `c${i % 2}`, licence: i === 0 ? 'CC-BY-4.0' : null, width: i + 0.5 }
      const row = {
        id: uri,
        uri,
        width: 48,
        height: 32,
        bytes: bytes.length,
        sha256,
        phash: '00ff00ff00ff00ff',
        addedAt: '2026-11-21T00:00:00.000Z',
      }
      return { ...row, ...(caption && { caption }), metadata }
    }),
  )
}

/** What lib/sources readPlaces does for files; `reads` counts what was read. */
export function fileReader(): ReadImages & { reads: string[] } {
  const reads: string[] = []
  async function* read<P extends ImagePlace>(places: Iterable<P>) {
    for (const place of [...places].sort((a, b) => (a.uri < b.uri ? -1 : 1))) {
      reads.push(place.uri)
      const bytes = await readFile(place.uri).catch((cause) => cause as Error)
      if (bytes instanceof Error) yield { place, error: new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', bytes.message) }
      else yield { place, bytes }
    }
  }
  return Object.assign(read, { reads }) as ReadImages & { reads: string[] }
}

export function curatedClass(entry: CuratedClass['entry'], rows: ArchiveRow[], more: Partial<CuratedClass> = {}): CuratedClass {
  const images = rows.map((row, rank): CuratedImage => ({ ...row, class: entry.name, rank, score: 0.3 - rank / 100, margin: 0.05 }))
  return { entry, wanted: rows.length, images, dropped: nothingDropped, ...more }
}

export function curatedSet(
  classes: Record<string, ArchiveRow[]>,
  read: ReadImages = fileReader(),
  vectors?: CuratedSet['vectors'],
): CuratedSet {
  const entries = parseClasses(Object.keys(classes))
  return new CuratedSet(
    new CuratedParts(
      entries.map((entry) =>
        curatedClass(entry, classes[entry.name]!, {
          estimatedPrecision: 0.9,
          presence: { by: 'rivals', present: true, statistic: 0.2, level: 0.1, pValue: 0.001, above: 9 },
        }),
      ),
      origin,
      read,
      vectors,
    ),
  )
}
