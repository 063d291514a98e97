// node test/bench/reco/cost.mjs --python PYTHON [--k 50] [--grid 14] [--channels 384] [--threads 2] [--turns 5]: what one reference costs
// beside the published algorithm written out in PyTorch (official.py), features given: seconds, peak memory, and whether the seeds are the
// same (PyTorch in float64). Each in a process of its own, on the same numbers. Needs `npm run build` and a Python with torch and numpy.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seeded } from '../curation/pool.mjs'

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    k: { type: 'string', default: '50' },
    grid: { type: 'string', default: '14' },
    channels: { type: 'string', default: '384' },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '5' },
  },
})
if (!values.python) throw new Error('Expected --python: one that has torch and numpy')
const [k, grid, channels, threads, turns] = ['k', 'grid', 'channels', 'threads', 'turns'].map((name) => Number(values[name]))
const folder = mkdtempSync(join(tmpdir(), 'wordmask-reco-cost-'))
try {
  const shapes = { features: [k, grid, grid, channels], clip: [k, 7, 7, 768], text: [768], contexts: [5, channels] }
  for (const [i, [name, shape]] of Object.entries(shapes).entries()) writeFileSync(join(folder, `${name}.f32`), numbers(shape, i + 1))
  writeFileSync(join(folder, 'shapes.json'), JSON.stringify({ ...shapes, threads, turns }))
  const run = (program, ...args) => JSON.parse(execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 }))
  const python = (...more) => run(values.python, join(import.meta.dirname, 'official.py'), folder, ...more)
  const [official, ours, exact] = [python(), run(process.execPath, join(import.meta.dirname, 'ours.mjs'), folder), python('--float64')]
  const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
  const [a, b] = [median(official.seconds), median(ours.seconds)]
  const same = ours.seeds.every((seed, i) => seed === exact.seeds[i])
  process.stdout.write(
    `k=${k} ${grid}x${grid}x${channels}, ${threads} threads: official ${a.toFixed(3)} s, ${official.peakMB.toFixed(0)} MB; ours ${b.toFixed(3)} s, ${ours.peakMB.toFixed(0)} MB; ` +
      `time ${(a / b).toFixed(2)}x, memory ${(official.peakMB / ours.peakMB).toFixed(1)}x; seeds of float64 ${same ? 'identical' : 'DIFFERENT'}\n`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Gathered around a few directions, as features are; rows of text and contexts of length 1. */
function numbers(shape, seed) {
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
