// node rows.mjs [--rows 1000000] [--planted 1000]: an archive of made-up vectors: add, search for 1 and 100 queries, a filter, an index and its recall,
// dedupe: time, resident memory, disk. A vector is a common direction, as CLIP has one, with that of one of 1,000 texts and noise; of each of
// `planted` rows there is a near copy.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { above, built, bytesBelow, medianMs, numbers, resident, scratch, seeded, tell, timed, wordmask } from './common.mjs'

const { rows, planted, seed, topK, large } = numbers({ rows: 1_000_000, planted: 1000, seed: 1, topK: 100, large: 0 })
const { Archive, Clip } = wordmask
const { binding } = built('binding.js')
const { saveClip } = built('clip/save.js')
const { clipPreprocess } = built('cards.js')
const { toHalf } = built('archive/half.js')
const dim = 512
const every = Math.floor(rows / planted)
const folder = scratch('rows')

const clip = await emptyClip()
const base = resident()
const archive = await Archive.open(join(folder, 'archive'), { clip })
const next = seeded(seed)
/** Normal to four moments, and quick: the trial is not of the numbers. */
const noise = () => next() + next() + next() + next() - 2
const captions = Array.from({ length: 1000 }, (_, i) => `a photo of thing number ${i}`)
const directions = await directionsOf(captions)
const common = unit(Float32Array.from({ length: dim }, noise))
const kept = []
/** Of noise as long as a direction that counts .7, and of what a near copy differs by. */
const [noiseScale, copyScale] = [0.7 / Math.sqrt(dim / 3), 0.004]

const add = await timed(() => archive.addRecords(records()))
const one = await timed(() => archive.search({ vector: kept[0] }, { topK }))
const queries = Array.from({ length: 100 }, (_, i) => ({ vector: kept[i % kept.length] }))
const texts = captions.slice(0, queries.length)
const search = {
  firstSeconds: one.seconds,
  oneMs: await medianMs(7, () => archive.search({ vector: kept[1] }, { topK })),
  hundredMs: await medianMs(3, () => archive.search(queries, { topK })),
  textMs: await medianMs(5, () => archive.search('a photo of a fox', { topK })),
  hundredTextsMs: await medianMs(3, () => archive.search(texts, { topK })),
  filteredMs: await medianMs(5, () => archive.search({ vector: kept[2] }, { topK, where: 'width > 1500 AND caption IS NOT NULL' })),
}
const peakSearch = await timed(() => archive.search(queries, { topK }))
const index = await timed(() => archive.createIndex({ type: 'ivf-flat', targetRecall: 0.95 }))
const approximateMs = await medianMs(7, () => archive.search({ vector: kept[3] }, { topK, exact: false }))
const bytes = await bytesBelow(join(folder, 'archive'))
const dedupe = await timed(() => archive.dedupe({ exact: true, maxHamming: 4, minCosine: 0.96 }))
const hidden = new Map()
for (const { kept: centre, duplicates } of dedupe.result.groups()) for (const { row } of duplicates) hidden.set(row, centre)
const copies = Array.from({ length: Math.ceil(rows / every) - 1 }, (_, i) => (i + 1) * every)
const found = copies.filter((row) => hidden.get(row) === row - 1 || hidden.get(row - 1) === row).length
await archive.close()
clip.dispose()

const { result: report } = index
tell({
  ...{ rows, dim, planted, large: large > 0, bytes, bytesPerRow: bytes / rows, modelMiB: Math.round(base.all) },
  add: { seconds: add.seconds, rowsPerSecond: rows / add.seconds, aboveModelMiB: above(add.peak, base) },
  search: { ...search, aboveModelMiB: above(peakSearch.peak, base) },
  index: {
    ...{ seconds: index.seconds, aboveModelMiB: above(index.peak, base), approximateMs },
    ...{ type: report.type, partitions: report.partitions, nprobes: report.nprobes, text: report.text, image: report.image },
  },
  dedupe: {
    seconds: dedupe.seconds,
    aboveModelMiB: above(dedupe.peak, base),
    hidden: hidden.size,
    copies: copies.length,
    recall: found / copies.length,
  },
})

function* records() {
  let thing = 0
  for (let i = 0; i < rows; i++) {
    const copy = i > 0 && i % every === 0
    const vector = new Float32Array(dim)
    if (copy) for (let k = 0; k < dim; k++) vector[k] = kept.at(-1)[k] + copyScale * noise()
    else {
      thing = Math.floor(next() * directions.length)
      const own = directions[thing]
      for (let k = 0; k < dim; k++) vector[k] = common[k] + 0.7 * own[k] + noiseScale * noise()
    }
    unit(vector)
    if (!copy && (i + 1) % every === 0) kept.push(vector)
    const sha256 = createHash('sha256').update(String(i)).digest('hex')
    const hash = Array.from({ length: 4 }, () =>
      Math.floor(next() * 65536)
        .toString(16)
        .padStart(4, '0'),
    ).join('')
    yield {
      row: {
        ...{
          id: `r${i}`,
          uri: `/pictures/${Math.floor(i / 1000)}/${i}.jpg`,
          width: 320 + (i % 1600),
          height: 240 + (i % 900),
          bytes: 20_000 + i,
        },
        ...{ sha256, phash: hash, caption: captions[thing], addedAt: '2026-11-30T00:00:00.000Z', vector: toHalf(vector) },
      },
    }
  }
}

/** Vectors of 512 numbers and next to no tower: what is measured is the archive. */
async function emptyClip() {
  const config = {
    ...{ embedDim: dim, activation: 'gelu', layerNormEps: 1e-5, keys: 'openai', dense: 'residual' },
    vision: { kind: 'vit', imageSize: 32, patchSize: 8, width: 64, layers: 1, heads: 1, mlpWidth: 256 },
    text: { contextLength: 77, vocabSize: 49408, width: 64, layers: 1, heads: 1, mlpWidth: 256, endOfText: -1 },
  }
  const made = await binding().Clip.random(config, 1, { device: 'cpu', dtype: 'float32' }, {})
  const source = { name: 'empty', family: 'CLIP', config, preprocess: clipPreprocess, templates: 'none', licence: 'none', notes: [] }
  const file = join(folder, 'empty.safetensors')
  await saveClip(made, source, file, 'float16', {})
  made.dispose()
  return Clip.load(file)
}

/** Scales v to length 1. */
function unit(v) {
  const norm = Math.hypot(...v)
  for (let k = 0; k < v.length; k++) v[k] /= norm
  return v
}

/** How the vectors of texts differ from their mean: unit vectors. */
async function directionsOf(texts) {
  const { data } = await clip.encodeText(texts)
  const mean = Float32Array.from({ length: dim }, (_, k) => texts.reduce((sum, _, i) => sum + data[i * dim + k], 0) / texts.length)
  return texts.map((_, i) => unit(Float32Array.from({ length: dim }, (_, k) => data[i * dim + k] - mean[k])))
}
