// node test/bench/reco/curves.mjs [--seeds 0,1,2] [--k 10,20,30,40,50] [--wrong 0,10,20,30,40,50] [--images 20] [--objects 12] [--each 60]
//   [--test 150] [--window official] [--finder scenes] [--clip scenes-clip] [--encoder scenes] [--seconds 300] [--into FILE.json]
// ReCo on scenes by the number of reference images, and by the share (percent) of `--images` reference images that do not show their name,
// which takes images by what they show, not by retrieval. With --into also two plots beside it, FILE-k.svg and FILE-wrong.svg.
import { parseArgs } from 'node:util'
import { seeded } from '../curation/pool.mjs'
import { figuresOf, summary, told } from './figures.mjs'
import { makeWorld } from './pool.mjs'
import { built, Clip, confusionOf, inFolder, numbers, openPack, Segmenter, writeFigures } from './score.mjs'

const { drawChart } = built('./train/chart.js')
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    k: { type: 'string', default: '10,20,30,40,50' },
    wrong: { type: 'string', default: '0,10,20,30,40,50' },
    images: { type: 'string', default: '20' },
    objects: { type: 'string', default: '12' },
    each: { type: 'string', default: '60' },
    test: { type: 'string', default: '150' },
    seconds: { type: 'string', default: '300' },
    window: { type: 'string', default: 'official' },
    finder: { type: 'string', default: 'scenes' },
    clip: { type: 'string', default: 'scenes-clip' },
    encoder: { type: 'string', default: 'scenes' },
    into: { type: 'string' },
  },
})
const list = (text) => text.split(',').map(Number)
const [images, objects, each, test, seconds] = numbers(values, 'images', 'objects', 'each', 'test', 'seconds')
const { window, encoder } = values
const [counts, shares] = [list(values.k), list(values.wrong)]

const pack = await openPack()
const clip = await Clip.load(values.clip)
const finder = await Clip.load(values.finder)
const runs = []
for (const seed of list(values.seeds)) {
  runs.push(await inFolder((folder) => measure(folder, seed)))
  await report()
}
clip.dispose()
finder.dispose()

/** After every seed, so that a run that is stopped leaves what it has. */
async function report() {
  const curve = (key, points) =>
    points.map((at, i) => ({
      at,
      miou: summary(runs.map((run) => run[key][i].miou)),
      objects: summary(runs.map((run) => run[key][i].objects)),
    }))
  const alone = { miou: summary(runs.map((run) => run.alone.miou)), objects: summary(runs.map((run) => run.alone.objects)) }
  const curves = { k: curve('k', counts), wrong: curve('wrong', shares) }
  process.stdout.write(`dense CLIP alone   mIoU ${told(alone.miou)}  objects ${told(alone.objects)}\n`)
  for (const [key, points] of Object.entries(curves))
    for (const { at, miou, objects: own } of points)
      process.stdout.write(`${key.padEnd(6)} ${String(at).padStart(3)}         mIoU ${told(miou)}  objects ${told(own)}\n`)
  if (values.into) {
    writeFigures(values.into, { options: values, alone, curves, runs })
    const plot = (key, title) => drawChart(values.into.replace(/(\.json)?$/, `-${key}.svg`), chart(title, curves[key], alone))
    await plot('k', 'reference images of a name')
    await plot('wrong', `of ${images} reference images, percent that do not show the name`)
  }
}

async function measure(folder, seed) {
  const world = await makeWorld({ pack, finder, seed, objects, each, seconds, test, folder })
  process.stderr.write(`seed ${seed}: ${JSON.stringify(world.pool)}\n`)
  const { archive, scenes, classes, contexts } = world
  const score = async (options) => {
    const segmenter = await Segmenter.create({ classes, ...options })
    const { matrix } = await confusionOf(segmenter, scenes, classes.length)
    await segmenter[Symbol.asyncDispose]()
    const found = figuresOf(matrix, classes.length, objects)
    process.stderr.write(`seed ${seed}: ${found.miou.toFixed(3)}\n`)
    return found
  }
  const reco = { method: 'reco', archive, denseClip: clip, contexts, encoder, window }
  const run = { seed, alone: await score({ clip }), k: [], wrong: [] }
  for (const k of counts) run.k.push(await score({ ...reco, k }))
  for (const share of shares) run.wrong.push(await score({ ...reco, k: images, retrieve: { decisions: polluted(world, share, seed) } }))
  await archive.close()
  return run
}

/** For every name `images` images that a person took: all show it but for `percent` of them, drawn and put in order by chance. */
function polluted({ shows, names, classes }, percent, seed) {
  const order = [...names.chosen, ...names.backgrounds]
  const wrong = Math.round((images * percent) / 100)
  return classes.flatMap((name, i) => {
    const next = seeded(seed * 104_729 + i)
    const shuffled = (entries) => entries.map((entry) => [next(), entry]).sort(([a], [b]) => a - b)
    const drawn = shuffled([...shows.keys()]).map(([, id]) => id)
    const right = drawn.filter((id) => shows.get(id).includes(order[i]))
    const others = drawn.filter((id) => !shows.get(id).includes(order[i]))
    if (right.length < images - wrong) throw new Error(`Only ${right.length} images show ${name}: a larger --each, --seconds`)
    const ids = shuffled([...right.slice(0, images - wrong), ...others.slice(0, wrong)]).map(([, id]) => id)
    return ids.map((id) => ({ class: name, id, decision: 'accept' }))
  })
}

/** Means with bars of one spread, and dense CLIP alone as a dashed line. */
function chart(title, points, alone) {
  const rows = ['miou', 'objects'].flatMap((key) => {
    const names = key === 'miou' ? 'all names' : 'objects'
    const row = ({ at, [key]: { mean, spread } }) => ({ at, names, method: 'ReCo', mean, low: mean - spread, high: mean + spread })
    return [...points.map(row), ...points.map(({ at }) => ({ ...row({ at, ...alone }), method: 'dense CLIP alone' }))]
  })
  const color = { field: 'names', type: 'nominal', title: null, scale: { scheme: 'tableau10' } }
  const x = { field: 'at', type: 'quantitative', title, scale: { zero: false } }
  const y = { field: 'mean', type: 'quantitative', title: 'mIoU' }
  const legend = { symbolType: 'stroke', symbolSize: 400, symbolFillColor: 'transparent' }
  const dash = { field: 'method', type: 'nominal', title: null, sort: ['ReCo', 'dense CLIP alone'], legend }
  const bars = { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color }
  return {
    ...{ data: { values: rows }, background: 'white', width: 480, height: 280 },
    layer: [
      { mark: 'rule', transform: [{ filter: "datum.method == 'ReCo'" }], encoding: bars },
      { mark: { type: 'line', point: true }, encoding: { x, y, color, strokeDash: dash } },
    ],
  }
}
