// memory.cjs <folder>: the most memory that segmenting 1024x1024 pixels by 1,000 names takes above a loaded ViT-B/16 with
// random weights, the making of the text vectors included; bytes, as JSON. Through dist/, as people use it.
const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { Clip, Segmenter } = require('../../../dist/index.js')
const { binding } = require('../../../dist/binding.js')
const { saveClip } = require('../../../dist/clip/save.js')
const { picture } = require('../../helpers/native.cjs')

const root = join(__dirname, '..', '..', '..')
const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024

async function weights(folder) {
  const file = join(folder, 'weights.safetensors')
  const card = JSON.parse(readFileSync(join(root, 'models', 'cards', 'clip-vit-b-16.json'), 'utf8'))
  const clip = await binding().Clip.random(card.config, 1, { device: 'cpu', dtype: 'float32' }, {})
  await saveClip(clip, { ...card, notes: [], segmentSize: undefined }, file, 'float16', {})
  clip.dispose()
  return file
}

async function main(folder) {
  const clip = await Clip.load(await weights(folder), { device: 'cpu', dtype: 'float32' })
  const names = Array.from({ length: 1000 }, (_, i) => `thing number ${i}`)
  const image = { ...picture(1024, 1024), channels: 3 }
  global.gc()
  const loaded = bytes('VmRSS')
  // The kernel's high-water mark begins anew.
  writeFileSync('/proc/self/clear_refs', '5')
  const segmenter = await Segmenter.create({ clip, classes: names, templates: 'none' })
  const { labels, protocol } = await segmenter.segment(image, { size: 1024 })
  const above = bytes('VmHWM') - loaded
  process.stdout.write(`${JSON.stringify({ loaded, above, pixels: labels.length, size: protocol.size })}\n`)
}

void main(process.argv[2])
