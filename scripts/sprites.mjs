// node scripts/sprites.mjs [style ...]: fetches the artwork of models/scenes/styles.json and redraws the sprite sheets from it.
// Run by hand when a style or a concept changes; what it writes is committed, so nobody else needs the 200 MB of packages.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { fetchPackage } from './sprites/fetch.mjs'
import { darkened, ownColours, paint } from './sprites/paint.mjs'
import { penned } from './sprites/pen.mjs'
import { pictures } from './sprites/pictures.mjs'
import { coloursOf } from './sprites/regions.mjs'

const root = join(import.meta.dirname, '..')
const COLUMNS = 12
const json = (file) => JSON.parse(readFileSync(file, 'utf8'))
const { concepts } = json(join(root, 'models/scenes/concepts.json'))
const { cell, styles, heldout } = json(join(root, 'models/scenes/styles.json'))

/** Trimmed to its visible part, then fitted into one cell. */
async function sprite(picture) {
  const isSvg = picture.subarray(0, 512).toString().includes('<svg')
  const large = await sharp(picture, isSvg ? { density: 288 } : {})
    .ensureAlpha()
    .png()
    .toBuffer()
  const trimmed = await sharp(large)
    .trim({ background: { r: 0, g: 0, b: 0, alpha: 0 }, threshold: 8 })
    .png()
    .toBuffer()
  return sharp(trimmed)
    .resize(cell, cell, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .png()
    .toBuffer()
}

async function drawSheet(style, folder, into) {
  const cells = []
  const own = style.paints && (await ownColours(into, styles[0].name))
  const colour = (name, concept) => (name === 'own' ? own.get(concept) : name)
  const { colours: reference, recolour, pen } = style
  for (const [i, concept] of concepts.entries())
    for (const [k, picture] of pictures(style, folder, concept).entries()) {
      const [ink, paper] = (style.paints?.[(i + k) % style.paints.length] ?? []).map((name) => colour(name, concept.name))
      const colours = reference && (await coloursOf(into, reference, concept.name, k))
      const painted = style.paints ? await paint(picture, { ink: darkened(ink), paper, recolour, colours }) : picture
      const drawn = pen ? await penned(painted, pen) : painted
      cells.push({ concept: concept.name, image: await sprite(drawn) })
    }
  const rows = Math.ceil(cells.length / COLUMNS)
  const sheet = sharp({
    create: { width: COLUMNS * cell, height: rows * cell, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  }).composite(cells.map(({ image }, i) => ({ input: image, left: (i % COLUMNS) * cell, top: Math.floor(i / COLUMNS) * cell })))
  mkdirSync(into, { recursive: true })
  const png = join(into, `${style.name}.png`)
  await sheet.png({ compressionLevel: 9 }).toFile(`${png}.part`)
  renameSync(`${png}.part`, png)
  const { name, work, author, licence, url, version } = style
  const index = {
    format: 1,
    style: name,
    cell,
    columns: COLUMNS,
    work,
    author,
    licence,
    url,
    package: `${style.package}@${version}`,
    ...(style.more && { more: Object.values(style.more).map((other) => `${other.package}@${other.version}`) }),
    changes: `trimmed, ${style.paints ? 'coloured, ' : ''}${style.pen ? 'outlined, ' : ''}resized to ${cell} px, laid out on one sheet`,
    cells: cells.map((c) => c.concept),
  }
  writeFileSync(join(into, `${name}.json`), `${JSON.stringify(index, null, 1)}\n`)
  const missing = concepts.filter((c) => !cells.some((x) => x.concept === c.name)).map((c) => c.name)
  console.log(`${name}: ${cells.length} sprites; no picture of: ${missing.join(', ') || 'none missing'}`)
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => ![...styles, heldout].some((style) => style.name === name))
if (unknown) throw new Error(`Expected names of styles in models/scenes/styles.json but received ${unknown}`)
const isWanted = ({ name }) => wanted.length === 0 || wanted.includes(name)
const temp = mkdtempSync(join(tmpdir(), 'wordmask-sprites-'))
try {
  for (const style of styles.filter(isWanted)) await drawSheet(style, fetchPackage(style, temp), join(root, 'models/scenes/sprites'))
  if (isWanted(heldout)) {
    const folder = fetchPackage(heldout, temp)
    const into = join(root, 'test/fixtures/openmoji')
    await drawSheet(heldout, folder, into)
    writeFileSync(join(into, 'LICENSE.txt'), readFileSync(join(folder, 'LICENSE.txt')))
  }
} finally {
  rmSync(temp, { recursive: true, force: true })
}
