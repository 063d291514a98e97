// node test/bench/curation/run.mjs [--seed 0] [--count 20000] [--seconds 600] [--only-pool] [--into FILE]: how well curation knows what a
// pool of unseen scenes shows. With --only-pool the pool is made, or gone on with for so many seconds, and nothing is measured.
// Needs `npm run build`.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keptPool, packFile } from './kept.mjs'
import { OUTSIDE, poolSource } from './pool.mjs'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { Clip } = load(join(root, 'dist/index.js'))
const { binding } = load(join(root, 'dist/binding.js'))
const { curate } = load(join(root, 'dist/curate/curate.js'))
const { clipTexts } = load(join(root, 'dist/curate/clip-texts.js'))

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    count: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '600' },
    'only-pool': { type: 'boolean', default: false },
    into: { type: 'string' },
  },
})
const [seed, count, seconds] = [values.seed, values.count, values.seconds].map(Number)

const pack = await binding().ScenePack.open([packFile], {})
const clip = await Clip.load('scenes')
const { rows, vectors, chosen, shown, lookedAt } = await keptPool({ pack, clip, seed, count, seconds })
if (values['only-pool']) {
  clip.dispose()
  console.log(`${rows.length} of ${count} images; ${lookedAt} scenes were looked at`)
  process.exit()
}
const source = poolSource(rows, vectors, clip.info.embedDim)
const texts = clipTexts(clip)
const input = {
  source,
  clip: texts,
  read: async function* () {},
  origin: { archive: 'pool', rows: rows.length, model: { name: 'scenes', licence: 'MIT', sha256: [] } },
}

const backgrounds = Array.from({ length: 4 }, (_, i) => pack.concepts + i)
const present = [...chosen.present.filter((name) => (shown.get(name) ?? 0) >= 5), ...backgrounds].slice(-50)
const absent = [
  ...chosen.absent.map((name) => pack.names[name]),
  ...texts.readable(OUTSIDE.map((name) => ({ name }))).map(({ name }) => name),
].slice(0, 50)
const classes = [...present.map((name) => pack.names[name]), ...absent]
const right = (name) => (image) => rows[source.byId.get(image.id)].present.has(name)
source.byId = new Map(rows.map(({ id }, i) => [id, i]))

// ------------------------------------------------------------------------------------------------------------- presence
const set = await curate(input, classes, { perClass: 100, duplicates: false })
const isPresent = set.classes.map((_, i) => i < present.length)
const likely = set.classes.map(({ presence }) => -presence.pValue)
const share = (list) => (list.length === 0 ? Number.NaN : list.filter(Boolean).length / list.length)
const said = set.classes.map(({ presence }) => presence.present)
const figures = {
  ...{ seed, rows: rows.length, lookedAt, present: present.length, absent: absent.length },
  ...{ imagesOfPresent: present.map((name) => shown.get(name) ?? 0) },
  auc: auc(
    likely.filter((_, i) => isPresent[i]),
    likely.filter((_, i) => !isPresent[i]),
  ),
  falseAlarms: share(said.filter((_, i) => !isPresent[i])),
  found: share(said.filter((_, i) => isPresent[i])),
  foundFrom100: share(said.filter((_, i) => isPresent[i] && (shown.get(present[i]) ?? 0) >= 100)),
  alarms: set.classes.filter(({ presence }, i) => !isPresent[i] && presence.present).map(({ entry }) => entry.name),
}
// ------------------------------------------------------------------------------------------------------------ precision
const settings = {
  'best scores': { duplicates: false, falseAlarms: false },
  'null level': { duplicates: false },
  'null level, no near-duplicates': {},
  'null level, margin 0': { duplicates: false, margin: 0 },
  'null level, margin 0.02': { duplicates: false, margin: 0.02 },
  'null level, mmr': { duplicates: false, diverse: 'mmr' },
  'null level, k-centre': { duplicates: false, diverse: 'k-centre' },
  'all: null level, margin 0, no near-duplicates, mmr': { margin: 0, diverse: 'mmr' },
}
const precision = {}
for (const [name, options] of Object.entries(settings)) {
  precision[name] = {}
  for (const perClass of [10, 50, 100]) {
    const { classes: found } = await curate(input, classes, { perClass, ...options })
    const shows = found.slice(0, present.length)
    const images = shows.flatMap(({ images: list }, i) => list.map(right(present[i])))
    const per = shows.filter(({ images: list }) => list.length > 0)
    const estimates = per
      .flatMap(({ estimatedPrecision, images: list }) => list.map(() => estimatedPrecision))
      .filter((value) => value !== undefined)
    precision[name][perClass] = {
      images: images.length,
      classes: per.length,
      precision: share(images),
      estimated: estimates.length === 0 ? undefined : estimates.reduce((a, b) => a + b, 0) / estimates.length,
      absentImages: found.slice(present.length).reduce((n, { images: list }) => n + list.length, 0),
    }
  }
}
clip.dispose()
const result = { ...figures, precision }
console.log(JSON.stringify(result, null, 1))
if (values.into) writeFileSync(values.into, `${JSON.stringify(result, null, 1)}\n`)

/** Chance that a present name has the larger value; ties count half. */
function auc(high, low) {
  let sum = 0
  for (const a of high) for (const b of low) sum += a > b ? 1 : a === b ? 0.5 : 0
  return sum / (high.length * low.length)
}
