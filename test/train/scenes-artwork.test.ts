import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import concepts from '../../models/scenes/concepts.json'
import styles from '../../models/scenes/styles.json'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const names = concepts.concepts.map(({ name }) => name)
const sheets = [
  ...styles.styles.map((style) => ({
    style,
    folder: 'models/scenes/sprites',
    allowed: /^(Apache-2\.0|MIT|CC-BY-[34]\.0|CC-PDDC|OFL-1\.1|ISC)$/,
  })),
  { style: styles.heldout, folder: 'test/fixtures/openmoji', allowed: /^CC-BY-SA-4\.0$/ },
]

describe.each(sheets)('$style.name', ({ style, folder, allowed }) => {
  const index = JSON.parse(readFileSync(path(`${folder}/${style.name}.json`), 'utf8'))

  it('its index says whose work it is, under which licence, from which package', () => {
    expect(index).toMatchObject({
      format: 1,
      style: style.name,
      work: style.work,
      author: style.author,
      licence: style.licence,
      url: style.url,
    })
    expect(index.package).toBe(`${style.package}@${style.version}`)
    const more =
      'more' in style
        ? Object.values(style.more as Record<string, { package: string; version: string }>).map(
            (other) => `${other.package}@${other.version}`,
          )
        : undefined
    expect(index.more).toEqual(more)
    expect(index.licence).toMatch(allowed)
  })

  it('is credited in THIRD_PARTY.md', () => {
    const notices = readFileSync(path('THIRD_PARTY.md'), 'utf8')
    for (const part of [style.work, style.author, style.url, style.licence]) expect(notices).toContain(part)
  })

  it('every cell of the sheet is a known concept and not empty', async () => {
    const { data, info } = await sharp(path(`${folder}/${style.name}.png`))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info.width).toBe(index.columns * index.cell)
    for (const [i, name] of index.cells.entries()) {
      expect(names).toContain(name)
      const [left, top] = [(i % index.columns) * index.cell, Math.floor(i / index.columns) * index.cell]
      let opaque = 0
      for (let y = top; y < top + index.cell; y++)
        for (let x = left; x < left + index.cell; x++) opaque += (data[(y * info.width + x) * 4 + 3] as number) >= 128 ? 1 : 0
      expect(opaque, `${name} in cell ${i}`).toBeGreaterThan(150)
    }
  })
})

it('no picture of the held-out style is in a training style', async () => {
  const pictures = async (folder: string, name: string) => {
    const { cell, columns, cells } = JSON.parse(readFileSync(path(`${folder}/${name}.json`), 'utf8'))
    const sheet = sharp(path(`${folder}/${name}.png`)).ensureAlpha()
    const hashes = cells.map(async (_: string, i: number) => {
      const region = { left: (i % columns) * cell, top: Math.floor(i / columns) * cell, width: cell, height: cell }
      return createHash('sha256')
        .update(await sheet.clone().extract(region).raw().toBuffer())
        .digest('hex')
    })
    return Promise.all(hashes)
  }
  const heldout = new Set(await pictures('test/fixtures/openmoji', styles.heldout.name))
  expect(heldout.size).toBe(107)
  for (const { name } of styles.styles)
    for (const hash of await pictures('models/scenes/sprites', name)) expect(heldout.has(hash)).toBe(false)
})

it('three styles draw every concept, and the held-out style does too', () => {
  const complete = sheets.filter(
    ({ style, folder }) => new Set(JSON.parse(readFileSync(path(`${folder}/${style.name}.json`), 'utf8')).cells).size === names.length,
  )
  expect(complete.map(({ style }) => style.name)).toEqual(expect.arrayContaining(['noto', 'twemoji', 'fluent-3d', 'openmoji']))
})

it('the styles for training only come last, and each draws at least 40 concepts', () => {
  const flags = styles.styles.map((style) => 'trainingOnly' in style)
  expect(flags).toEqual([...Array(8).fill(false), ...Array(16).fill(true)])
  for (const { name } of styles.styles.slice(8)) {
    const { cells } = JSON.parse(readFileSync(path(`models/scenes/sprites/${name}.json`), 'utf8'))
    expect(new Set(cells).size, name).toBeGreaterThanOrEqual(40)
  }
})

it('what is committed stays small, and the held-out licence lies beside its sheet', () => {
  const bytes = styles.styles.reduce((sum, { name }) => sum + statSync(path(`models/scenes/sprites/${name}.png`)).size, 0)
  expect(bytes).toBeLessThan(11 << 20)
  expect(existsSync(path('test/fixtures/openmoji/LICENSE.txt'))).toBe(true)
})
