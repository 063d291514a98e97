// node test/bench/specialist/rare.mjs [--seeds 0,1,2] [--images 20000] [--names 10] [--each 20] [--sites 20] [--truth 12] [--steps 2000] [--width 1]
//   [--without 400] [--composites 400] [--false-alarms 0.2] [--no-groups] [--apart] [--into FILE]
// Rare names on scenes: names that a pool shows `each` times, segmenters for them with no labels, against DenseCLIP and ReCo by exact masks that
// only this program sees; names that the pool does not show; with and without the group rule. Mean and spread over seeds, which choose names,
// pool and truth. One specialist for all the names that are found, or with --apart one each. Needs `npm run build`. Small, three minutes:
//   --seeds 12 --images 500 --names 3 --sites 3 --truth 4 --steps 90 --without 60 --composites 90 --no-groups
// Names count as found at 0.2 false alarms: on seed 12, of 2,500 images, the usual 0.05 found none of 10 names with 20 images each, 0.2 at least 4.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chooseRare, truthScenes, writePool } from './pool.mjs'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { Archive, buildSpecialist, Clip, Segmenter } = load(join(root, 'dist/index.js'))
const { binding } = load(join(root, 'dist/binding.js'))
const { imageFigures, Iou } = load(join(root, 'dist/specialist/figures.js'))

const flag = (value) => ({ type: 'string', default: value })
const { values } = parseArgs({
  options: {
    ...{ seeds: flag('0,1,2'), images: flag('20000'), names: flag('10'), each: flag('20'), sites: flag('20'), truth: flag('12') },
    ...{ steps: flag('2000'), width: flag('1'), without: flag('400'), composites: flag('400'), 'false-alarms': flag('0.2') },
    ...{ 'no-groups': { type: 'boolean', default: false }, apart: { type: 'boolean', default: false }, into: { type: 'string' } },
  },
})
const [images, count, each, sites, truth, steps, width, without, composites, falseAlarms] = [
  ...['images', 'names', 'each', 'sites', 'truth', 'steps', 'width', 'without', 'composites', 'false-alarms'],
].map((name) => Number(values[name]))
const pack = await binding().ScenePack.open([join(root, 'models/scenes/scenes.pack')], {})
const clip = await Clip.load('scenes')
const contexts = pack.names.slice(pack.concepts)
const say = (text) => process.stderr.write(`${text}\n`)

const runs = []
for (const seed of values.seeds.split(',').map(Number)) runs.push(await measure(seed))
clip.dispose()
const rules = Object.keys(runs[0].specialists)
const table = [
  ['IoU, DenseCLIP', runs.map(({ iou }) => iou.denseclip)],
  ['IoU, ReCo', runs.map(({ iou }) => iou.reco)],
  ...rules.flatMap((rule) => {
    const of = (pick) => runs.map(({ specialists }) => pick(specialists[rule]))
    return [
      [`IoU, specialist, ${rule}`, of(({ iou }) => iou)],
      [`recall over the pool, ${rule}`, of(({ recall }) => recall)],
      [`false positives of 1,000, ${rule}`, of(({ wrong }) => wrong)],
      [`times faster than ReCo, ${rule}`, of(({ ratio }) => ratio)],
    ]
  }),
  ['rare names found', runs.map(({ found }) => found.length)],
  ['absent names refused', runs.map(({ refused }) => refused)],
].map(([name, numbers]) => ({ name, ...summary(numbers) }))
for (const { name, mean, spread } of table) process.stdout.write(`${name.padEnd(44)} ${mean.toFixed(3)} ± ${spread.toFixed(3)}\n`)
if (values.into) writeFileSync(values.into, `${JSON.stringify({ ...values, table, runs }, null, 1)}\n`)

async function measure(seed) {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-bench-rare-'))
  try {
    const names = chooseRare(pack, count, seed)
    const pool = await writePool({ pack, names, images, each, sites, seed: 2 * seed + 3000, folder: join(folder, 'photos') })
    say(`seed ${seed}: ${pool.rows.length} images, ${JSON.stringify(pool.have)}`)
    const archive = await Archive.open(join(folder, 'archive'), { clip })
    await archive.add(pool.rows.map(({ id, image, site }) => ({ id, image, ...(site && { metadata: { site } }) })))
    const presence = async (list) => {
      const said = []
      for (const index of list) said.push((await archive.curate([pack.names[index]], { falseAlarms, perClass: 50 })).classes[0].presence)
      return said
    }
    const [shown, absent] = [await presence(names.rare), await presence(names.absent)]
    const found = names.rare.filter((_, i) => shown[i].present)
    const refused = absent.filter(({ present }) => !present).length
    say(`seed ${seed}: found ${found.map((i) => pack.names[i])}; ${refused} of ${names.absent.length} absent names refused`)
    const scenes = await truthScenes({ pack, names, each: truth, seed: 2 * seed + 3001 })
    const specialists = {}
    const groups = await build(archive, found, pool, scenes, folder, seed, 'site')
    specialists['group rule'] = groups.specialist
    if (!values['no-groups']) specialists['no group rule'] = (await build(archive, found, pool, scenes, folder, seed, undefined)).specialist
    await archive.close()
    const p = (list, said) => Object.fromEntries(list.map((index, i) => [pack.names[index], said[i].pValue]))
    return {
      ...{ seed, have: pool.have, pValues: { rare: p(names.rare, shown), absent: p(names.absent, absent) } },
      ...{ found: found.map((i) => pack.names[i]), refused, iou: groups.others, specialists },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Builds what the names that are found need, and measures it. */
async function build(archive, found, pool, scenes, folder, seed, groupBy) {
  const sets = values.apart ? found.map((name) => [name]) : found.length > 0 ? [found] : []
  const results = []
  for (const [i, set] of sets.entries()) {
    const into = join(folder, `${groupBy ?? 'none'}-${i}`)
    const list = set.map((name) => pack.names[name])
    const options = { names: list, archive, contexts, falseAlarms, without, composites, seed, into, ...(groupBy && { groupBy }) }
    const { card, names: built } = await buildSpecialist({ ...options, training: { steps, width, samples: 0 }, onNote: say, onStage: say })
    const kept = set.filter((name) => built.includes(pack.names[name]))
    const own = await Segmenter.load(into)
    const classes = kept.map((name) => pack.names[name])
    const iou = await iouOf(scenes, kept, (image) => own.segment(image))
    const answers = await answersOf(own, pool.rows, kept)
    await own[Symbol.asyncDispose]()
    const dense = await Segmenter.create({ clip, classes, background: { names: contexts } })
    const reco = await Segmenter.create({
      method: 'reco',
      archive,
      classes,
      contexts,
      k: 'auto',
      retrieve: { falseAlarms },
      background: { names: contexts },
    }).catch((error) => say(`ReCo: ${error.message}`))
    const others = { denseclip: await iouOf(scenes, kept, (image) => dense.segment(image)) }
    if (reco) others.reco = await iouOf(scenes, kept, (image) => reco.segment(image))
    await dense[Symbol.asyncDispose]()
    await reco?.[Symbol.asyncDispose]()
    const figures = kept.map((_, i) => imageFigures(answers[i], 0.5))
    for (const [i, name] of classes.entries())
      say(
        `  ${name}: IoU ${iou[i].toFixed(3)} (ReCo ${others.reco?.[i].toFixed(3)}, DenseCLIP ${others.denseclip[i].toFixed(3)}), recall ${figures[i].recall.value.toFixed(2)}, ${figures[i].falsePositivesPer1000.value.toFixed(1)} of 1,000`,
      )
    results.push({ classes, iou, others, figures, card })
  }
  const all = (pick) => average(results.flatMap(pick))
  const specialist = {
    iou: all(({ iou }) => iou),
    recall: all(({ figures }) => figures.map(({ recall }) => recall.value)),
    wrong: all(({ figures }) => figures.map(({ falsePositivesPer1000 }) => falsePositivesPer1000.value)),
    ratio: all(({ card }) => [card.time.ratio]),
    names: results.map(({ classes, iou, others, figures, card }) => ({ classes, iou, others, figures, card })),
  }
  return { specialist, others: { denseclip: all(({ others }) => others.denseclip), reco: all(({ others }) => others.reco ?? []) } }
}

/** Of each name over all scenes together. */
async function iouOf(scenes, kept, segment) {
  const sums = kept.map(() => new Iou())
  for (const { image, labels } of scenes) {
    const answer = await segment(image)
    for (const [i, name] of kept.entries())
      sums[i].add(
        answer.labels.map((label) => Number(label === i + answer.firstLabel)),
        labels.map((label) => Number(label === name)),
        1,
      )
  }
  return sums.map(({ value }) => value)
}

/** Presence of each name in every image of the pool. */
async function answersOf(segmenter, rows, kept) {
  const answers = kept.map(() => [])
  let at = 0
  for await (const answer of segmenter.segmentAll(rows.map(({ image }) => image))) {
    const { present } = rows[at++]
    for (const [i, name] of kept.entries()) answers[i].push({ score: answer.coverage[i] > 0 ? 1 : 0, shown: present.includes(name) })
  }
  return answers
}

function average(numbers) {
  const known = numbers.filter(Number.isFinite)
  return known.length === 0 ? Number.NaN : known.reduce((a, b) => a + b, 0) / known.length
}

function summary(numbers) {
  const mean = average(numbers)
  const known = numbers.filter(Number.isFinite)
  return { mean, spread: Math.sqrt(known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, known.length - 1)) }
}
