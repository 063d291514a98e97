import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Scene, TrainSegmenterOptions } from '../../binding'
import { binding } from '../../lib/binding'
import { makeFolder } from '../../lib/setup/make-folder'
import { parseClasses } from '../../lib/text/classes'
import { recoAugment } from '../../lib/train/segmenter/recipe'
import { writeLabelMap } from '../../lib/write/label-map'
import { trainingPack } from '../helpers/scene-pack'

export const temporary = () => mkdtempSync(join(tmpdir(), 'wordmask-segmenter-'))

/** Of `scenes`. */
export const sceneClasses = ['sky', 'thing']

/** Packed pictures as lib/train/segmenter/pack.ts writes them. */
export function writePictures(
  file: string,
  size: { width: number; height: number },
  pictures: readonly { pixels: Uint8Array; labels: Uint8Array }[],
): string {
  const row = 4 * size.width * size.height
  const samples = { dtype: 'U8', shape: [pictures.length, row], data_offsets: [0, pictures.length * row] }
  const text = JSON.stringify({ __metadata__: { width: `${size.width}`, height: `${size.height}` }, samples })
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(file, Buffer.concat([length, header, ...pictures.flatMap(({ pixels, labels }) => [pixels, labels])]))
  return file
}

/** Seeded scenes in which every pixel of a thing is 1 and every other 0. */
export async function scenes(count: number, side: number, seed = 1): Promise<{ pixels: Uint8Array; labels: Uint8Array }[]> {
  const pack = await binding().ScenePack.open([trainingPack], {})
  const options = { size: 48, split: 'train', seed } as const
  const all = await Promise.all(Array.from({ length: count }, (_, i) => pack.render(i, options, {})))
  return all.map((scene) => ({ pixels: scene.pixels.data, labels: things(scene, pack.concepts) })).map((picture) => cut(picture, side))
}

/** images/<below>/<n>.png and labels/<below>/<n>.png of square pictures, where trainSegmenter finds them; the classes of label 0 and 1 are those of `sceneClasses`. */
export async function labelledFolder(pictures: readonly { pixels: Uint8Array; labels: Uint8Array }[], below = '') {
  const root = temporary()
  const [images, labels] = [join(root, 'images'), join(root, 'labels')]
  await makeFolder(join(images, below))
  for (const [i, { pixels, labels: map }] of pictures.entries()) {
    const side = Math.sqrt(map.length)
    await sharp(pixels, { raw: { width: side, height: side, channels: 3 } }).toFile(join(images, below, `${i}.png`))
    const labelled = { labels: map, width: side, height: side, classes: parseClasses(sceneClasses), firstLabel: 0 as const }
    await writeLabelMap(join(labels, below, `${i}.png`), labelled)
  }
  return { images, labels }
}

const things = (scene: Scene, concepts: number) => scene.labels.map((label) => (label < concepts ? 1 : 0))

/** The upper left corner. */
function cut({ pixels, labels }: { pixels: Uint8Array; labels: Uint8Array }, side: number) {
  const rows = <T extends Uint8Array>(from: T, bytes: number) =>
    Uint8Array.from({ length: side * side * bytes }, (_, i) => from[Math.floor(i / (side * bytes)) * 48 * bytes + (i % (side * bytes))]!)
  return { pixels: rows(pixels, 3), labels: rows(labels, 1) }
}

/** Options of short steps of a small network; nothing is changed at random but the mirror. */
export function tinyOptions(folder: string, data: string, changes: Partial<TrainSegmenterOptions> = {}): TrainSegmenterOptions {
  return {
    model: { backbone: 'mobilenet_v2', classes: 2, outputStride: 8, width: 0.25 },
    data,
    into: join(folder, 'run'),
    metadata: {},
    seed: 3,
    steps: 6,
    batchSize: 4,
    crop: { width: 48, height: 48 },
    optimiser: 'adam',
    learningRate: 5e-3,
    backboneLearningRate: 5e-3,
    learningRateFloor: 1e-6,
    power: 0.9,
    weightDecay: 1e-5,
    beta1: 0.9,
    beta2: 0.999,
    momentum: 0.9,
    backboneNormMomentum: 0.1,
    dropout: 0.1,
    augment: { ...recoAugment, scaleLow: 1, scaleHigh: 1, jitter: 0, blur: 0 },
    preprocess: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], interpolation: 'bilinear' },
    dtype: 'float32',
    workers: 1,
    checkpointEvery: 1000,
    validateEvery: 1000,
    logEvery: 1,
    patience: 0,
    samples: 0,
    ...changes,
  }
}
