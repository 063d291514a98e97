import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { DeepLabConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { trainSegmenter, writeLabelMap } from '../../lib/index'
import { makeFolder } from '../../lib/setup/make-folder'
import { parseClasses } from '../../lib/text/classes'
import { trainingPack } from '../helpers/scene-pack'

const side = 48

/** Kinds of ground, by which the network labels; things are its background, label 0. */
const kinds = ['first', 'second', 'third']

/** The folder of a small network that has learnt a little of which ground is where in scenes. */
export async function trainedNetwork(folder: string, config: Partial<DeepLabConfig>, steps = 60): Promise<string> {
  const [images, labels, into] = ['images', 'labels', 'run'].map((name) => join(folder, name)) as [string, string, string]
  await makeFolder(images)
  // As many as train: on a busy machine a second thread waits for its core in every small step.
  binding().setThreads(1)
  const pack = await binding().ScenePack.open([trainingPack], {})
  for (let i = 0; i < 16; i++) {
    const { pixels, labels: map } = await pack.render(i, { size: side, split: 'train', seed: 9 }, {})
    await sharp(pixels.data, { raw: { width: side, height: side, channels: 3 } }).toFile(join(images, `${i}.png`))
    const kindOf = (label: number) => (label < pack.concepts ? 0 : 1 + ((label - pack.concepts) % kinds.length))
    const labelled = { labels: map.map(kindOf), width: side, height: side, classes: parseClasses(kinds), firstLabel: 1 as const }
    await writeLabelMap(join(labels, `${i}.png`), labelled)
  }
  const { backbone = 'mobilenet_v2', outputStride = 16, layers } = config
  await trainSegmenter({
    ...{ images, labels, into, classes: kinds, background: true, size: side, steps, samples: 0, workers: 1, seed: 1 },
    ...{ backbone, outputStride: outputStride as 8 | 16, width: 0.25, ...(layers && { layers }), batchSize: 8, learningRate: 2e-3 },
    // Norms that have followed so few steps; nothing is changed at random but the mirror.
    backboneNormMomentum: 0.3,
    augment: { scaleLow: 1, scaleHigh: 1, jitter: 0, blur: 0 },
  })
  return into
}

/** Scenes that the network has not seen, as PNGs of any shape. */
export async function scenePictures(folder: string, count: number): Promise<string[]> {
  await makeFolder(folder)
  const pack = await binding().ScenePack.open([trainingPack], {})
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const { pixels } = await pack.render(1000 + i, { size: 160, split: 'train', seed: 9 }, {})
      const file = join(folder, `${i}.png`)
      const image = sharp(pixels.data, { raw: { width: pixels.width, height: pixels.height, channels: 3 } })
      writeFileSync(
        file,
        await image
          .resize(67 + 9 * i, 251 - 8 * i)
          .png()
          .toBuffer(),
      )
      return file
    }),
  )
}
