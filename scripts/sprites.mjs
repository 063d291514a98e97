// node scripts/sprites.mjs: fetches the artwork of models/scenes/styles.json and redraws the sprite sheets from it.
// Run by hand when a style or a concept changes; what it writes is committed, so nobody else needs the 150 MB of packages.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'

const root = join(import.meta.dirname, '..')
const COLUMNS = 12
const json = (file) => JSON.parse(readFileSync(file, 'utf8'))
const { concepts } = json(join(root, 'models/scenes/concepts.json'))
const { cell, styles, heldout } = json(join(root, 'models/scenes/styles.json'))

/** Unpacks one pinned package into `temp` and returns its folder. */
function fetchPackage({ package: name, version }, temp) {
  const folder = join(temp, name.replace('/', '+'))
  if (existsSync(folder)) return folder
  const file = execFileSync('npm', ['pack', '--silent', '--pack-destination', temp, `${name}@${version}`], { encoding: 'utf8' }).trim()
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['xzf', join(temp, file.split('\n').at(-1)), '-C', folder, '--strip-components', '1'])
  return folder
}

/** The pictures of one concept in one style: encoded images or SVG text. */
function pictures(style, folder, concept) {
  if (style.source !== 'icons.json')
    return concept.emoji
      .flatMap((emoji) => [emoji, `${emoji}-fe0f`])
      .map((emoji) => join(folder, style.source.replace('{emoji}', emoji).replace('{EMOJI}', emoji.toUpperCase())))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file))
  const set = json(join(folder, 'icons.json'))
  if (style.without?.includes(concept.name)) return []
  const names = typeof style.names === 'string' ? concept[style.names] : (style.names[concept.name] ?? [])
  return names
    .flatMap((name) => [name, `${name}-1`, `${name}-2`, `${name}-3`])
    .map((name) => set.icons[name])
    .filter(Boolean)
    .map(({ body, width = set.width ?? 16, height = set.height ?? 16, left = 0, top = 0 }) =>
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="256" height="256" viewBox="${left} ${top} ${width} ${height}">${body}</svg>`,
      ),
    )
}

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
  for (const concept of concepts)
    for (const picture of pictures(style, folder, concept)) cells.push({ concept: concept.name, image: await sprite(picture) })
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
    changes: `trimmed, resized to ${cell} px, laid out on one sheet`,
    cells: cells.map((c) => c.concept),
  }
  writeFileSync(join(into, `${name}.json`), `${JSON.stringify(index, null, 1)}\n`)
  const missing = concepts.filter((c) => !cells.some((x) => x.concept === c.name)).map((c) => c.name)
  console.log(`${name}: ${cells.length} sprites; no picture of: ${missing.join(', ') || 'none missing'}`)
}

const temp = mkdtempSync(join(tmpdir(), 'wordmask-sprites-'))
try {
  for (const style of styles) await drawSheet(style, fetchPackage(style, temp), join(root, 'models/scenes/sprites'))
  const folder = fetchPackage(heldout, temp)
  const into = join(root, 'test/fixtures/openmoji')
  await drawSheet(heldout, folder, into)
  writeFileSync(join(into, 'LICENSE.txt'), readFileSync(join(folder, 'LICENSE.txt')))
} finally {
  rmSync(temp, { recursive: true, force: true })
}
