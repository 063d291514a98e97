// npm run parity [name ...]: full-size architectures at seeded random weights against open_clip, timm and torchvision in float64.
// The rule (design): error to float64 <= max(2 x the Python float32 output's own error, 1e-5).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureVenv, python, root, run } from './python.mjs'

const require = createRequire(import.meta.url)
const SEED = 7
const CLIPS = [
  { card: 'clip-vit-b-32', dense: [250, 330] },
  { card: 'clip-vit-b-16', dense: [224, 300] },
  { card: 'clip-vit-l-14-336', dense: [336, 400] },
  { card: 'clip-rn50', dense: [224, 320] },
  { card: 'clip-rn50x16', dense: [384, 448] },
]
// The native grid where it is small, ReCo's 320, and one of partial cells.
const ENCODERS = [
  {
    card: 'deit-s-16-distilled',
    sizes: [
      [224, 224],
      [320, 320],
      [375, 500],
    ],
  },
  {
    card: 'dino-vit-s-16',
    sizes: [
      [224, 224],
      [230, 333],
    ],
  },
  {
    card: 'dino-vit-b-16',
    sizes: [
      [224, 224],
      [230, 333],
    ],
  },
  {
    card: 'dinov2-vit-s-14',
    sizes: [
      [518, 518],
      [322, 420],
    ],
  },
  {
    card: 'dinov2-vit-b-14',
    sizes: [
      [518, 518],
      [322, 420],
    ],
  },
  {
    card: 'dinov2-vit-s-14-reg',
    sizes: [
      [518, 518],
      [322, 420],
    ],
  },
  {
    card: 'resnet-50',
    sizes: [
      [224, 224],
      [375, 500],
    ],
  },
]
/** ReCo+'s network with COCO-Stuff's 27 coarse classes, and the smaller ones. */
const DEEPLABS = [
  { card: 'deeplab-resnet101', config: { backbone: 'resnet101', classes: 27, outputStride: 8, width: 1 } },
  { card: 'deeplab-resnet50', config: { backbone: 'resnet50', classes: 27, outputStride: 16, width: 1 } },
  { card: 'deeplab-mobilenet_v2', config: { backbone: 'mobilenet_v2', classes: 27, outputStride: 8, width: 1 } },
].map((entry) => ({
  ...entry,
  sizes: [
    [192, 256],
    [225, 161],
  ],
}))

const wanted = process.argv.slice(2)
const known = [...CLIPS, ...ENCODERS, ...DEEPLABS].map(({ card }) => card)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`unknown architecture ${unknown.join(', ')}; known: ${known.join(', ')}`)
  process.exit(2)
}
ensureVenv()
run(process.execPath, ['scripts/build.mjs'])
const { binding } = require(join(root, 'dist/binding.js'))
const { Clip, DeepLab, Encoder, readTensor } = binding()

function relativeError(value, exact) {
  let difference = 0
  let norm = 0
  for (let i = 0; i < exact.length; i++) {
    difference += (value[i] - exact[i]) ** 2
    norm += exact[i] ** 2
  }
  return Math.sqrt(difference / norm)
}

const configOf = (...card) => JSON.parse(readFileSync(join(root, 'models/cards', `${join(...card)}.json`), 'utf8')).config

function reference(script, card, config, request, folder) {
  const input = JSON.stringify({ config, seed: SEED, ...request })
  run(python, [script, folder], { input, stdio: ['pipe', 'inherit', 'inherit'] })
  const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
  if (!(answers.spread < 0.999)) throw new Error(`${card}: all images look alike (cosine ${answers.spread}); parity would prove nothing`)
  const read = (key) => readTensor([join(folder, 'io.safetensors')], key, {})
  return { answers, read, weights: [join(folder, 'weights.safetensors')] }
}

async function row(architecture, output, value, exact, python) {
  const error = relativeError(value.data, exact.data)
  const bound = Math.max(2 * python, 1e-5)
  const [ours, theirs, most] = [error, python, bound].map((number) => number.toExponential(2))
  return { architecture, output, ours, python: theirs, bound: most, pass: error <= bound }
}

async function compareClip({ card, dense }, folder) {
  const config = configOf(card)
  const { answers, read, weights } = reference('test/parity/full.py', card, config, { dense }, folder)
  const [images, denseImage, tokens] = await Promise.all(['images', 'dense_image', 'tokens'].map(read))
  const rows = []
  for (const form of config.vision.kind === 'vit' ? ['value', 'residual'] : ['value']) {
    const clip = await Clip.load({ ...config, dense: form }, weights, { device: 'cpu', dtype: 'float32' }, {})
    const outputs = { [config.vision.kind === 'vit' ? `dense_${form}` : 'dense']: await clip.densePixels(denseImage, {}) }
    if (form === 'value') {
      outputs.image = await clip.encodePixels(images, { normalize: false }, {})
      outputs.text = await clip.encodeText(Int32Array.from(tokens.data), tokens.shape[0], { normalize: false, batchSize: 8 }, {})
    }
    for (const [key, value] of Object.entries(outputs))
      rows.push(await row(card, key, value, await read(`exact.${key}`), answers.float32[key]))
    clip.dispose()
  }
  return rows
}

/** `answer` of the model for pixels [n, 3, H, W], a row a size. */
async function compareSizes(script, { card, config, sizes }, folder, load, answer) {
  const { answers, read, weights } = reference(script, card, config, { sizes }, folder)
  const model = await load(config, weights, { device: 'cpu', dtype: 'float32' }, {})
  const rows = []
  for (const [i, size] of sizes.entries()) {
    const value = await answer(model, await read(`pixels.${i}`))
    rows.push(await row(card, size.join(' x '), value, await read(`exact.${i}`), answers.float32[i]))
  }
  model.dispose()
  return rows
}

const compareEncoder = (item, folder) =>
  compareSizes(
    'test/parity/encoders_full.py',
    { ...item, config: configOf('encoders', item.card) },
    folder,
    (...given) => Encoder.load(...given),
    (encoder, pixels) => encoder.featuresOfPixels(pixels, {}),
  )

const compareDeepLab = (item, folder) =>
  compareSizes(
    'test/parity/deeplab_full.py',
    item,
    folder,
    (...given) => DeepLab.load(...given),
    (network, pixels) => network.logitsOfPixels(pixels, {}),
  )

const rows = []
for (const item of [...CLIPS, ...ENCODERS, ...DEEPLABS].filter(({ card }) => wanted.length === 0 || wanted.includes(card))) {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-parity-'))
  try {
    rows.push(...(await (item.config ? compareDeepLab : item.sizes ? compareEncoder : compareClip)(item, folder)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.table(rows)
process.exitCode = rows.every(({ pass }) => pass) ? 0 : 1
