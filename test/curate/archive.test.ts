import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import type { Clip } from '../../lib/clip/clip'
import { CuratedSet } from '../../lib/curate/curated-set'
import type { Decision } from '../../lib/curate/decisions'
import { seeded } from '../../lib/curate/random'
import { loadTinyClip, temporaryFolder } from '../api/tiny-clip'

let folder: string
let clip: Clip
let archive: Archive
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await temporaryFolder()
  clip = await loadTinyClip(folder)
  await mkdir(at('photos'))
  for (let i = 0; i < 12; i++) {
    const next = seeded(i)
    const blocks = Buffer.from(Array.from({ length: 8 * 8 * 3 }, () => 256 * next()))
    await sharp(blocks, { raw: { width: 8, height: 8, channels: 3 } })
      .resize(64 + i, 48, { fit: 'fill' })
      .png()
      .toFile(at(`photos/${i}.png`))
  }
  await copyFile(at('photos/3.png'), at('photos/copy of 3.png'))
  const larger = await sharp(at('photos/5.png')).resize(240).jpeg({ quality: 80 }).toBuffer()
  await writeFile(at('photos/large 5.jpg'), larger)
  archive = await Archive.open(at('photos.lance'), { clip })
  await archive.add(at('photos'))
})
afterAll(async () => {
  await archive.close()
  clip.dispose()
})

describe('dedupe of an archive', () => {
  test('finds planted copies, hides them, searches do without, restore undoes', async () => {
    const report = await archive.dedupe({ minCosine: false })
    const groups = [...report.groups()]
    expect(report.counts).toEqual({ exact: 1, hash: 1, cosine: 0 })
    expect(groups.map(({ duplicates }) => duplicates.map(({ how }) => how))).toEqual(expect.arrayContaining([['exact'], ['hash']]))
    const found = []
    for await (const one of report.list()) found.push(one)
    const five = found.find(({ how }) => how === 'hash')!
    for await (const { id, uri } of archive.rows()) {
      if (id === five.kept) expect(uri).toMatch(/large 5\.jpg$/)
      if (id === five.id) expect(uri).toMatch(/\/5\.png$/)
    }
    expect(await archive.count()).toBe(14)
    expect(await report.hide()).toBe(2)
    expect(await archive.count()).toBe(12)
    const hits = await archive.search({ image: at('photos/3.png') }, { topK: 14 })
    expect(hits).toHaveLength(12)
    expect((await archive.dedupe({ minCosine: false })).duplicates).toBe(0)
    expect(await archive.restore(report.reason)).toBe(2)
    expect(await archive.count()).toBe(14)
  })

  test('vectors: what is nearer than the limit joins a star; the cost is said before', async () => {
    let cost = ''
    const report = await archive.dedupe({ exact: false, maxHamming: false, minCosine: 0.9999, onCost: ({ text }) => (cost = text) })
    expect(cost).toMatch(/^14 rows: at most 91 pairs of vectors/)
    expect(report.counts.cosine).toBeGreaterThan(0)
    for (const { kept, duplicates } of report.groups())
      for (const { row, closeness } of duplicates) expect([row !== kept, closeness >= 0.9999]).toEqual([true, true])
  })
})

describe('curation of an archive', () => {
  test('curate, save, load, review and export in all formats', async () => {
    const set = await archive.curate(['fox', 'dog'], { perClass: 4, falseAlarms: false })
    expect(set.classes.map(({ images }) => images.length)).toEqual([4, 4])
    const [first] = set.classes[0]!.images
    const [hit] = await archive.search(
      { vector: (await clip.classVectors((await import('../../lib/text/classes')).parseClasses(['fox']))).data },
      { topK: 1 },
    )
    expect(first!.id).toBe(hit!.id)
    expect(first!.score).toBeCloseTo(hit!.score, 5)
    await set.save(at('curated/curated.jsonl'))
    const back = await CuratedSet.load(at('curated'))
    expect(back.key).toBe(set.key)
    expect(await back.review(at('review.html'))).toMatchObject({ images: 8, unreadable: 0 })
    for (const format of ['folder', 'webdataset', 'parquet', 'jsonl', 'coco'] as const)
      expect(await back.export({ format, into: at(`out/${format}`) })).toMatchObject({ images: expect.any(Number), rejected: [] })
    await set.export({ format: 'clip-retrieval', into: at('out/dump') })
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(at('out/dump/metadata/metadata_0.parquet')) })
    expect(rows.map(({ image_path }) => image_path)).toEqual([...set.images()].map(({ uri }) => uri))
    const npy = await readFile(at('out/dump/img_emb/img_emb_0.npy'))
    expect(npy.toString('latin1')).toMatch(/'shape': \(8, 24\)/)
  })

  test('rejected, an image stays away, its copy too, and also once dedupe has hidden the one that was rejected', async () => {
    const curated = async (decisions: Decision[] = []) => {
      const set = await archive.curate(['fox'], { perClass: 14, falseAlarms: false, duplicates: false, decisions })
      return [...set.images()].filter(({ uri }) => /3\.png$/.test(uri)).map(({ id }) => id)
    }
    const both = await curated()
    expect(both).toHaveLength(2)
    for (const id of both) {
      const decisions: Decision[] = [{ class: 'fox', id, decision: 'reject' }]
      expect(await curated(decisions)).toEqual([])
      await archive.hide({ ids: [id] }, 'a copy')
      expect(await curated()).toEqual(both.filter((other) => other !== id))
      expect(await curated(decisions)).toEqual([])
      await archive.restore('a copy')
    }
  })

  test('an exported clip-retrieval dump is an archive again, with the same vectors', async () => {
    const set = await archive.curate(['fox'], { perClass: 5, falseAlarms: false })
    await set.export({ format: 'clip-retrieval', into: at('dump') })
    const again = await Archive.open(at('again.lance'), { clip })
    await again.add(at('dump'))
    expect(await again.count()).toBe(5)
    await again.close()
  })

  test('crops of one picture are one image of a class', async () => {
    const tiled = await Archive.open(at('tiled.lance'), { clip })
    await tiled.add(at('photos/1.png'), { tiles: '2x2' })
    expect(await tiled.count()).toBeGreaterThan(1)
    const set = await tiled.curate(['fox'], { perClass: 10, falseAlarms: false })
    expect(set.size).toBe(1)
    await tiled.close()
  })

  test('names are told apart from random words only where the archive has images enough', async () => {
    const empty = await Archive.open(at('empty.lance'), { clip })
    expect((await empty.curate(['fox'], { falseAlarms: false })).size).toBe(0)
    await expect(empty.curate(['fox'])).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /at least 5 images/)
    await empty.close()
    const set = await archive.curate(['fox'], { perClass: 3 })
    expect(set.classes[0]!.presence).toMatchObject({ present: expect.any(Boolean), pValue: expect.any(Number) })
  })
})
