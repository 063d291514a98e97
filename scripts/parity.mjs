// npm run parity [name ...]: full-size architectures at seeded random weights against open_clip in float64.
// The rule (design): error to float64 <= max(2 x the Python float32 output's own error, 1e-5).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureVenv, python, root, run } from './python.mjs'

const require = createRequire(import.meta.url)
const SEED = 7
const CASES = [
  { card: 'clip-vit-b-32', dense: [250, 330] },
  { card: 'clip-vit-b-16', dense: [224, 300] },
  { card: 'clip-vit-l-14-336', dense: [336, 400] },
  { card: 'clip-rn50', dense: [224, 320] },
  { card: 'clip-rn50x16', dense: [384, 448] },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !CASES.some(({ card }) => card === name))
if (unknown.length > 0) {
  console.error(`unknown architecture ${unknown.join(', ')}; known: ${CASES.map(({ card }) => card).join(', ')}`)
  process.exit(2)
}
ensureVenv()
run(process.execPath, ['scripts/build.mjs'])
const { binding } = require(join(root, 'dist/binding.js'))
const { Clip, readTensor } = binding()

function relativeError(value, exact) {
  let difference = 0
  let norm = 0
  for (let i = 0; i < exact.length; i++) {
    difference += (value[i] - exact[i]) ** 2
    norm += exact[i] ** 2
  }
  return Math.sqrt(difference / norm)
}

async function compare({ card, dense }, folder) {
  const config = JSON.parse(readFileSync(join(root, 'models/cards', `${card}.json`), 'utf8')).config
  run(python, ['test/parity/full.py', folder], {
    input: JSON.stringify({ config, seed: SEED, dense }),
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
  if (!(answers.spread < 0.999)) throw new Error(`${card}: all images look alike (cosine ${answers.spread}); parity would prove nothing`)
  const io = [join(folder, 'io.safetensors')]
  const weights = [join(folder, 'weights.safetensors')]
  const [images, denseImage, tokens] = await Promise.all(['images', 'dense_image', 'tokens'].map((key) => readTensor(io, key, {})))
  const rows = []
  for (const read of config.vision.kind === 'vit' ? ['value', 'residual'] : ['value']) {
    const clip = await Clip.load({ ...config, dense: read }, weights, { device: 'cpu', dtype: 'float32' }, {})
    const outputs = { [config.vision.kind === 'vit' ? `dense_${read}` : 'dense']: await clip.densePixels(denseImage, {}) }
    if (read === 'value') {
      outputs.image = await clip.encodePixels(images, { normalize: false }, {})
      outputs.text = await clip.encodeText(Int32Array.from(tokens.data), tokens.shape[0], { normalize: false, batchSize: 8 }, {})
    }
    for (const [key, value] of Object.entries(outputs)) {
      const exact = await readTensor(io, `exact.${key}`, {})
      const error = relativeError(value.data, exact.data)
      const bound = Math.max(2 * answers.float32[key], 1e-5)
      rows.push({
        architecture: card,
        output: key,
        ours: error.toExponential(2),
        python: answers.float32[key].toExponential(2),
        bound: bound.toExponential(2),
        pass: error <= bound,
      })
    }
    clip.dispose()
  }
  return rows
}

const rows = []
for (const item of CASES.filter(({ card }) => wanted.length === 0 || wanted.includes(card))) {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-parity-'))
  try {
    rows.push(...(await compare(item, folder)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.table(rows)
process.exitCode = rows.every(({ pass }) => pass) ? 0 : 1
