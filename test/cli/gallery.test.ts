import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { binding } from '../../lib/binding.js'
import { Clip } from '../../lib/clip/clip.js'
import { readLabelMap } from '../../lib/image/labels.js'
import { encodePng } from '../../lib/image/png.js'
import { gallery } from '../../lib/report/gallery.js'
import { readSamples } from '../../lib/report/samples.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { root } from './cli.js'
import { tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-gallery-'))
const samples = join(folder, 'samples')
const into = join(folder, 'out')
let segmenter: Segmenter

beforeAll(async () => {
  const shipped = join(root, 'models', 'samples')
  const two = readdirSync(join(shipped, 'images')).slice(0, 2)
  for (const part of ['images', 'labels']) {
    mkdirSync(join(samples, part), { recursive: true })
    for (const file of two) cpSync(join(shipped, part, file), join(samples, part, file))
  }
  for (const file of ['classes.txt', 'captions.jsonl']) cpSync(join(shipped, file), join(samples, file))
  segmenter = await Segmenter.create({ clip: await Clip.load(await tinyModel(join(folder, 'model'))), templates: 'none' })
})
afterAll(() => {
  segmenter.clip.dispose()
  rmSync(folder, { recursive: true })
})

test('two shipped samples: label maps, overlays, one self-contained page, and figures that follow from the label maps', async () => {
  const set = await readSamples(samples)
  expect(set.classes.length).toBe(96)
  const asked = await Segmenter.create({ clip: segmenter.clip, classes: set.classes, templates: 'none' })
  const result = await gallery({
    ...{ segmenter: asked, classes: set.classes, samples: set.samples, into, confusion: binding().confusion },
    ...{ title: 'demo', lead: ['lead'], footer: ['end'] },
  })
  expect(result.rows.map(({ name }) => name)).toEqual(set.samples.map(({ name }) => name))

  // mIoU again from the files that were written, by a plain loop.
  const sums = set.classes.map(() => ({ both: 0, either: 0 }))
  for (const { name, labels } of set.samples) {
    const truth = (await readLabelMap(labels as string)).labels
    const predicted = (await readLabelMap(join(into, 'labels', `${name}.png`))).labels
    for (let i = 0; i < truth.length; i++) {
      const [t, p] = [truth[i] as number, predicted[i] as number]
      if (t === p) (sums[t] as { both: number }).both++
      for (const value of new Set([t, p])) (sums[value] as { either: number }).either++
    }
  }
  const present = sums.filter(({ either }) => either > 0).map(({ both, either }) => both / either)
  expect(result.miou.all).toBeCloseTo(present.reduce((a, b) => a + b, 0) / present.length, 10)
  expect(result.miou.chanceAll).toBeLessThan(result.miou.chancePresent)

  const page = readFileSync(result.page, 'utf8')
  expect(page.match(/<img src="data:image\/(jpeg|png);base64,/g)).toHaveLength(2 * 4)
  expect(page).not.toMatch(/<script|src="(?!data:)/)
  expect(page).toContain('all 96 names')
  expect(page.length).toBeLessThan(2_000_000)
})

test('a label map that ignores every pixel gives a picture without a figure; hidden files are no pictures; a bad caption is named', async () => {
  const odd = join(folder, 'odd')
  for (const part of ['images', 'labels']) mkdirSync(join(odd, part), { recursive: true })
  const [file] = readdirSync(join(samples, 'images')) as [string]
  cpSync(join(samples, 'images', file), join(odd, 'images', file))
  writeFileSync(join(odd, 'images', '.DS_Store'), 'x')
  cpSync(join(samples, 'classes.txt'), join(odd, 'classes.txt'))
  const { width, height } = await readLabelMap(join(samples, 'labels', file))
  const labels = new Uint8Array(width * height).fill(255)
  writeFileSync(join(odd, 'labels', file), await encodePng({ data: labels, width, height, depth: 8, channels: 1 }))
  const set = await readSamples(odd)
  expect(set.samples).toHaveLength(1)
  const asked = await Segmenter.create({ clip: segmenter.clip, classes: set.classes, templates: 'none' })
  const result = await gallery({
    ...{ segmenter: asked, classes: set.classes, samples: set.samples, into: join(folder, 'odd-out'), confusion: binding().confusion },
    ...{ title: 'demo', lead: ['lead'], footer: ['end'] },
  })
  expect(result.rows[0]!.miouPresent).toBeUndefined()
  expect(readFileSync(result.page, 'utf8')).not.toMatch(/undefined/)
  writeFileSync(join(odd, 'captions.jsonl'), '{"image":"images/a.png","caption":"a"}\n\n{broken\n')
  await expect(readSamples(odd)).rejects.toHaveCode('ERR_WORDMASK_IO', /captions\.jsonl:3/)
})

test('a folder without pictures says so', async () => {
  const empty = join(folder, 'empty')
  mkdirSync(empty)
  cpSync(join(samples, 'classes.txt'), join(empty, 'classes.txt'))
  await expect(readSamples(empty)).rejects.toThrow(/No pictures in/)
})
