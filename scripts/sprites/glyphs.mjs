// Outlines of a font's characters as SVG: WOFF (zlib) with TrueType outlines, as much of both as emoji fonts use.
import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'

/** A function from code points to SVG text, or undefined where the font has no such character. */
export function openFont(file) {
  const tables = readTables(readFileSync(file))
  const glyphOf = readCmap(tables.cmap)
  const long = tables.head.readInt16BE(50) === 1
  const offset = (id) => (long ? tables.loca.readUInt32BE(id * 4) : tables.loca.readUInt16BE(id * 2) * 2)
  const contours = (id) => (offset(id + 1) > offset(id) ? readGlyph(tables.glyf.subarray(offset(id), offset(id + 1)), contours) : [])
  return (codePoint) => {
    const id = glyphOf(codePoint)
    return id ? draw(contours(id)) : undefined
  }
}

function readTables(woff) {
  if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error('Expected a WOFF font')
  const tables = {}
  for (let i = 0, at = 44; i < woff.readUInt16BE(12); i++, at += 20) {
    const [start, packed, length] = [4, 8, 12].map((field) => woff.readUInt32BE(at + field))
    const bytes = woff.subarray(start, start + packed)
    tables[woff.toString('latin1', at, at + 4)] = packed < length ? inflateSync(bytes) : bytes
  }
  return tables
}

/** Of the subtables only format 12 (all of Unicode) and format 4 (its first 65536 characters). */
function readCmap(cmap) {
  const starts = Array.from({ length: cmap.readUInt16BE(2) }, (_, i) => cmap.readUInt32BE(8 + i * 8))
  const full = starts.find((at) => cmap.readUInt16BE(at) === 12)
  if (full !== undefined) return (code) => lookup12(cmap.subarray(full), code)
  const basic = starts.find((at) => cmap.readUInt16BE(at) === 4)
  if (basic === undefined) throw new Error('Expected a cmap of format 4 or 12')
  return (code) => lookup4(cmap.subarray(basic), code)
}

function lookup12(table, code) {
  for (let i = 0, at = 16; i < table.readUInt32BE(12); i++, at += 12) {
    const [first, last, glyph] = [0, 4, 8].map((field) => table.readUInt32BE(at + field))
    if (code >= first && code <= last) return glyph + code - first
  }
  return 0
}

function lookup4(table, code) {
  const bytes = table.readUInt16BE(6)
  for (let at = 14; at < 14 + bytes; at += 2) {
    if (code > table.readUInt16BE(at)) continue
    const [first, delta, range] = [1, 2, 3].map((part) => table.readUInt16BE(at + part * bytes + (part > 0 ? 2 : 0)))
    if (code < first) return 0
    const glyph = range ? table.readUInt16BE(at + 3 * bytes + 2 + range + (code - first) * 2) : code
    return glyph && (glyph + delta) & 0xffff
  }
  return 0
}

/** Contours of points { x, y, on }; `contoursOf` reads the glyphs that a composite one is made of. */
function readGlyph(bytes, contoursOf) {
  const count = bytes.readInt16BE(0)
  return count < 0 ? readComposite(bytes, contoursOf) : readSimple(bytes, count)
}

function readSimple(bytes, count) {
  const ends = Array.from({ length: count }, (_, i) => bytes.readUInt16BE(10 + i * 2))
  const points = (ends.at(-1) ?? -1) + 1
  let at = 12 + count * 2 + bytes.readUInt16BE(10 + count * 2)
  const flags = []
  while (flags.length < points) {
    const flag = bytes[at++]
    const times = flag & 8 ? bytes[at++] + 1 : 1
    for (let i = 0; i < times; i++) flags.push(flag)
  }
  const coordinates = (short, same) => {
    let value = 0
    return flags.map((flag) => {
      if (flag & short) value += flag & same ? bytes[at++] : -bytes[at++]
      else if (!(flag & same)) {
        value += bytes.readInt16BE(at)
        at += 2
      }
      return value
    })
  }
  const xs = coordinates(2, 16)
  const ys = coordinates(4, 32)
  const all = flags.map((flag, i) => ({ x: xs[i], y: ys[i], on: (flag & 1) === 1 }))
  return ends.map((end, i) => all.slice(i ? ends[i - 1] + 1 : 0, end + 1))
}

function readComposite(bytes, contoursOf) {
  const parts = []
  let [at, flags] = [10, 32]
  while (flags & 32) {
    flags = bytes.readUInt16BE(at)
    const id = bytes.readUInt16BE(at + 2)
    const [dx, dy] = flags & 1 ? [bytes.readInt16BE(at + 4), bytes.readInt16BE(at + 6)] : [bytes.readInt8(at + 4), bytes.readInt8(at + 5)]
    at += flags & 1 ? 8 : 6
    if (flags & (8 | 64 | 128)) throw new Error('Expected the parts of a glyph to be moved only')
    parts.push(...contoursOf(id).map((contour) => contour.map(({ x, y, on }) => ({ x: x + dx, y: y + dy, on }))))
  }
  return parts
}

function draw(contours) {
  const points = contours.flat()
  const [left, top] = [Math.min(...points.map(({ x }) => x)), Math.min(...points.map(({ y }) => -y))]
  const [right, bottom] = [Math.max(...points.map(({ x }) => x)), Math.max(...points.map(({ y }) => -y))]
  const margin = (right - left) / 32
  const box = [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin].join(' ')
  const path = contours.map(outline).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="${box}"><path fill="currentColor" d="${path}"/></svg>`
}

/** Quadratic curves; halfway between two control points lies a point that is not written down. */
function outline(contour) {
  const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, on: true })
  const whole = contour.flatMap((point, i) => {
    const next = contour[(i + 1) % contour.length]
    return point.on || next.on ? [point] : [point, middle(point, next)]
  })
  const first = whole.findIndex(({ on }) => on)
  const turned = [...whole.slice(first), ...whole.slice(0, first + 1)]
  const pair = ({ x, y }) => `${x} ${-y}`
  return `${turned.map((p, i) => (i === 0 ? `M${pair(p)}` : p.on ? (turned[i - 1].on ? `L${pair(p)}` : pair(p)) : `Q${pair(p)} `)).join('')}Z`
}
