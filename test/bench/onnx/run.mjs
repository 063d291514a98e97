// node test/bench/onnx/run.mjs [--model FOLDER] [--images DIR] [--fp16] [--turns 3] [--into FILE]
// One ONNX file of a trained segmenter: its size, milliseconds an image in Node (onnxruntime-node), in Chromium (the page of
// `model export --page`, onnxruntime-web) and by Segmenter itself, a thread each, and how many pixels have Segmenter's label. Without --model a
// MobileNetV2 of full width that has learnt from scenes for a minute (network.mjs); without --images 20 of its scenes.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { inChromium } from './chromium.mjs'
import { trainOnScenes, writeScenes } from './network.mjs'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { Segmenter, exportModel } = load(join(root, 'dist/index.js'))
const { decodeImage } = load(join(root, 'dist/image/decode.js'))
const { binding } = load(join(root, 'dist/binding.js'))
const { InferenceSession, Tensor } = load('onnxruntime-node')

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    images: { type: 'string' },
    fp16: { type: 'boolean', default: false },
    turns: { type: 'string', default: '3' },
    into: { type: 'string' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'wordmask-bench-onnx-'))
binding().setThreads(1)
try {
  const model = values.model ? resolve(values.model) : await trainOnScenes(join(folder, 'network'))
  const pictures = values.images ? resolve(values.images) : await writeScenes(join(folder, 'pictures'), 20)
  const files = readdirSync(pictures)
    .filter((name) => /\.(png|jpe?g|webp)$/i.test(name))
    .sort()
    .map((name) => join(pictures, name))
  const [onnx, page] = [join(folder, 'model.onnx'), join(folder, 'predict.html')]
  await exportModel(model, { format: 'onnx', into: onnx, page, fp16: values.fp16 })
  const segmenter = await Segmenter.load(model)
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const own = await timed(files, async (file) => (await segmenter.segment(file)).labels)
  const node = await timed(files, async (file) => {
    const { data, width, height } = await decodeImage(file)
    return (await session.run({ image: new Tensor('uint8', data, [1, height, width, 3]) }, ['labels'])).labels.data
  })
  const browser = await inChromium(page, files, Number(values.turns))
  const report = {
    images: files.length,
    megabytes: statSync(onnx).size / 1e6,
    segmenterMs: own.ms,
    commonest: commonest(own.labels),
    node: { ms: node.ms, agreement: agreement(node.labels, own.labels) },
    ...(browser && { chromium: { version: browser.version, ms: browser.ms, agreement: agreement(browser.labels, own.labels) } }),
  }
  const row = (name, { ms, agreement: share }) => `${name} ${ms.toFixed(0)} ms an image, ${(share * 100).toFixed(3)}% of the labels; `
  process.stdout.write(
    `${report.images} images, file ${report.megabytes.toFixed(1)} MB; Segmenter ${own.ms.toFixed(0)} ms an image, its commonest label on ${(report.commonest * 100).toFixed(0)}%; ${row('Node', report.node)}${
      browser ? row(`Chromium ${browser.version}`, report.chromium) : 'no chromium here; '
    }one thread each\n`,
  )
  if (values.into) writeFileSync(values.into, `${JSON.stringify(report, null, 1)}\n`)
  await session.release()
  await segmenter[Symbol.asyncDispose]()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Labels of every file, and the median time over files and turns, decoding included; a first turn is not counted. */
async function timed(files, segment) {
  const labels = []
  for (const file of files) labels.push(Uint8Array.from(await segment(file)))
  const times = []
  for (let turn = 0; turn < Number(values.turns); turn++) {
    for (const file of files) {
      const began = performance.now()
      await segment(file)
      times.push(performance.now() - began)
    }
  }
  return { labels, ms: median(times) }
}

function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
}

/** Over all pixels of all images. */
function agreement(labels, expected) {
  let [same, all] = [0, 0]
  for (const [i, map] of labels.entries()) {
    all += map.length
    for (let p = 0; p < map.length; p++) if (map[p] === expected[i][p]) same++
  }
  return same / all
}

/** Share of the pixels that have the label of most. */
function commonest(labels) {
  const counts = new Array(256).fill(0)
  for (const map of labels) for (const label of map) counts[label]++
  return Math.max(...counts) / labels.reduce((sum, { length }) => sum + length, 0)
}
