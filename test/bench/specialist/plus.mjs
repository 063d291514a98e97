// node test/bench/specialist/plus.mjs [--seeds 0,1,2] [--images 1500] [--steps 2500] [--refine crf|pamr|none] [--backbone mobilenet_v2]
//   [--width 0.5] [--batch-size 8] [--dtype float32] [--workers 1] [--into FILE], and of the ReCo table
//   (reco/components.mjs): [--objects 12] [--each 60] [--test 100] [--k 50] [--window official] [--finder scenes] [--clip scenes-clip] [--encoder scenes]
//   [--seconds 300]
// ReCo+ on scenes, on the names and pools of the ReCo table: dense CLIP, ReCo, and a DeepLabv3+ that has learned from ReCo's pseudo-labels of
// --images other scenes, which nobody labels. Each before and after the CRF. Training sees no truth: it has no validation set, and its last
// step counts. Mean and spread over seeds, which choose names, pool, training and test scenes.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { figuresOf, summary, told } from '../reco/figures.mjs'
import { makeWorld, pngOf, testScenes } from '../reco/pool.mjs'
import { built, Clip, confusionOf, inFolder, numbers, openPack, Segmenter, writeFigures } from '../reco/score.mjs'

const { pseudoLabel, trainSegmenter } = built('./index.js')
const { trainingOf } = built('./specialist/training.js')
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    images: { type: 'string', default: '1500' },
    steps: { type: 'string', default: '2500' },
    refine: { type: 'string', default: 'crf' },
    backbone: { type: 'string', default: 'mobilenet_v2' },
    width: { type: 'string', default: '0.5' },
    'batch-size': { type: 'string', default: '8' },
    dtype: { type: 'string', default: 'float32' },
    workers: { type: 'string', default: '1' },
    objects: { type: 'string', default: '12' },
    each: { type: 'string', default: '60' },
    test: { type: 'string', default: '100' },
    k: { type: 'string', default: '50' },
    window: { type: 'string', default: 'official' },
    finder: { type: 'string', default: 'scenes' },
    clip: { type: 'string', default: 'scenes-clip' },
    encoder: { type: 'string', default: 'scenes' },
    seconds: { type: 'string', default: '300' },
    into: { type: 'string' },
  },
})
const [objects, each, test, k, seconds, images] = numbers(values, 'objects', 'each', 'test', 'k', 'seconds', 'images')
const side = 96
const pack = await openPack()
const clip = await Clip.load(values.clip)
const finder = await Clip.load(values.finder)

const runs = []
for (const seed of values.seeds.split(',').map(Number)) runs.push(await inFolder((folder) => measure(folder, seed)))
const over = (of) => summary(runs.map(of))
const table = runs[0].found.map(({ name }, i) => ({
  ...{ name, accuracy: over(({ found }) => found[i].accuracy), miou: over(({ found }) => found[i].miou) },
  ...{ objects: over(({ found }) => found[i].objects), ms: over(({ found }) => found[i].ms) },
}))
for (const { name, accuracy, miou, objects: own, ms } of table)
  process.stdout.write(
    `${name.padEnd(18)} accuracy ${told(accuracy)}  mIoU ${told(miou)}  objects ${told(own)}  ${ms.mean.toFixed(1)} ms an image\n`,
  )
const at = (run, name) => run.found.find((row) => row.name === name).miou
const margins = {
  'ReCo+ less ReCo': over((run) => at(run, 'ReCo+') - at(run, 'ReCo')),
  'ReCo+ less ReCo, both with CRF': over((run) => at(run, 'ReCo+ and CRF') - at(run, 'ReCo and CRF')),
}
for (const [name, margin] of Object.entries(margins)) process.stdout.write(`${name}, seed by seed: ${told(margin)}\n`)
if (values.into) writeFigures(values.into, { options: values, table, margins, runs })
clip.dispose()
finder.dispose()

async function measure(folder, seed) {
  const since = process.cpuUsage()
  const { archive, scenes, classes, contexts, names, pool } = await makeWorld({ pack, finder, seed, objects, each, seconds, test, folder })
  process.stderr.write(`seed ${seed}: ${JSON.stringify(pool)}\n`)
  const { window, encoder } = values
  const makers = {
    'dense CLIP': () => Segmenter.create({ clip, classes }),
    ReCo: () => Segmenter.create({ method: 'reco', archive, denseClip: clip, contexts, encoder, k, window, classes }),
    'ReCo+': async () => {
      const unseen = await testScenes({ pack, names, seed: 2 * seed + 500_000, count: images })
      return Segmenter.load((await learn(folder, classes, unseen.scenes, seed)).folder)
    },
  }
  const found = []
  for (const [name, make] of Object.entries(makers)) {
    const segmenter = await make()
    for (const refine of [undefined, 'crf']) {
      const { matrix, ms } = await confusionOf(segmenter, scenes, classes.length, { refine })
      found.push({ name: refine ? `${name} and CRF` : name, ...figuresOf(matrix, classes.length, objects), ms })
      process.stderr.write(`seed ${seed}: ${JSON.stringify(found.at(-1))}\n`)
    }
    if (name === 'ReCo') await segmenter.save(join(folder, 'teacher'))
    await segmenter[Symbol.asyncDispose]()
  }
  await archive.close()
  const { user, system } = process.cpuUsage(since)
  return { seed, classes, pool, found, cpuSeconds: (user + system) / 1e6 }
}

/** ReCo's labels of pictures, and a network that learns them from random weights, by the recipe of specialists. */
async function learn(folder, classes, pictures, seed) {
  const photos = join(folder, 'unlabelled')
  mkdirSync(photos)
  for (const [i, { image }] of pictures.entries()) writeFileSync(join(photos, `${String(i).padStart(5, '0')}.png`), await pngOf(image))
  const refine = values.refine === 'none' ? null : values.refine
  const labelled = await pseudoLabel(photos, { segmenter: join(folder, 'teacher'), refine, into: join(folder, 'pseudo') })
  const [width, steps, batchSize, workers] = numbers(values, 'width', 'steps', 'batch-size', 'workers')
  const trained = await trainSegmenter({
    ...{ images: labelled.images, labels: labelled.labels, classes, into: join(folder, 'student'), size: side },
    ...trainingOf({ dtype: values.dtype, width, steps, batchSize, workers }),
    ...{ backbone: values.backbone, seed, samples: 0, logEvery: 100 },
    onMetrics: ({ step, loss }) => process.stderr.write(`step ${step}: loss ${loss?.toFixed(3)}\n`),
  })
  process.stderr.write(`${trained.steps} steps in ${trained.seconds.toFixed(0)} s, ${trained.cpuSeconds.toFixed(0)} CPU seconds\n`)
  return trained
}
