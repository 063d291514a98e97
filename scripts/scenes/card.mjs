// A built-in model from a training folder: weights in fp16, and its card with what was trained, how, and what it measures.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run, StepError, say } from '../steps.mjs'

const splits = ['unseen', 'heldout']
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex')
const json = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** run: the folder of `wordmask train clip` or `wordmask_check train`; the card of that name must exist. */
export async function writeModel({ run: folder, name, seeds }) {
  const file = join(root, 'models/cards', `${name}.json`)
  const card = json(file)
  const weights = join(root, 'models', card.weights.file)
  const { binding } = createRequire(import.meta.url)(join(root, 'dist/binding.js'))
  const clip = await binding().Clip.load(card.config, [join(folder, 'model.safetensors')], { device: 'cpu', dtype: 'float32' }, {})
  await clip.save(weights, 'float16', {}, {})
  clip.dispose()
  card.weights = { ...card.weights, sha256: sha256(weights), bytes: readFileSync(weights).length, dtype: 'float16' }
  card.training = { ...card.training, ...trainingOf(folder, name) }
  delete card.measured
  save(file, card)
  card.measured = []
  for (const seed of seeds) {
    const measured = { seed }
    for (const split of splits) measured[split] = await evaluate(name, split, seed)
    card.measured.push(measured)
  }
  save(file, card)
  return file
}

const save = (file, card) => writeFileSync(file, `${JSON.stringify(card, null, 2).replace(/\[[\s\d.,eE+-]+\]/g, oneLine)}\n`)
const oneLine = (list) => JSON.stringify(JSON.parse(list)).replaceAll(',', ', ')

/** What the checkpoint says of its run, and the command that repeats it. */
function trainingOf(folder, name) {
  const bytes = readFileSync(join(folder, 'checkpoint.safetensors'))
  const meta = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()).__metadata__
  const { model: _, data: __, stages, ...recipe } = JSON.parse(meta.recipe)
  const list = stages.map(([steps, batch, size]) => `${steps}x${batch}@${size}`).join(',')
  const flags = [
    ...['--seed', recipe.seed, '--stages', list, '--warmup', recipe.warmupSteps, '--learning-rate', recipe.learningRate],
    ...['--patch-loss', recipe.patchLoss, '--claim-loss', recipe.claimLoss, '--workers', recipe.workers],
  ]
  const pictures = {}
  for (const [steps, batch, size] of stages) pictures[size] = (pictures[size] ?? 0) + steps * batch
  const pack = join(root, 'models/scenes/scenes.pack')
  return {
    command: `wordmask train clip ${flags.join(' ')} --into runs/${name}`,
    data: { kind: 'scenes', pack: 'models/scenes/scenes.pack', sha256: sha256(pack), captionsOnly: true },
    processor: cpus()[0]?.model,
    recipe,
    pictures,
    steps: Number(meta.step),
    seconds: Math.round(Number(meta.seconds)),
    cpuSeconds: Math.round(Number(meta.cpuSeconds)),
  }
}

async function evaluate(name, split, seed) {
  const into = mkdtempSync(join(tmpdir(), 'wordmask-card-'))
  const wordmask = join(root, 'dist/cli/main.js')
  const args = ['eval', '--dataset', 'scenes', '--split', split, '--seed', String(seed), '--clip', name, '--into', into]
  say('card', `wordmask ${args.slice(0, -2).join(' ')}`)
  try {
    const { status } = await run(process.execPath, [wordmask, ...args])
    if (status !== 0) throw new StepError(`The evaluation failed (see above). Next: npm run -s wordmask -- ${args.join(' ')}`)
    const { figures, protocol } = json(join(into, 'eval.json'))
    const figure = (value, chance) => ({ value: Number(value.toFixed(4)), chance: Number(chance.toFixed(4)) })
    const recall = ({ r1, r5, chanceR1, chanceR5 }) => [figure(r1, chanceR1), figure(r5, chanceR5)]
    const [nounR1, nounR5] = recall(figures.noun)
    const [captionR1, captionR5] = recall(figures.caption)
    const miou = (measure, part) => figure(measure[part], measure.chance[part])
    return {
      ...{ scenes: protocol.count, size: protocol.size, templates: protocol.templates, nounR1, nounR5, captionR1, captionR5 },
      zeroShot: figure(figures.zeroShot.accuracy, figures.zeroShot.chance),
      miouAll: miou(figures.miouAll, 'all'),
      miouObjects: miou(figures.miouAll, 'objects'),
      miouBackgrounds: miou(figures.miouAll, 'backgrounds'),
      miouPresent: miou(figures.miouPresent, 'all'),
    }
  } finally {
    rmSync(into, { recursive: true, force: true })
  }
}
