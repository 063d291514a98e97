import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { decodeImage } from '../../lib/image/decode.js'
import { readLabelMap } from '../../lib/image/labels.js'
import { type Example, specialistExample } from '../../lib/report/specialist.js'
import { readExampleCard } from '../../lib/report/specialist-card.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { root, wordmask } from './cli.js'
import { tinyModel } from './tiny.js'

const shipped = join(root, 'models', 'samples', 'specialist')
const folder = mkdtempSync(join(tmpdir(), 'wordmask-example-'))
const at = (...path: string[]) => join(folder, ...path)
const files = readdirSync(shipped, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
const { signal } = new AbortController()
afterAll(() => rmSync(folder, { recursive: true }))

test('the specialist that ships is small, and nothing in it says where it was made', () => {
  const bytes = files.map((file) => statSync(join(file.parentPath, file.name)).size)
  expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThan(1_400_000)
  for (const { parentPath, name } of files)
    expect(readFileSync(join(parentPath, name), 'latin1'), name).not.toMatch(/\/(root|work|tmp|home)\/|file:/)
})

test('its pictures and masks fit its card, and it loads as the card says, weights by their hash', async () => {
  const card = await readExampleCard(shipped)
  const masks = card.pictures.flatMap(({ map }) => [join('truth', map), join('reco', map)])
  const expected = ['card.json', 'model.safetensors', 'wordmask.json', ...card.pictures.map(({ image }) => join('images', image)), ...masks]
  expect(files.map((file) => join(file.parentPath, file.name).slice(shipped.length + 1)).sort()).toEqual(expected.sort())
  for (const { image, map, shown } of card.pictures) {
    const { width, height } = await decodeImage(join(shipped, 'images', image))
    const [truth, reco] = await Promise.all(['truth', 'reco'].map((part) => readLabelMap(join(shipped, part, map))))
    for (const one of [truth!, reco!]) {
      expect([one.width, one.height]).toEqual([width, height])
      expect([...new Set(one.labels)].every((label) => label < 2)).toBe(true)
    }
    expect(truth!.labels.includes(1), image).toBe(shown)
  }
  expect(new Set(card.pictures.map(({ shown }) => shown))).toEqual(new Set([true, false]))
  const specialist = await Segmenter.load(shipped)
  expect(specialist.classes!.map(({ name }) => name)).toEqual([card.name])
  await specialist[Symbol.asyncDispose]()
  const { network } = JSON.parse(readFileSync(join(shipped, 'wordmask.json'), 'utf8'))
  expect(network.thresholds).toEqual([card.threshold.value])
  expect(statSync(join(shipped, 'model.safetensors')).size).toBe(card.bytes)
})

test('the name was not chosen for its figures: of those that were built, in the order drawn, it has the median IoU', async () => {
  const { name, drawn, figures } = await readExampleCard(shipped)
  const built = drawn.filter(({ iou }) => iou !== undefined)
  expect(built).toEqual(drawn.filter(({ present }) => present).slice(0, built.length))
  const sorted = built.toSorted((a, b) => a.iou!.value - b.iou!.value)
  expect(sorted[(sorted.length - 1) >> 1]!.name).toBe(name)
  expect(built.find((one) => one.name === name)).toMatchObject({ iou: figures.iou, recoIou: figures.recoIou })
  for (const one of [figures.iou, figures.recoIou, figures.shownIou, figures.shownRecoIou])
    expect(one.low <= one.value && one.value <= one.high).toBe(true)
})

test('what the page shows of it: the command, its figures, and each picture beside three masks, measured now', async () => {
  const example: Example = await specialistExample({ folder: shipped, into: at('overlays'), signal })
  const { card, found, section } = example
  expect(section.command).toBe(card.typed)
  expect(section.command).toMatch(new RegExp(`^wordmask specialist "?${card.name}"? --archive `))
  expect(section.title).toContain(card.name)
  expect(section.figures.map(({ label }) => label).slice(0, 3)).toEqual([
    'IoU where it is shown',
    'IoU over all pictures',
    'recall, by pictures',
  ])
  expect(section.figures[0]).toMatchObject({
    value: card.figures.shownIou.value.toFixed(2),
    note: expect.stringMatching(/^\d\.\d\d to \d\.\d\d; ReCo \d\.\d\d$/),
  })
  expect(found.shown + found.without).toBe(card.pictures.length)
  expect(section.items.map(({ panels }) => panels.map(({ caption }) => caption))).toEqual(
    card.pictures.map(() => ['picture', 'ReCo', 'specialist', 'truth']),
  )
  expect(readdirSync(at('overlays'))).toHaveLength(3 * card.pictures.length)

  const specialist = await Segmenter.load(shipped)
  const first = card.pictures.findIndex(({ shown }) => shown)
  const { image, map } = card.pictures[first]!
  const [reco, truth] = await Promise.all(['reco', 'truth'].map(async (part) => (await readLabelMap(join(shipped, part, map))).labels))
  const { labels } = await specialist.segment(join(shipped, 'images', image))
  await specialist[Symbol.asyncDispose]()
  const iou = (mask: ArrayLike<number>) => {
    let [both, either] = [0, 0]
    for (let i = 0; i < truth!.length; i++) {
      both += Number(mask[i] === 1 && truth![i] === 1)
      either += Number(mask[i] === 1 || truth![i] === 1)
    }
    return both / either
  }
  const [, own, teacher] = /^IoU (\d\.\d+), ReCo (\d\.\d+)$/.exec(section.items[first]!.facts[0]!)!
  expect(teacher).toBe(iou(reco!).toFixed(2))
  expect(Math.abs(Number(own) - iou(labels))).toBeLessThan(0.02)
})

test('wordmask demo shows it with any CLIP, and names the command among the lines to type next', async () => {
  const { name } = await readExampleCard(shipped)
  const { stdout, stderr, code } = await wordmask(['demo', '--clip', await tinyModel(at('model')), '--into', at('page')])
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(new RegExp(`^A specialist for "${name}", from its name alone: found in \\d of \\d pictures`, 'm'))
  const next = stdout.slice(stdout.indexOf('What to type next:'))
  expect(next).toMatch(/^ {2}.*wordmask.* specialist "YOUR THING" --archive YOUR\.archive --into specialist$/m)
  expect(next).toMatch(
    new RegExp(`^ {2}.*wordmask.* segment .*specialist/images --model .*specialist --into ${name.replaceAll(' ', '-')}$`, 'm'),
  )
  const page = readFileSync(at('page', 'index.html'), 'utf8')
  expect(page).toContain('A segmenter for one rare thing, from its name alone')
  expect(page).toContain('<pre><code>wordmask specialist ')
}, 120_000)

test('a card that is missing, broken or another is told by its file', async () => {
  await expect(readExampleCard(at('none'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /none.card\.json is missing/)
  cpSync(shipped, at('copy'), { recursive: true })
  const card = JSON.parse(readFileSync(join(shipped, 'card.json'), 'utf8'))
  for (const [text, message] of [
    ['{', /card\.json is not valid JSON/],
    [JSON.stringify({ ...card, version: 2 }), /is not the card of a specialist[^]*version/],
    [JSON.stringify({ ...card, figures: { ...card.figures, iou: null } }), /figures\.iou/],
  ] as const) {
    writeFileSync(at('copy', 'card.json'), text)
    await expect(readExampleCard(at('copy'))).rejects.toHaveCode('ERR_WORDMASK_IO', message)
  }
})
