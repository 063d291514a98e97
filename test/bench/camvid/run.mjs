// node test/bench/camvid/run.mjs --root DIR --python PYTHON [--seeds 0,1,2] [--steps 2000] [--size 240x180] [--width 0.5] [--batch 8]
//   [--rate 0.002] [--into FOLDER] [--report NAME]
// trainSegmenter beside the same network and schedule in PyTorch (pytorch.py), from random weights, on CamVid's photographs: --root has
// images/{train,val} and labels/{train,val}. Both at once, a thread each, so that they see the same load; validation mIoU and CPU time of
// every seed. Runs that are done in FOLDER are not done again. Needs `npm run build` and a Python with torch, torchvision and Pillow.
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { report } from './report.mjs'

const root = join(import.meta.dirname, '../../..')
const { values } = parseArgs({
  options: {
    root: { type: 'string' },
    python: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    steps: { type: 'string', default: '2000' },
    size: { type: 'string', default: '240x180' },
    width: { type: 'string', default: '0.5' },
    batch: { type: 'string', default: '8' },
    rate: { type: 'string', default: '0.002' },
    into: { type: 'string', default: join(root, 'build/camvid') },
    report: { type: 'string' },
  },
})
if (!values.root || !values.python)
  throw new Error('Expected --root, the folder of CamVid, and --python, one that has torch, torchvision and Pillow')
const [width, height] = values.size.split('x').map(Number)
const steps = Number(values.steps)
const { classes } = JSON.parse(readFileSync(join(root, 'models/datasets/camvid-11.json'), 'utf8'))
const recipe = {
  root: resolve(values.root),
  classes: classes.map(({ name, color }) => ({ name, color })),
  backbone: 'mobilenet_v2',
  outputStride: 16,
  width: Number(values.width),
  size: { width, height },
  steps,
  batchSize: Number(values.batch),
  optimiser: 'adam',
  learningRate: Number(values.rate),
  backboneLearningRate: Number(values.rate),
  learningRateFloor: 1e-6,
  power: 0.9,
  weightDecay: 2e-4,
  beta1: 0.9,
  beta2: 0.999,
  backboneNormMomentum: 0.1,
  dropout: 0.1,
  augment: {
    ...{
      scaleLow: 0.75,
      scaleHigh: 1.5,
      flip: 0.5,
      jitter: 0.5,
      brightness: 0.4,
      contrast: 0.4,
      saturation: 0.4,
      hue: 0.1,
      grey: 0,
      blur: 0,
    },
  },
  dtype: 'float32',
  workers: 1,
  validateEvery: Math.ceil(steps / 6),
  checkpointEvery: Math.ceil(steps / 6),
  logEvery: 20,
}

const runs = []
for (const seed of values.seeds.split(',').map(Number)) {
  const folder = join(values.into, `seed-${seed}`)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'recipe.json')
  writeFileSync(file, JSON.stringify({ ...recipe, seed }))
  await Promise.all([
    once(join(folder, 'pytorch.jsonl'), values.python, [join(import.meta.dirname, 'pytorch.py'), file]),
    once(join(folder, 'ours.jsonl'), process.execPath, [join(import.meta.dirname, 'ours.mjs'), file, join(folder, 'ours')]),
  ])
  const [pytorch, cost] = ['pytorch', 'ours'].map((name) => lines(join(folder, `${name}.jsonl`)))
  runs.push({ seed, ours: [...lines(join(folder, 'ours/metrics.jsonl')), ...cost], pytorch })
}
const { drawChart } = createRequire(import.meta.url)(join(root, 'dist/train/chart.js'))
await report({ recipe, runs, into: join(values.into, 'report'), ...(values.report && { into: values.report }), drawChart })

/** What the program says, in `file` once it has ended well. */
async function once(file, program, args) {
  if (existsSync(file)) return
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', WORDMASK_THREADS: '1' },
  })
  child.stdout.pipe(createWriteStream(`${file}.partial`))
  const status = await new Promise((done) => child.on('close', done))
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`)
  renameSync(`${file}.partial`, file)
}

function lines(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
