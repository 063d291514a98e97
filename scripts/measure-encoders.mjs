// node scripts/measure-encoders.mjs [CLIP:READ ...] [--seeds 10,11,12] [--finder scenes] [--clip scenes-clip] [--objects 12] [--each 40] [--test 150] [--k 30]
//   [--into FILE.json]
// Which features ReCo segments scenes best with: its mIoU (test/bench/reco) by encoder, everything else alike. READ is 'value', 'residual' or
// 'cells', and may name a layer: scenes:cells@4 is what the fourth layer gives. What the scenes card says (`encoderRead`) was chosen by this,
// on seeds that no other figure uses. Needs `npm run build`.
import { parseArgs } from 'node:util'
import { figuresOf, summary, told } from '../test/bench/reco/figures.mjs'
import { makeWorld } from '../test/bench/reco/pool.mjs'
import * as bench from '../test/bench/reco/score.mjs'

const { Clip, Encoder, Segmenter } = bench
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '10,11,12' },
    finder: { type: 'string', default: 'scenes' },
    clip: { type: 'string', default: 'scenes-clip' },
    objects: { type: 'string', default: '12' },
    each: { type: 'string', default: '40' },
    test: { type: 'string', default: '150' },
    k: { type: 'string', default: '30' },
    into: { type: 'string' },
  },
})
const reads = ['value', 'residual', 'cells', 'cells@5', 'cells@4', 'cells@3']
const asked = positionals.length > 0 ? positionals : ['scenes', 'scenes-clip'].flatMap((name) => reads.map((read) => `${name}:${read}`))
const [objects, each, test, k] = bench.numbers(values, 'objects', 'each', 'test', 'k')
/** Of the built-in models. */
const size = 96

const pack = await bench.openPack()
const denseClip = await Clip.load(values.clip)
const finder = await Clip.load(values.finder)
const encoders = await Promise.all(asked.map(async (name) => [name, await open(name)]))
const runs = []
for (const seed of values.seeds.split(',').map(Number)) runs.push(await bench.inFolder((own) => measure(own, seed)))
const table = asked.map((encoder, i) => ({
  encoder,
  ...Object.fromEntries(['accuracy', 'miou', 'objects'].map((key) => [key, summary(runs.map(({ found }) => found[i][key]))])),
}))
for (const { encoder, miou, objects: own } of table.toSorted((a, b) => b.miou.mean - a.miou.mean))
  process.stdout.write(`${encoder.padEnd(24)} mIoU ${told(miou)}  objects ${told(own)}\n`)
if (values.into) bench.writeFigures(values.into, { options: values, table, runs })

async function measure(folder, seed) {
  const world = await makeWorld({ pack, finder, seed, objects, each, seconds: 300, test, folder })
  const { archive, scenes, classes, contexts } = world
  const found = []
  for (const [name, encoder] of encoders) {
    const options = { method: 'reco', archive, denseClip, classes, contexts, k, encoder, size, referenceSize: size }
    const segmenter = await Segmenter.create(options)
    const { matrix } = await bench.confusionOf(segmenter, scenes, classes.length)
    await segmenter[Symbol.asyncDispose]()
    found.push({ name, ...figuresOf(matrix, classes.length, objects) })
    process.stderr.write(`seed ${seed}: ${JSON.stringify(found.at(-1))}\n`)
  }
  await archive.close()
  return { seed, found }
}

/** A built-in CLIP's tower, or as much of it as ends with a layer. */
function open(asked) {
  const [, name, read, layer] = /^(.+):(value|residual|cells)(?:@(\d+))?$/.exec(asked) ?? []
  if (!name) throw new Error(`Expected CLIP:READ or CLIP:READ@LAYER, not ${asked}`)
  return Encoder.load(name, { read, ...(layer && { layer: Number(layer) }), device: 'cpu' })
}
