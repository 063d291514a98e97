// node test/bench/reco/sites.mjs [--seeds 0,1,2] [--sites 20] [--each 500] [--away 20] [--names 20] [--clip scenes] [--encoder scenes]
//   [--window official] [--into FILE.json]
// Fixed cameras: every site has one picture as its background, in which things come and go; each thing lives at one site and is seen
// elsewhere in `--away` percent of the images there. Are ReCo's seeds on the thing or on the background, with one image a site (groupBy of
// `curate`) and without that rule, at as many images? With --into also a sheet of the first names' seeds beside it, FILE.jpg.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { mean, onThing, summary, told } from './figures.mjs'
import { chooseNames } from './pool.mjs'
import { Archive, built, Clip, inFolder, numbers, openPack, Segmenter, writeFigures } from './score.mjs'
import { makeSites } from './sites-pool.mjs'

const { contactSheet } = built('./report/contact-sheet.js')
const { ringed } = built('./report/picture.js')
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    sites: { type: 'string', default: '20' },
    each: { type: 'string', default: '500' },
    away: { type: 'string', default: '20' },
    names: { type: 'string', default: '20' },
    clip: { type: 'string', default: 'scenes' },
    encoder: { type: 'string', default: 'scenes' },
    window: { type: 'string', default: 'official' },
    into: { type: 'string' },
  },
})
const [sites, each, away, asked] = numbers(values, 'sites', 'each', 'away', 'names')
const { encoder, window } = values
const rules = [
  { name: 'no rule', retrieve: {} },
  { name: 'one image a site', retrieve: { groupBy: ({ uri }) => basename(dirname(uri)), perGroup: 1 } },
]
const forms = [
  { name: 'co-segmentation alone', switches: { guidance: false, elimination: false } },
  { name: 'ReCo', switches: {} },
]

const pack = await openPack()
const clip = await Clip.load(values.clip)
const runs = []
let cells
for (const seed of values.seeds.split(',').map(Number)) {
  runs.push(await inFolder((folder) => measure(folder, seed)))
  await report()
}
clip.dispose()

/** After every seed, so that a run that is stopped leaves what it has. */
async function report() {
  const over = (of) => summary(runs.map(of))
  const table = runs[0].found.map(({ form, rule }, i) => ({
    ...{ form, rule, seeds: over(({ found }) => found[i].seeds), right: over(({ found }) => found[i].right) },
    sites: over(({ found }) => found[i].sites),
  }))
  for (const { form, rule, seeds, right, sites: from } of table) {
    const figures = `seeds on the thing ${told(seeds)}  images that show it ${told(right)}  sites ${from.mean.toFixed(1)}`
    process.stdout.write(`${form.padEnd(22)} ${rule.padEnd(17)} ${figures}\n`)
  }
  if (values.into) {
    writeFigures(values.into, { options: values, table, runs })
    const title = `Seeds of ${forms[0].name}: above without the group rule, below with one image a site`
    writeFileSync(values.into.replace(/(\.json)?$/, '.jpg'), await contactSheet(title, cells, 8))
  }
}

async function measure(folder, seed) {
  const { chosen, backgrounds } = chooseNames(pack, sites, seed)
  const things = await makeSites({ pack, chosen, seed: 2 * seed + 1000, sites, each, away: away / 100, folder: join(folder, 'photos') })
  const archive = await Archive.open(join(folder, 'archive'), { clip })
  await archive.add(join(folder, 'photos'))
  const classes = chosen.slice(0, asked).map((name) => pack.names[name])
  const contexts = backgrounds.map((name) => pack.names[name])
  const found = []
  const sheets = []
  for (const { name: form, switches } of forms)
    for (const { name: rule, retrieve } of rules) {
      const options = { method: 'reco', archive, classes, contexts, encoder, window, retrieve, k: sites, ...switches }
      const segmenter = await Segmenter.create(options)
      const references = classes.map((name) => segmenter.references.find((one) => one.name === name))
      await segmenter[Symbol.asyncDispose]()
      found.push({ form, rule, ...figures(references, things) })
      sheets.push(references)
      process.stderr.write(`seed ${seed}: ${JSON.stringify(found.at(-1))}\n`)
    }
  cells ??= await draw(sheets.slice(0, rules.length), things)
  await archive.close()
  return { seed, classes, found }
}

/** Shares of the seeds that lie on the thing and of the images that show it, and of how many sites a name's images are. */
function figures(references, things) {
  const hits = references.flatMap(({ name, grid, images }) =>
    images.map(({ uri, seed }) => onThing(things.get(uri), pack.names.indexOf(name), seed, grid)),
  )
  const right = references.flatMap(({ name, images }) => images.map(({ uri }) => things.get(uri).name === pack.names.indexOf(name)))
  const of = (list) => mean(list.map(Number))
  return {
    seeds: of(hits),
    right: of(right),
    sites: mean(references.map(({ images }) => new Set(images.map(({ uri }) => dirname(uri))).size)),
  }
}

/** Three names: eight images each without the rule, and below them eight with it; a ring around each seed. */
async function draw(sheets, things) {
  const drawn = []
  for (let i = 0; i < Math.min(3, asked); i++)
    for (const references of sheets) {
      const { name, grid, images } = references[i]
      for (const { uri, seed } of images.slice(0, 8)) {
        const on = onThing(things.get(uri), pack.names.indexOf(name), seed, grid)
        drawn.push({ bytes: await ringed(readFileSync(uri), seed, grid), label: `${name}: ${on ? 'on it' : 'background'}` })
      }
    }
  return drawn
}
