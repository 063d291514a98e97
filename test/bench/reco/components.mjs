// node test/bench/reco/components.mjs [--seeds 0,1,2] [--objects 12] [--each 60] [--test 200] [--k 50] [--window official]
//   [--clip scenes-clip] [--encoder NAME] [--seconds 300] [--into FILE]
// The component table of ReCo on scenes: what co-segmentation, dense CLIP, language guidance and context elimination each add, on names
// that come on one background alone in the pool. Mean and spread over seeds, which choose names, pool and test scenes. Needs `npm run build`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chooseNames, testScenes, writePool } from './pool.mjs'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { Archive, Clip, Segmenter } = load(join(root, 'dist/index.js'))
const { binding } = load(join(root, 'dist/binding.js'))

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    objects: { type: 'string', default: '12' },
    each: { type: 'string', default: '60' },
    test: { type: 'string', default: '200' },
    k: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '300' },
    window: { type: 'string', default: 'official' },
    clip: { type: 'string', default: 'scenes-clip' },
    encoder: { type: 'string' },
    into: { type: 'string' },
  },
})
const seeds = values.seeds.split(',').map(Number)
const [objects, each, test, k, seconds] = ['objects', 'each', 'test', 'k', 'seconds'].map((name) => Number(values[name]))
const native = binding()
const pack = await native.ScenePack.open([join(root, 'models/scenes/scenes.pack')], {})
const clip = await Clip.load(values.clip)

/** grids: which of the two score grids are multiplied; null: dense CLIP alone. */
const settings = [
  ['dense CLIP alone', null],
  ['co-segmentation alone', { grids: [0], guidance: false, elimination: false }],
  ['+ dense CLIP', { grids: [0, 1], guidance: false, elimination: false }],
  ['+ language guidance', { grids: [0, 1], guidance: true, elimination: false }],
  ['+ context elimination', { grids: [0, 1], guidance: false, elimination: true }],
  ['+ both', { grids: [0, 1], guidance: true, elimination: true }],
]

const runs = []
for (const seed of seeds) runs.push(await measure(seed))
const table = settings.map(([name], i) => ({ name, ...summary(runs.map(({ miou }) => miou[i])) }))
for (const { name, mean, spread } of table) process.stdout.write(`${name.padEnd(24)} ${mean.toFixed(3)} ± ${spread.toFixed(3)}\n`)
const report = {
  ...values,
  names: runs.map(({ names }) => names),
  pools: runs.map(({ pool }) => pool),
  table,
  runs: runs.map(({ miou }) => miou),
}
if (values.into) writeFileSync(values.into, `${JSON.stringify(report, null, 1)}\n`)
clip.dispose()

async function measure(seed) {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-bench-reco-'))
  try {
    const names = chooseNames(pack, objects, seed)
    const pool = await writePool({ pack, names, seed: 2 * seed + 1000, each, seconds, folder: join(folder, 'photos') })
    process.stderr.write(`seed ${seed}: ${JSON.stringify(pool)}\n`)
    const archive = await Archive.open(join(folder, 'archive'), { clip })
    await archive.add(join(folder, 'photos'))
    const { scenes, names: classes } = await testScenes({ pack, names, seed: 2 * seed + 1001, count: test })
    const contexts = names.backgrounds.map((name) => pack.names[name])
    const miou = []
    for (const [name, parts] of settings) {
      miou.push(await score(archive, scenes, classes, contexts, parts))
      process.stderr.write(`seed ${seed}: ${name} ${miou.at(-1).toFixed(3)}\n`)
    }
    await archive.close()
    return { miou, pool, names: classes }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function score(archive, scenes, classes, contexts, parts) {
  const { grids, ...switches } = parts ?? {}
  const reco = {
    method: 'reco',
    archive,
    contexts,
    k,
    window: values.window,
    ...(values.encoder && { encoder: values.encoder }),
    ...switches,
  }
  const segmenter = await Segmenter.create({ classes, ...(parts ? reco : { clip }) })
  const matrix = new Float64Array(classes.length ** 2)
  for (const { image, truth } of scenes) {
    const { all, width, height } = await segmenter.segment(image)
    const chosen = all.grids.filter((_, i) => !grids || grids.includes(i))
    const { labels } = await native.labelGrids(chosen, { width, height, classes: classes.length, background: { kind: 'none' } }, {})
    native.confusion(truth, labels, classes.length, 255).forEach((count, i) => {
      matrix[i] += count
    })
  }
  await segmenter[Symbol.asyncDispose]()
  return meanIou(matrix, classes.length)
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
