// The scene pack: format in native/train/scenes/pack_reader.h.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import sharp from 'sharp'

const root = join(import.meta.dirname, '../..')
const contextLength = 32
const json = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))

/** Every sprite of a sheet, cut to its visible part. */
async function cutSheet(folder, style, conceptNames) {
  const index = json(folder, `${style}.json`)
  const { data, info } = await sharp(join(root, folder, `${style}.png`))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return index.cells.map((name, i) => {
    const concept = conceptNames.indexOf(name)
    if (concept < 0) throw new Error(`${folder}/${style}.json names '${name}', which is not in models/scenes/concepts.json`)
    const left = (i % index.columns) * index.cell
    const top = Math.floor(i / index.columns) * index.cell
    const alpha = (x, y) => data[((top + y) * info.width + left + x) * 4 + 3]
    const box = { x0: index.cell, y0: index.cell, x1: 0, y1: 0 }
    for (let y = 0; y < index.cell; y++)
      for (let x = 0; x < index.cell; x++) {
        if (alpha(x, y) < 8) continue
        box.x0 = Math.min(box.x0, x)
        box.x1 = Math.max(box.x1, x + 1)
        box.y0 = Math.min(box.y0, y)
        box.y1 = Math.max(box.y1, y + 1)
      }
    if (box.x1 <= box.x0) throw new Error(`${folder}/${style}.png: cell ${i} (${name}) is empty`)
    const rows = []
    for (let y = box.y0; y < box.y1; y++) {
      const start = ((top + y) * info.width + left + box.x0) * 4
      rows.push(data.subarray(start, start + (box.x1 - box.x0) * 4))
    }
    return { concept, width: box.x1 - box.x0, height: box.y1 - box.y0, rgba: Buffer.concat(rows) }
  })
}

/** Format 2 has styles for training only; a pack without any stays readable by what reads format 1. */
function encode(header, styles) {
  const version = styles.some(({ trainingOnly }) => trainingOnly) ? 2 : 1
  const head = Buffer.from(
    JSON.stringify({
      ...header,
      styles: styles.map(({ name, weight, trainingOnly, sprites }) => ({
        name,
        weight,
        ...(trainingOnly && { trainingOnly }),
        sprites: sprites.map((s) => [s.concept, s.width, s.height]),
      })),
    }),
  )
  const prefix = Buffer.alloc(16)
  prefix.write('WMSCENES', 'latin1')
  prefix.writeUInt32LE(version, 8)
  prefix.writeUInt32LE(head.length, 12)
  return Buffer.concat([prefix, head, ...styles.flatMap(({ sprites }) => sprites.map((s) => s.rgba))])
}

function write(file, bytes) {
  writeFileSync(`${file}.part`, bytes)
  renameSync(`${file}.part`, file)
}

const vowel = (name) => /^[aeiou]/.test(name)

/** Words that captions and prompts are made of -> CLIP ids, by the package's own tokenizer. */
async function dictionary(texts) {
  const compiled = join(root, 'dist/text/tokenizer.js')
  if (!existsSync(compiled)) throw new Error(`${compiled} is missing. Run: npm run build`)
  const { Tokenizer, startOfText, endOfText } = createRequire(import.meta.url)(compiled)
  const tokenizer = await Tokenizer.load()
  const words = {}
  for (const text of texts) for (const { word, ids } of tokenizer.encodeWords(text.replaceAll('{}', ' '))) words[word] = ids
  const vocabulary = [...new Set([startOfText, endOfText, ...Object.values(words).flat()])].sort((a, b) => a - b)
  return { dictionary: Object.fromEntries(Object.entries(words).sort()), vocabulary }
}

export async function buildPacks({ into, heldout }) {
  const { concepts, backgrounds } = json('models/scenes/concepts.json')
  const captions = json('models/scenes/captions.json')
  const prompts = [...new Set([...json('models/prompts/vild.json'), ...json('models/prompts/imagenet.json')])]
  const { styles, heldout: heldoutStyle } = json('models/scenes/styles.json')
  const conceptNames = concepts.map((c) => c.name)
  const names = [...conceptNames, ...backgrounds]
  const plurals = concepts.map((c) => c.plural)
  const header = {
    kind: 'training',
    names,
    concepts: concepts.length,
    plurals,
    articles: [...concepts.map((c) => (c.mass ? '' : vowel(c.name) ? 'an' : 'a')), ...captions.backgroundArticles],
    mass: concepts.map((c) => (c.mass ? 1 : 0)),
    backgroundPairs: captions.backgroundPairs.map((pair) => pair.map((name) => names.indexOf(name))),
    templates: captions.templates,
    prompts,
    contextLength,
    ...(await dictionary([...names, ...plurals, ...captions.templates, ...prompts, ...captions.words])),
  }
  const drawn = []
  for (const { name, weight, trainingOnly } of styles)
    drawn.push({ name, weight, trainingOnly, sprites: await cutSheet('models/scenes/sprites', name, conceptNames) })
  const bytes = encode(header, drawn)
  write(into, bytes)
  const built = [
    { file: into, bytes: bytes.length, sprites: drawn.reduce((n, s) => n + s.sprites.length, 0), tokens: header.vocabulary.length },
  ]

  const folder = 'test/fixtures/openmoji' // not in the published package
  if (existsSync(join(root, folder))) {
    const style = { name: heldoutStyle.name, weight: 1, sprites: await cutSheet(folder, heldoutStyle.name, conceptNames) }
    const held = encode({ kind: 'heldout', names, concepts: concepts.length }, [style])
    write(heldout, held)
    built.push({ file: heldout, bytes: held.length, sprites: style.sprites.length })
  }
  return built
}
