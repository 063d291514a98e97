// node test/bench/curation/duplicates.mjs [--count 300] [--seed 0] [--size 320] [--into FILE]: precision and recall of each stage of
// dedupe, and of all, on planted duplicates of unseen scenes. Needs `npm run build`.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { dot, join as joined } from './pool.mjs'

const root = join(import.meta.dirname, '../../..')
const load = createRequire(import.meta.url)
const { Clip, decodeImage } = load(join(root, 'dist/index.js'))
const { binding } = load(join(root, 'dist/binding.js'))
const { perceptualHash } = load(join(root, 'dist/archive/phash.js'))
const { dedupe } = load(join(root, 'dist/dedupe/dedupe.js'))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    seed: { type: 'string', default: '0' },
    size: { type: 'string', default: '320' },
    into: { type: 'string' },
  },
})
const [count, seed, size] = [values.count, values.seed, values.size].map(Number)

/** What happens to pictures on their way through the world; each makes one duplicate of every scene. */
const inside = (image, share) => {
  const side = Math.round(size * (1 - share))
  const at = Math.round((size - side) / 2)
  return image.extract({ left: at, top: at, width: side, height: side })
}
const changes = {
  'the same bytes': undefined,
  'JPEG quality 75': (image) => image.jpeg({ quality: 75 }),
  'JPEG quality 40': (image) => image.jpeg({ quality: 40 }),
  'WebP quality 60': (image) => image.webp({ quality: 60 }),
  'half the size': (image) => image.resize(size / 2).jpeg({ quality: 90 }),
  'a third of the size': (image) => image.resize(Math.round(size / 3)).jpeg({ quality: 90 }),
  'cropped by 4%': (image) => inside(image, 0.04).jpeg({ quality: 90 }),
  'cropped by 10%': (image) => inside(image, 0.1).jpeg({ quality: 90 }),
  'cropped by 20%': (image) => inside(image, 0.2).jpeg({ quality: 90 }),
  'brighter by 15%': (image) => image.modulate({ brightness: 1.15 }).jpeg({ quality: 90 }),
  'half the saturation': (image) => image.modulate({ saturation: 0.5 }).jpeg({ quality: 90 }),
  'hue turned by 20°': (image) => image.modulate({ hue: 20 }).jpeg({ quality: 90 }),
}

const pack = await binding().ScenePack.open([join(root, 'models/scenes/scenes.pack')], {})
const clip = await Clip.load('scenes')
const rows = []
const vectors = []
for (let index = 0; index < count; index++) {
  const { pixels } = await pack.render(index, { size, split: 'unseen', seed }, {})
  const open = () => sharp(pixels.data, { raw: { width: size, height: size, channels: 3 } })
  const original = await open().jpeg({ quality: 95 }).toBuffer()
  const files = [['original', original]]
  for (const [name, change] of Object.entries(changes))
    files.push([name, change === undefined ? original : await change(sharp(original)).toBuffer()])
  const { data } = await clip.encodeImage(
    files.map(([, bytes]) => bytes),
    { batchSize: 16 },
  )
  vectors.push(data)
  for (const [change, bytes] of files) {
    const pixels = await decodeImage(bytes)
    const { width, height } = pixels
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    rows.push({ row: rows.length, scene: index, change, width, height, sha256, phash: await perceptualHash(pixels) })
  }
}
const dim = clip.info.embedDim
const all = joined(vectors)
clip.dispose()
const at = (row) => all.subarray(row * dim, (row + 1) * dim)

/** As an archive's own, plain: every pair is compared. */
const source = {
  size: rows.length,
  dim,
  facts: async function* () {
    yield rows
  },
  hammingStars: async (hashes, most, order) => {
    const { centres, closeness } = stars(order, (a, b) => within(bits(hashes[a] ^ hashes[b]), (value) => value <= most))
    return { centres, distances: Uint8Array.from(closeness) }
  },
  cosineStars: async (least, order) => {
    const { centres, closeness } = stars(order, (a, b) => within(dot(at(a), at(b)), (value) => value >= least))
    return { centres, scores: closeness }
  },
  cosineCost: () => ({ multiplyAdds: 0, bytes: 0 }),
  vectors: async (list) => joined(list.map(at)),
  ids: async (list) => list.map(String),
  hold: () => () => {},
  hide: async () => 0,
}
const within = (value, holds) => (holds(value) ? value : undefined)
function bits(value) {
  let n = 0
  for (let x = value; x !== 0n; x &= x - 1n) n++
  return n
}
function stars({ priority, allow }, near) {
  const order = rows.map(({ row }) => row).filter((row) => (allow[row >> 3] >> (row & 7)) & 1)
  order.sort((a, b) => priority[b] - priority[a] || a - b)
  const centres = new Int32Array(rows.length).fill(-1)
  const closeness = new Float32Array(rows.length)
  for (const [p, centre] of order.entries()) {
    if (centres[centre] !== -1) continue
    centres[centre] = centre
    for (let q = p + 1; q < order.length; q++) {
      const value = centres[order[q]] === -1 ? near(centre, order[q]) : undefined
      if (value === undefined) continue
      centres[order[q]] = centre
      closeness[order[q]] = value
    }
  }
  return { centres, closeness }
}

const settings = {
  'bytes alone': { maxHamming: false, minCosine: false },
  'bytes, hash': { minCosine: false },
  'bytes, cosine': { maxHamming: false },
  'all, the defaults': {},
  'all, cosine 0.98': { minCosine: 0.98 },
  'all, cosine 0.99': { minCosine: 0.99 },
}
const figures = {}
for (const [name, options] of Object.entries(settings)) {
  const report = await dedupe(source, options)
  const hidden = new Map()
  for (const { kept, duplicates } of report.groups()) for (const { row } of duplicates) hidden.set(row, kept)
  // Right: what stands for a hidden image is of the same scene.
  const right = [...hidden].filter(([row, kept]) => rows[row].scene === rows[kept].scene)
  const recall = Object.fromEntries(
    Object.keys(changes).map((change) => {
      const planted = rows.filter((row) => row.change === change)
      return [
        change,
        planted.filter(({ row }) => hidden.has(row) && rows[hidden.get(row)].scene === rows[row].scene).length / planted.length,
      ]
    }),
  )
  const planted = rows.length - count
  figures[name] = {
    precision: right.length / Math.max(1, hidden.size),
    recall: right.length / planted,
    hidden: hidden.size,
    byChange: recall,
  }
}
const result = { scenes: count, seed, size, images: rows.length, figures }
console.log(JSON.stringify(result, null, 1))
if (values.into) writeFileSync(values.into, `${JSON.stringify(result, null, 1)}\n`)
