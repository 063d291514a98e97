// node test/bench/specialist/plus.mjs [--seeds 0,1,2] [--images 1000] [--steps 1500] [--objects 12] [--each 60] [--test 200] [--k 50]
//   [--refine crf|pamr|none] [--backbone mobilenet_v2] [--batch-size 8] [--dtype bfloat16] [--jitter 0.8] [--clip scenes-clip] [--encoder NAME] [--into FILE]
// ReCo+ on scenes, on the names and pools of the ReCo table (test/bench/reco): dense CLIP, ReCo, and a DeepLabv3+ trained on ReCo's pseudo-labels
// of --images other scenes, which nobody labels. Each before and after the CRF. No truth is seen in training: it has no validation set, and
// its last step counts. Mean and spread over seeds, which choose names, pool, training and test scenes. Needs `npm run build`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { chooseNames, testScenes, writePool } from '../reco/pool.mjs'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { Archive, Clip, Segmenter, pseudoLabel, trainSegmenter } = load(join(root, 'dist/index.js'))
const { binding } = load(join(root, 'dist/binding.js'))

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    images: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '1500' },
    objects: { type: 'string', default: '12' },
    each: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '300' },
    test: { type: 'string', default: '200' },
    k: { type: 'string', default: '50' },
    window: { type: 'string', default: 'official' },
    refine: { type: 'string', default: 'crf' },
    backbone: { type: 'string', default: 'mobilenet_v2' },
    width: { type: 'string', default: '1' },
    'batch-size': { type: 'string', default: '8' },
    'learning-rate': { type: 'string', default: '0.0005' },
    dtype: { type: 'string', default: 'bfloat16' },
    jitter: { type: 'string', default: '0.8' },
    clip: { type: 'string', default: 'scenes-clip' },
    encoder: { type: 'string' },
    into: { type: 'string' },
  },
})
const number = (name) => Number(values[name])
const side = 96
const native = binding()
const pack = await native.ScenePack.open([join(root, 'models/scenes/scenes.pack')], {})
const clip = await Clip.load(values.clip)

const runs = []
for (const seed of values.seeds.split(',').map(Number)) runs.push(await measure(seed))
const table = Object.keys(runs[0].miou).map((name) => ({ name, ...summary(runs.map(({ miou }) => miou[name])) }))
for (const { name, mean, spread } of table) process.stdout.write(`${name.padEnd(24)} ${mean.toFixed(3)} ± ${spread.toFixed(3)}\n`)
if (values.into) writeFileSync(values.into, `${JSON.stringify({ ...values, table, runs }, null, 1)}\n`)
clip.dispose()

async function measure(seed) {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-bench-plus-'))
  const since = process.cpuUsage()
  try {
    const names = chooseNames(pack, number('objects'), seed)
    const pool = await writePool({
      ...{ pack, names, seed: 2 * seed + 1000, each: number('each') },
      ...{ seconds: number('seconds'), folder: join(folder, 'pool') },
    })
    const { scenes: test, names: classes } = await testScenes({ pack, names, seed: 2 * seed + 1001, count: number('test') })
    const { scenes: photos } = await testScenes({ pack, names, seed: 2 * seed + 500_000, count: number('images') })
    await writePhotos(photos, join(folder, 'photos'))
    const archive = await Archive.open(join(folder, 'archive'), { clip })
    await archive.add(join(folder, 'pool'))
    const contexts = names.backgrounds.map((name) => pack.names[name])
    const encoder = values.encoder && { encoder: values.encoder }
    const makers = {
      'dense CLIP': () => Segmenter.create({ clip, classes }),
      ReCo: () => Segmenter.create({ method: 'reco', archive, contexts, k: number('k'), window: values.window, ...encoder, classes }),
      'ReCo+': () => trainOn(folder, classes),
    }
    const miou = {}
    for (const [name, make] of Object.entries(makers)) {
      const segmenter = await make()
      for (const [suffix, refine] of [
        ['', null],
        [' and CRF', 'crf'],
      ]) {
        miou[`${name}${suffix}`] = await score(segmenter, test, classes.length, refine)
        process.stderr.write(`seed ${seed}: ${name}${suffix} ${miou[`${name}${suffix}`].toFixed(3)}\n`)
      }
      if (name === 'ReCo') await segmenter.save(join(folder, 'reco'))
      await segmenter[Symbol.asyncDispose]()
    }
    await archive.close()
    const { user, system } = process.cpuUsage(since)
    return { seed, miou, pool, classes, cpuSeconds: (user + system) / 1e6 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** ReCo's labels of the photographs, and a network that learns them by ReCo+'s recipe. */
async function trainOn(folder, classes) {
  const into = join(folder, 'pseudo')
  const refine = values.refine === 'none' ? null : values.refine
  const { images, labels } = await pseudoLabel(join(folder, 'photos'), { segmenter: join(folder, 'reco'), refine, into })
  const trained = await trainSegmenter({
    ...{ images, labels, classes, into: join(folder, 'network'), size: side, samples: 0, logEvery: 100 },
    ...{ backbone: values.backbone, width: number('width'), steps: number('steps'), dtype: values.dtype },
    ...{ batchSize: number('batch-size'), learningRate: number('learning-rate'), augment: { jitter: number('jitter') } },
    onMetrics: ({ step, loss }) => process.stderr.write(`step ${step}: loss ${loss?.toFixed(3)}\n`),
  })
  process.stderr.write(`${trained.steps} steps in ${trained.cpuSeconds.toFixed(0)} CPU seconds\n`)
  return Segmenter.load(trained.folder)
}

async function writePhotos(scenes, folder) {
  mkdirSync(folder, { recursive: true })
  for (const [i, { image }] of scenes.entries()) {
    const { data, width, height } = image
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(folder, `${String(i).padStart(5, '0')}.png`))
  }
}

async function score(segmenter, scenes, n, refine) {
  const matrix = new Float64Array(n * n)
  for (const { image, truth } of scenes) {
    const { labels } = await segmenter.segment(image, { refine })
    native.confusion(truth, labels, n, 255).forEach((count, i) => {
      matrix[i] += count
    })
  }
  return meanIou(matrix, n)
}

/** Over classes that occur or are predicted. */
function meanIou(matrix, n) {
  const ious = []
  for (let t = 0; t < n; t++) {
    let union = -matrix[t * n + t]
    for (let p = 0; p < n; p++) union += matrix[t * n + p] + matrix[p * n + t]
    if (union > 0) ious.push(matrix[t * n + t] / union)
  }
  return ious.reduce((a, b) => a + b, 0) / ious.length
}

function summary(numbers) {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
  return { mean, spread: Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, numbers.length - 1)) }
}
