// node ours.mjs FOLDER: recoReference on what cost.mjs wrote; the same JSON as official.py.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const { binding } = createRequire(import.meta.url)(join(import.meta.dirname, '../../../dist/binding.js'))
const folder = process.argv[2]
const shapes = JSON.parse(readFileSync(join(folder, 'shapes.json'), 'utf8'))
const read = (name) => {
  const bytes = readFileSync(join(folder, `${name}.f32`))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
const images = (name) => {
  const data = read(name)
  const [k, ...shape] = shapes[name]
  const size = data.length / k
  return Array.from({ length: k }, (_, i) => ({ data: data.subarray(i * size, (i + 1) * size), shape }))
}
const tensor = (name) => ({ data: read(name), shape: shapes[name] })
binding().setThreads(shapes.threads)
const given = { features: images('features'), clip: images('clip'), text: tensor('text'), contexts: tensor('contexts') }
const call = (some) => binding().recoReference(some, { window: 'official' }, {})
await call({ ...given, features: given.features.slice(0, 2), clip: given.clip.slice(0, 2) })
const before = process.resourceUsage().maxRSS
const seconds = []
let answer
for (let turn = 0; turn < shapes.turns; turn++) {
  const began = performance.now()
  answer = await call(given)
  seconds.push((performance.now() - began) / 1000)
}
const peakMB = (process.resourceUsage().maxRSS - before) / 1024
process.stdout.write(JSON.stringify({ seeds: answer.seeds, embedding: [...answer.embedding.data], seconds, peakMB }))
