import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import sharp from 'sharp'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { trainSegmenter, writeLabelMap } = load(join(root, 'dist/index.js'))
const { parseClasses } = load(join(root, 'dist/text/classes.js'))
const { binding } = load(join(root, 'dist/binding.js'))

const scene = async (index, size, split) => {
  const pack = await binding().ScenePack.open([join(root, 'models/scenes/scenes.pack')], {})
  return { ...(await pack.render(index, { size, split, seed: 0 }, {})), things: pack.concepts }
}

/** Grounds by which the network labels; things are its background, label 0. */
const kinds = ['first', 'second', 'third']

/** A MobileNetV2 of full width that tells grounds apart after a few steps; the folder that Segmenter.load takes. */
export async function trainOnScenes(folder) {
  const [images, labels, into] = ['images', 'labels', 'run'].map((name) => join(folder, name))
  mkdirSync(images, { recursive: true })
  const size = 320
  for (let i = 0; i < 64; i++) {
    const { pixels, labels: map, things } = await scene(i, size, 'train')
    await sharp(pixels.data, { raw: { width: size, height: size, channels: 3 } }).toFile(join(images, `${i}.png`))
    const kindOf = (label) => (label < things ? 0 : 1 + ((label - things) % kinds.length))
    const labelled = { labels: map.map(kindOf), width: size, height: size, classes: parseClasses(kinds), firstLabel: 1 }
    await writeLabelMap(join(labels, `${i}.png`), labelled)
  }
  await trainSegmenter({
    ...{ images, labels, into, classes: kinds, background: true, size: { width: 320, height: 240 }, crop: 160 },
    ...{ outputStride: 16, steps: 40, batchSize: 8, learningRate: 2e-3, samples: 0, workers: 1, seed: 0 },
    backboneNormMomentum: 0.3,
  })
  return into
}

/** Unseen scenes of 320 x 240. */
export async function writeScenes(folder, count) {
  mkdirSync(folder, { recursive: true })
  for (let i = 0; i < count; i++) {
    const { pixels } = await scene(i, 320, 'unseen')
    const image = sharp(pixels.data, { raw: { width: 320, height: 320, channels: 3 } })
    await image.extract({ left: 0, top: 40, width: 320, height: 240 }).toFile(join(folder, `${String(i).padStart(2, '0')}.png`))
  }
  return folder
}
