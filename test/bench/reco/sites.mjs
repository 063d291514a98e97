// node test/bench/reco/sites.mjs [--seeds 0,1,2] [--sites 20] [--each 500] [--away 5] [--names 20] [--k 20] [--per 1] [--clip scenes]
//   [--dense scenes,scenes-clip] [--encoder scenes] [--window official] [--into FILE.json]
// Fixed cameras: every site has one picture as its background, in which things come and go; each thing lives at one site and is seen
// elsewhere in `--away` percent of the images there, so that a name's best images are of one background. Are ReCo's seeds on the thing or on
// the background, with at most `--per` images a site (groupBy of `curate`) and without that rule, at as many images? Without guidance, and
// with that of each model of `--dense`. With --into also a sheet of the first names' seeds beside it, FILE.jpg.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { mean, onThing, summary, told } from './figures.mjs'
import { chooseNames } from './pool.mjs'
import { Archive, built, Clip, inFolder, numbers, openPack, Segmenter, writeFigures } from './score.mjs'
import { makeSites, siteFolder } from './sites-pool.mjs'

const { contactSheet } = built('./report/contact-sheet.js')
const { ringed } = built('./report/picture.js')
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    sites: { type: 'string', default: '20' },
    each: { type: 'string', default: '500' },
    away: { type: 'string', default: '5' },
    names: { type: 'string', default: '20' },
    k: { type: 'string', default: '20' },
    per: { type: 'string', default: '1' },
    clip: { type: 'string', default: 'scenes' },
    dense: { type: 'string', default: 'scenes,scenes-clip' },
    encoder: { type: 'string', default: 'scenes' },
    window: { type: 'string', default: 'official' },
    into: { type: 'string' },
  },
})
const [sites, each, away, asked, k, perGroup] = numbers(values, 'sites', 'each', 'away', 'names', 'k', 'per')
const { encoder, window } = values
const clip = await Clip.load(values.clip)
const guides = await Promise.all(values.dense.split(',').map(async (name) => ({ name, model: await Clip.load(name) })))
const rules = [
  { name: 'no rule', retrieve: {} },
  { name: `${perGroup} a site`, retrieve: { groupBy: ({ uri }) => basename(dirname(uri)), perGroup } },
]
const forms = [
  { name: 'co-segmentation alone', options: { guidance: false, elimination: false } },
  ...guides.map(({ name, model }) => ({ name: `ReCo, guided by ${name}`, options: { denseClip: model } })),
]

const pack = await openPack()
const runs = []
let cells
for (const seed of values.seeds.split(',').map(Number)) {
  runs.push(await inFolder((folder) => measure(folder, seed)))
  await report()
}
for (const one of [clip, ...guides.map(({ model }) => model)]) one.dispose()

/** After every seed, so that a run that is stopped leaves what it has. */
async function report() {
  const over = (of) => summary(runs.map(of))
  const keys = Object.keys(runs[0].found[0].shares)
  const table = runs[0].found.map(({ form, rule }, i) => ({
    ...{ form, rule },
    ...Object.fromEntries(keys.map((key) => [key, over(({ found }) => found[i].shares[key])])),
  }))
  for (const { form, rule, ...shares } of table) {
    const figures = keys.map((key) => `${key} ${told(shares[key])}`).join('  ')
    process.stdout.write(`${form.padEnd(28)} ${rule.padEnd(10)} ${figures}\n`)
  }
  if (values.into) {
    writeFigures(values.into, { options: values, table, runs })
    const title = `Seeds of ${forms[0].name}: above without the group rule, below with ${rules[1].name}`
    writeFileSync(values.into.replace(/(\.json)?$/, '.jpg'), await contactSheet(title, cells, 8))
  }
}

async function measure(folder, seed) {
  const { chosen, backgrounds } = chooseNames(pack, sites, seed)
  const photos = join(folder, 'photos')
  const things = await makeSites({ pack, chosen, seed: 2 * seed + 1000, sites, each, away: away / 100, folder: photos })
  const archive = await Archive.open(join(folder, 'archive'), { clip })
  await archive.add(photos)
  const classes = chosen.slice(0, asked).map((name) => pack.names[name])
  const homes = new Map(classes.map((name, site) => [name, siteFolder(photos, site)]))
  const contexts = backgrounds.map((name) => pack.names[name])
  const found = []
  const sheets = []
  for (const { name: form, options } of forms)
    for (const { name: rule, retrieve } of rules) {
      const segmenter = await Segmenter.create({ method: 'reco', archive, classes, contexts, encoder, window, retrieve, k, ...options })
      const references = classes.map((name) => segmenter.references.find((one) => one.name === name))
      await segmenter[Symbol.asyncDispose]()
      found.push({ form, rule, shares: sharesOf(references, things, homes) })
      sheets.push(references)
      process.stderr.write(`seed ${seed}: ${JSON.stringify(found.at(-1))}\n`)
    }
  cells ??= await draw(sheets.slice(0, rules.length), things)
  await archive.close()
  return { seed, classes, found }
}

/**
 * seeds: share that lies on the thing. home: share of the images that is of the name's own site. shown: share that shows the thing.
 * onShown: share of seeds on the thing among the images that show it. sites: mean number of sites of a name's images.
 */
function sharesOf(references, things, homes) {
  const all = references.flatMap(({ name, grid, images }) =>
    images.map(({ uri, seed }) => ({
      on: onThing(things.get(uri), pack.names.indexOf(name), seed, grid),
      home: dirname(uri) === homes.get(name),
      shown: things.get(uri).name === pack.names.indexOf(name),
    })),
  )
  const share = (key, list = all) => mean(list.map((one) => Number(one[key])))
  return {
    ...{ seeds: share('on'), home: share('home'), shown: share('shown') },
    onShown: share(
      'on',
      all.filter(({ shown }) => shown),
    ),
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
