// node scripts/measure-encoders.mjs [built-in name ...]: which features of a CLIP co-segment scenes best. For each form of each tower and
// each thing: the seeds that max_affinity finds in REFERENCES pictures of it (methods/reco.md 2.7, windows per image, no text) and the mean
// of their features; then, in other pictures that show it, how well the cosine with that mean picks its cells.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './steps.mjs'

const require = createRequire(import.meta.url)
const { Encoder } = require(join(root, 'dist/index.js'))
const { binding } = require(join(root, 'dist/binding.js'))
const SIZE = 96
const SEEDS = [0, 1, 2]
const PICTURES = 400
const REFERENCES = 8
const TESTS = 8
const THINGS = 20

const names = process.argv.length > 2 ? process.argv.slice(2) : ['scenes', 'scenes-clip']
const pack = await binding().ScenePack.open([join(root, 'models/scenes/scenes.pack')], {})

const unit = (row) => {
  const norm = Math.hypot(...row) || 1
  return row.map((x) => x / norm)
}
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0)

/** Features of a picture as unit rows and as they come, and the share of each cell that shows `thing`. */
async function look(encoder, scene) {
  const { data, shape } = await encoder.features({ ...scene.pixels, channels: 3 }, { size: SIZE })
  const [h, w, c] = shape
  const raw = Array.from({ length: h * w }, (_, i) => Array.from(data.subarray(i * c, (i + 1) * c)))
  const share = (thing) =>
    raw.map((_, i) => {
      const [y, x] = [Math.floor(i / w), i % w]
      let inside = 0
      let all = 0
      for (let py = Math.floor((y * SIZE) / h); py < ((y + 1) * SIZE) / h; py++) {
        for (let px = Math.floor((x * SIZE) / w); px < ((x + 1) * SIZE) / w; px++, all++)
          inside += scene.labels[py * SIZE + px] === thing ? 1 : 0
      }
      return inside / all
    })
  return { raw, rows: raw.map(unit), share }
}

/** The cell of each picture whose best matches in all pictures are best on average. */
function seedsOf(pictures) {
  return pictures.map(({ rows }) => {
    let best = 0
    let most = Number.NEGATIVE_INFINITY
    for (const [i, row] of rows.entries()) {
      const support = pictures.reduce((sum, other) => sum + Math.max(...other.rows.map((candidate) => dot(row, candidate))), 0)
      if (support > most) [best, most] = [i, support]
    }
    return best
  })
}

/** Mean average precision of `scores` for cells that show the thing in half or more. */
function averagePrecision(scores, truth) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a])
  let found = 0
  let sum = 0
  for (const [rank, i] of order.entries()) if (truth[i]) sum += ++found / (rank + 1)
  return found === 0 ? undefined : sum / found
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const told = []
for (const name of names) {
  for (const read of ['value', 'residual', 'cells']) {
    await using encoder = await Encoder.load(name, { device: 'cpu', read })
    const bySeed = []
    for (const seed of SEEDS) {
      const scenes = []
      for (let i = 0; i < PICTURES; i++) scenes.push(await pack.render(i, { size: SIZE, split: 'unseen', seed }, {}))
      const showing = (thing) => scenes.filter(({ present }) => present.includes(thing))
      const things = Array.from({ length: pack.concepts }, (_, i) => i).filter((thing) => showing(thing).length >= REFERENCES + TESTS)
      const hits = []
      const precision = []
      const chance = []
      for (const thing of things.slice(0, THINGS)) {
        const pictures = []
        for (const scene of showing(thing).slice(0, REFERENCES + TESTS)) pictures.push(await look(encoder, scene))
        const references = pictures.slice(0, REFERENCES)
        const seeds = seedsOf(references)
        hits.push(mean(seeds.map((at, i) => (references[i].share(thing)[at] >= 0.5 ? 1 : 0))))
        const summed = references[0].raw[0].map((_, c) => mean(references.map(({ raw }, i) => raw[seeds[i]][c])))
        const reference = unit(summed)
        for (const { rows, share } of pictures.slice(REFERENCES)) {
          const truth = share(thing).map((part) => part >= 0.5)
          const ap = averagePrecision(
            rows.map((row) => dot(row, reference)),
            truth,
          )
          if (ap === undefined) continue
          precision.push(ap)
          chance.push(mean(truth.map(Number)))
        }
      }
      bySeed.push({ things: Math.min(things.length, THINGS), hits: mean(hits), precision: mean(precision), chance: mean(chance) })
    }
    const spread = (key) => {
      const values = bySeed.map((row) => row[key])
      const middle = mean(values)
      return `${middle.toFixed(3)} +- ${Math.sqrt(mean(values.map((x) => (x - middle) ** 2)) * 1.5).toFixed(3)}`
    }
    told.push({
      encoder: name,
      read,
      things: bySeed.map(({ things }) => things).join(),
      'seeds on the thing': spread('hits'),
      'average precision': spread('precision'),
      chance: spread('chance'),
    })
    console.error(JSON.stringify(told.at(-1)))
  }
}
console.table(told)
