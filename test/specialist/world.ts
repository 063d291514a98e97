import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll } from 'vitest'
import { binding } from '../../lib/binding'
import { Archive, type BuildSpecialistOptions, Clip, type ImageItem, writeLabelMap } from '../../lib/index'
import { parseClasses } from '../../lib/text/classes'
import { trainingPack } from '../helpers/scene-pack'

// Pictures are small here, and on a busy machine a second thread waits for its core in every operation: 40 s for what takes 7 with one.
process.env.WORDMASK_THREADS = '1'

/** What the scenes of `world` show for certain, and what they do not. */
export const name = 'grass'
export const absentName = 'giraffe'
const side = 64

export interface World {
  folder: string
  clip: Clip
  archive: Archive
  photos: string
  /** images/ and labels/ of some of the scenes: 1 is the name. */
  truth: { images: string; labels: string }
}

/** A folder that is gone after the tests of the file. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-specialist-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/**
 * An archive of scenes, some of them with grass, in folders ("sites") of six. Each image is added under an id and a folder of its own, for both
 * would follow from the path, a new one in each run: which sites are held out, and what is learnt from them, is the same in every run.
 */
export async function world(count = { with: 30, without: 120 }): Promise<World> {
  const folder = temporary()
  const pack = await binding().ScenePack.open([trainingPack], {})
  const [grass, giraffe] = [name, absentName].map((one) => pack.names.indexOf(one)) as [number, number]
  const photos = join(folder, 'photos')
  const truth = { images: join(folder, 'truth', 'images'), labels: join(folder, 'truth', 'labels') }
  mkdirSync(truth.images, { recursive: true })
  const written = { with: 0, without: 0 }
  const items: ImageItem[] = []
  for (let index = 0; written.with + written.without < count.with + count.without; index++) {
    const { pixels, labels, present } = await pack.render(index, { size: side, split: 'unseen', seed: 5 }, {})
    const kind = present.includes(grass) ? 'with' : 'without'
    if (present.includes(giraffe) || written[kind] >= count[kind]) continue
    const at = written.with + written.without
    const site = `site-${Math.floor(at / 6)}`
    const file = join(photos, site, `${index}.png`)
    mkdirSync(join(photos, site), { recursive: true })
    const image = sharp(pixels.data, { raw: { width: side, height: side, channels: 3 } }).png()
    await image.toFile(file)
    items.push({ id: `${site}/${index}.png`, image: file, metadata: { folder: site } })
    if (kind === 'with' && written.with < 4) {
      await image.toFile(join(truth.images, `${index}.png`))
      const map = labels.map((label) => Number(label === grass))
      const labelled = { labels: map, width: side, height: side, classes: parseClasses([name]), firstLabel: 1 as const }
      await writeLabelMap(join(truth.labels, `${index}.png`), labelled)
    }
    written[kind]++
  }
  const clip = await Clip.load('scenes')
  const archive = await Archive.open(join(folder, 'archive'), { clip })
  await archive.add(items)
  afterAll(async () => {
    await archive.close()
    await clip[Symbol.asyncDispose]()
  })
  return { folder, clip, archive, photos, truth }
}

/** Everything as small as it can be. */
export const tiny = {
  ...{ names: [name], contexts: ['sand', 'snow'], groupBy: 'folder', without: 24, composites: 8, heldOut: 16 },
  training: { size: 48, width: 0.25, steps: 4, batchSize: 2, workers: 1, samples: 0, logEvery: 2 },
} satisfies Partial<BuildSpecialistOptions>
