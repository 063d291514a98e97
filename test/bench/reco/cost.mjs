// node test/bench/reco/cost.mjs --python PYTHON [--k 50] [--grid 14] [--channels 384] [--threads 2] [--turns 5] [--towers] [--into FILE]
// What one reference costs beside the published algorithm written out in PyTorch (official.py): seconds, peak memory, and whether the seeds
// are the same (PyTorch in float64). Features are given; with --towers they are made of k pictures of 224 x 224 in every turn, by DeiT-S/16
// and the ResNet of RN50x16 at random weights. Each in a process of its own, on the same numbers, one after the other. Needs a Python with
// torch and numpy, for --towers with timm and open_clip, too (that of `npm run bench -- --peers`).
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { weightsFile } from '../cases/models.mjs'
import { seeded } from '../curation/pool.mjs'
import { ensureWeights } from '../harness/install.mjs'
import { built, inFolder, numbers, writeFigures } from './score.mjs'

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    k: { type: 'string', default: '50' },
    grid: { type: 'string', default: '14' },
    channels: { type: 'string', default: '384' },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '5' },
    towers: { type: 'boolean', default: false },
    into: { type: 'string' },
  },
})
if (!values.python) throw new Error('Expected --python: one that has torch and numpy')
const [k, grid, channels, threads, turns] = numbers(values, 'k', 'grid', 'channels', 'threads', 'turns')
const [rn50, side] = ['RN50x16@320', 224]

await inFolder(async (folder) => {
  const vectors = { text: [768], contexts: [5, channels] }
  const given = values.towers ? {} : { features: [k, grid, grid, channels], clip: [k, 7, 7, 768] }
  for (const [i, [name, shape]] of Object.entries({ ...vectors, ...given }).entries())
    writeFileSync(join(folder, `${name}.f32`), drawn(shape, i + 1))
  const models = values.towers ? await towers(folder) : {}
  writeFileSync(join(folder, 'shapes.json'), JSON.stringify({ ...vectors, ...given, ...models, threads, turns }))
  const run = (program, ...args) => JSON.parse(execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 }))
  const python = (...more) => run(values.python, join(import.meta.dirname, 'official.py'), folder, ...more)
  if (values.towers) python('--draw', '1')
  const [official, ours] = [python(), run(process.execPath, join(import.meta.dirname, 'ours.mjs'), folder)]
  writeFileSync(join(folder, 'shapes.json'), JSON.stringify({ ...vectors, ...given, ...models, threads, turns: 1 }))
  const exact = python('--float64')
  const figures = {
    official: { seconds: median(official.seconds), peakMB: official.peakMB },
    ours: { seconds: median(ours.seconds), peakMB: ours.peakMB },
    same: [ours, official].map(({ seeds }) => seeds.filter((seed, i) => seed === exact.seeds[i]).length),
    cosine: ours.embedding.reduce((sum, x, i) => sum + x * exact.embedding[i], 0),
  }
  const told = ({ seconds, peakMB }) => `${seconds.toFixed(3)} s, ${peakMB.toFixed(0)} MB`
  const [time, memory] = ['seconds', 'peakMB'].map((key) => (figures.official[key] / figures.ours[key]).toFixed(1))
  process.stdout.write(
    `k=${k} ${values.towers ? `DeiT-S/16 and RN50x16 at ${side}` : `${grid}x${grid}x${channels}`}, ${threads} threads: ` +
      `official ${told(figures.official)}; ours ${told(figures.ours)}; time ${time}x, memory ${memory}x; ` +
      `seeds of float64: ours ${figures.same[0]} of ${k}, official ${figures.same[1]}; cosine of the references ${figures.cosine.toFixed(6)}\n`,
  )
  if (values.into) writeFigures(values.into, { options: values, ...figures })
})

/** Random towers, and pictures for them. */
async function towers(folder) {
  await ensureWeights(rn50)
  const card = JSON.parse(readFileSync(join(import.meta.dirname, '../../../models/cards/encoders/deit-s-16-distilled.json'), 'utf8'))
  const { mean, std } = built('./cards.js').clipPreprocess
  writeFileSync(join(folder, 'images.u8'), pictures())
  const norms = { encoderNorm: [card.preprocess.mean, card.preprocess.std], clipNorm: [mean, std] }
  return { images: [k, side, side, 3], encoder: card.config, clipWeights: weightsFile(rn50), ...norms }
}

/** k pictures of smooth colours: sums of a few waves, as no two cells should be alike. */
function pictures() {
  const data = new Uint8Array(k * side * side * 3)
  const next = seeded(7)
  for (let image = 0, at = 0; image < k; image++) {
    const waves = Array.from({ length: 12 }, () => [next() * 0.3, next() * 0.3, next() * 6.3, 60 * (next() - 0.5)])
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < 3; c++, at++) {
          let value = 128
          for (let i = c; i < 12; i += 3) value += waves[i][3] * Math.sin(waves[i][0] * x + waves[i][1] * y + waves[i][2])
          data[at] = Math.max(0, Math.min(255, value + 20 * (next() - 0.5)))
        }
  }
  return data
}

function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
}

/** Gathered around a few directions, as features are; rows of text and contexts of length 1. */
function drawn(shape, seed) {
  const next = seeded(seed)
  const width = shape.at(-1)
  const rows = shape.reduce((x, y) => x * y, 1) / width
  const centres = Array.from({ length: 12 }, () => Float32Array.from({ length: width }, () => next() - 0.5))
  const data = new Float32Array(rows * width)
  for (let row = 0; row < rows; row++) {
    const centre = centres[Math.floor(next() * 12)]
    let square = 0
    for (let i = 0; i < width; i++) {
      data[row * width + i] = centre[i] + next() - 0.5
      square += data[row * width + i] ** 2
    }
    if (shape.length < 4) for (let i = 0; i < width; i++) data[row * width + i] /= Math.sqrt(square)
  }
  return data
}
