import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderBeside } from './fetch.mjs'
import { openFont } from './glyphs.mjs'

/** The pictures of one concept in one style: encoded images or SVG text. */
export function pictures(style, folder, concept) {
  if (style.without?.includes(concept.name)) return []
  if (style.source === 'icons.json') return icons(style, folder, concept)
  if (style.source.endsWith('.woff'))
    return concept.emoji.map((emoji) => glyph(style, folder, Number.parseInt(emoji, 16))).map((svg) => Buffer.from(svg))
  if (style.source.includes('{name}'))
    return (style.names[concept.name] ?? []).map((name) => clipart(join(folder, style.source.replace('{name}', name))))
  return concept.emoji
    .flatMap((emoji) => [emoji, `${emoji}-fe0f`])
    .map((emoji) => join(folder, style.source.replace('{emoji}', emoji).replace('{EMOJI}', emoji.toUpperCase())))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file))
}

const sets = new Map()

function iconSet(folder) {
  if (!sets.has(folder)) sets.set(folder, JSON.parse(readFileSync(join(folder, 'icons.json'), 'utf8')))
  return sets.get(folder)
}

function icons(style, folder, concept) {
  if (typeof style.names === 'string') {
    const names = concept[style.names].filter((name) => !style.withoutNames?.includes(name))
    return names.flatMap((name) => numbered(iconSet(folder), name))
  }
  return (style.names[concept.name] ?? []).flatMap((path) => {
    const [name, key] = path.split('/').reverse() // "name", or "key/name" for one of the packages in `more`
    const set = iconSet(key ? folderBeside(folder, style.more[key]) : folder)
    if (!set.icons[name]) throw new Error(`${style.package}@${style.version} has no icon '${path}', which style ${style.name} names`)
    return style.trainingOnly ? [svgOf(set, set.icons[name], style.stroke)] : numbered(set, name)
  })
}

const numbered = (set, name) =>
  [name, `${name}-1`, `${name}-2`, `${name}-3`]
    .map((one) => set.icons[one])
    .filter(Boolean)
    .map((icon) => svgOf(set, icon))

/** `stroke`: another width for the lines of a set that draws them 2 wide. */
function svgOf(set, { body, width = set.width ?? 16, height = set.height ?? 16, left = 0, top = 0 }, stroke = 2) {
  const lines = body.replaceAll('stroke-width="2"', `stroke-width="${stroke}"`)
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="256" height="256" viewBox="${left} ${top} ${width} ${height}">${lines}</svg>`,
  )
}

const fonts = new Map()

/** Fonts of the web come in parts; unicode.json of the package says which part has which characters. */
function glyph({ source, name }, folder, codePoint) {
  const parts = JSON.parse(readFileSync(join(folder, 'unicode.json'), 'utf8'))
  const holds = (range) => {
    const [first, last = first] = range.trim().slice('U+'.length).split('-')
    return codePoint >= Number.parseInt(first, 16) && codePoint <= Number.parseInt(last, 16)
  }
  for (const [part, ranges] of Object.entries(parts)) {
    if (!ranges.split(',').some(holds)) continue
    const file = join(folder, source.replace('{part}', part.replace(/[[\]]/g, '')))
    if (!fonts.has(file)) fonts.set(file, openFont(file))
    const svg = fonts.get(file)(codePoint)
    if (svg) return svg
  }
  throw new Error(`Expected a character U+${codePoint.toString(16)} in the font of style ${name}`)
}

const units = { mm: 96 / 25.4, cm: 96 / 2.54, in: 96, pt: 96 / 72, pc: 16 }

/** Old drawings give a page size alone; with a viewBox of it (in CSS pixels) they can be drawn at any size. */
function clipart(file) {
  const text = readFileSync(file, 'utf8')
  const [tag] = text.match(/<svg\b[^>]*>/)
  const [width, height] = ['width', 'height'].map((name) => {
    const [, number, unit] = tag.match(new RegExp(`\\s${name}\\s*=\\s*["']([\\d.]+)([a-z%]*)`)) ?? []
    return unit === '%' || !(number > 0) ? 1000 : Math.ceil(number * (units[unit] ?? 1))
  })
  const box = /\sviewBox\s*=/.test(tag) ? '' : ` viewBox="0 0 ${width} ${height}"`
  const open = tag.replace(/\s(width|height)\s*=\s*("[^"]*"|'[^']*')/g, '').replace(/^<svg/, `<svg width="256" height="256"${box}`)
  return Buffer.from(text.replace(tag, () => open))
}
