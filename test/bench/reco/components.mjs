// node test/bench/reco/components.mjs [--seeds 0,1,2] [--objects 12] [--each 60] [--test 200] [--k 50] [--window official]
//   [--finder scenes] [--clip scenes-clip] [--encoder scenes] [--seconds 300] [--into FILE]
// The component table of ReCo on scenes: what co-segmentation, dense CLIP, language guidance, context elimination and the CRF each add, on
// names that come on one background alone in the pool. `--finder` is the model of the archive, `--clip` that of the dense features. Mean and
// spread over seeds, which choose names, pool and test scenes.
import { parseArgs } from 'node:util'
import { figuresOf, summary, told } from './figures.mjs'
import { makeWorld } from './pool.mjs'
import { Clip, confusionOf, inFolder, numbers, openPack, Segmenter, writeFigures } from './score.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    objects: { type: 'string', default: '12' },
    each: { type: 'string', default: '60' },
    test: { type: 'string', default: '200' },
    k: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '300' },
    window: { type: 'string', default: 'official' },
    finder: { type: 'string', default: 'scenes' },
    clip: { type: 'string', default: 'scenes-clip' },
    encoder: { type: 'string', default: 'scenes' },
    into: { type: 'string' },
  },
})
const [objects, each, test, k, seconds] = numbers(values, 'objects', 'each', 'test', 'k', 'seconds')
const { window, encoder } = values

const pack = await openPack()
const clip = await Clip.load(values.clip)
const finder = await Clip.load(values.finder)

/** grids: which of the two score grids are multiplied. published: accuracy and mIoU of methods/reco.md 5, PASCAL-Context-59. */
const off = { guidance: false, elimination: false }
const settings = [
  { name: 'dense CLIP alone', clip },
  { name: 'co-segmentation alone', reco: off, grids: [0], published: [16.8, 5.7] },
  { name: '+ dense CLIP', reco: off, published: [41.1, 21.8] },
  { name: '+ language guidance', reco: { ...off, guidance: true }, published: [43.1, 23.1] },
  { name: '+ context elimination', reco: { ...off, elimination: true }, published: [49.7, 26.0] },
  { name: '+ both', reco: {}, published: [50.9, 26.6] },
  { name: '+ both + CRF', reco: {}, refine: 'crf', published: [51.6, 27.2] },
  { name: 'dense CLIP of the finder', clip: finder },
]

const runs = []
for (const seed of values.seeds.split(',').map(Number)) {
  runs.push(await inFolder((folder) => measure(folder, seed)))
  report()
}
clip.dispose()
finder.dispose()

/** After every seed, so that a run that is stopped leaves what it has. */
function report() {
  const over = (of) => summary(runs.map(of))
  const table = settings.map(({ name, published }, i) => ({
    ...{ name, accuracy: over(({ found }) => found[i].accuracy), miou: over(({ found }) => found[i].miou) },
    ...{ objects: over(({ found }) => found[i].objects), ms: over(({ found }) => found[i].ms), published },
  }))
  /** Seed by seed: ReCo less dense CLIP, on the names that come with one background alone. */
  const margin = over(({ found }) => found[5].objects - found[0].objects)
  for (const { name, accuracy, miou, objects: own, ms, published } of table) {
    const theirs = published ? `published ${published.map((x) => x.toFixed(1)).join(' / ')}` : ''
    const ours = `accuracy ${told(accuracy)}  mIoU ${told(miou)}  objects ${told(own)}  ${ms.mean.toFixed(1)} ms`
    process.stdout.write(`${name.padEnd(24)} ${ours}  ${theirs}\n`)
  }
  process.stdout.write(
    `ReCo less dense CLIP, objects: ${told(margin)}; published: accuracy / mIoU on PASCAL-Context-59, k = 50, DeiT-S/16\n`,
  )
  if (values.into) writeFigures(values.into, { options: values, table, margin, runs })
}

async function measure(folder, seed) {
  const world = await makeWorld({ pack, finder, seed, objects, each, seconds, test, folder })
  process.stderr.write(`seed ${seed}: ${JSON.stringify(world.pool)}\n`)
  const { archive, scenes, classes, contexts } = world
  const found = []
  for (const { name, reco, clip: alone, ...read } of settings) {
    const by = reco ? { method: 'reco', archive, denseClip: clip, contexts, encoder, k, window, ...reco } : { clip: alone }
    const segmenter = await Segmenter.create({ classes, ...by })
    const { matrix, ms } = await confusionOf(segmenter, scenes, classes.length, read)
    await segmenter[Symbol.asyncDispose]()
    found.push({ name, ...figuresOf(matrix, classes.length, objects), ms })
    process.stderr.write(`seed ${seed}: ${JSON.stringify(found.at(-1))}\n`)
  }
  await archive.close()
  return { seed, classes, pool: world.pool, found }
}
