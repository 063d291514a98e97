// node ours.mjs FOLDER: recoReference on what cost.mjs wrote, of given features or of pictures; the same JSON as official.py.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Clip, Encoder, native } from './score.mjs'

const folder = process.argv[2]
const shapes = JSON.parse(readFileSync(join(folder, 'shapes.json'), 'utf8'))
native.setThreads(shapes.threads)

const floats = (name) => {
  const bytes = readFileSync(join(folder, `${name}.f32`))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
const tensor = (name) => ({ data: floats(name), shape: shapes[name] })
const split = (data, [k, ...shape]) => {
  const size = data.length / k
  return Array.from({ length: k }, (_, i) => ({ data: data.subarray(i * size, (i + 1) * size), shape }))
}

const text = tensor('text')
const contexts = tensor('contexts')
const look = shapes.images ? await towers() : given()
const call = async (count) => native.recoReference({ ...(await look(count)), text, contexts }, { window: 'official' }, {})
await call(2)
const before = process.resourceUsage().maxRSS
const seconds = []
let answer
for (let turn = 0; turn < shapes.turns; turn++) {
  const began = performance.now()
  answer = await call()
  seconds.push((performance.now() - began) / 1000)
}
const peakMB = (process.resourceUsage().maxRSS - before) / 1024
process.stdout.write(JSON.stringify({ seeds: answer.seeds, embedding: [...answer.embedding.data], seconds, peakMB }))

function given() {
  const [features, clip] = ['features', 'clip'].map((name) => split(floats(name), shapes[name]))
  return (count) => ({ features: features.slice(0, count), clip: clip.slice(0, count) })
}

async function towers() {
  const encoder = await Encoder.load(join(folder, 'deit.safetensors'), { device: 'cpu' })
  const clip = await Clip.load(shapes.clipWeights, { device: 'cpu', dtype: 'float32' })
  const [, height, width] = shapes.images
  const images = split(readFileSync(join(folder, 'images.u8')), shapes.images)
  return async (count) => {
    const features = []
    const dense = []
    for (const { data } of images.slice(0, count)) {
      const image = { data, width, height, channels: 3 }
      features.push(await encoder.features(image, { size: { width, height } }))
      dense.push(await clip.denseFeatures(image, { size: { width, height } }))
    }
    return { features, clip: dense }
  }
}
