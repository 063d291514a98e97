import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { binding } from '../../lib/binding.js'
import { Clip } from '../../lib/clip/clip.js'
import { readLabelMap } from '../../lib/image/labels.js'
import { besideItems } from '../../lib/report/beside.js'
import { readSamples } from '../../lib/report/samples.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { root } from './cli.js'
import { tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-beside-'))
afterAll(() => rmSync(folder, { recursive: true }))

test("ReCo beside dense CLIP on two shipped samples: the page's figures are those of the segmenter that is left on the disk", async () => {
  binding().setThreads(1)
  const shipped = join(root, 'models', 'samples')
  for (const part of ['images', 'labels']) {
    mkdirSync(join(folder, 'samples', part), { recursive: true })
    for (const file of readdirSync(join(shipped, 'images')).slice(0, 2))
      cpSync(join(shipped, part, file), join(folder, 'samples', part, file))
  }
  cpSync(join(shipped, 'classes.txt'), join(folder, 'samples', 'classes.txt'))
  const { samples, classes } = await readSamples(join(folder, 'samples'))
  const clip = await Clip.load(await tinyModel(join(folder, 'model')))
  const input = { clip, samples, classes, into: join(folder, 'out'), scenes: 20, k: 3, signal: new AbortController().signal }
  const { items, miou, names } = await besideItems(input)

  expect(items.map(({ panels }) => panels.length)).toEqual([3, 4, 4])
  expect(items[0]!.title).toMatch(/^ReCo: what its reference of "\w/)
  for (const { src } of items.flatMap(({ panels }) => panels)) expect(src).toMatch(/^data:image\/(png|jpeg);base64,/)
  expect(readdirSync(join(folder, 'out', 'pool'))).toHaveLength(20)

  const truths = await Promise.all(samples.map(({ labels }) => readLabelMap(labels!)))
  const values = [...new Set(truths.flatMap(({ labels }) => [...labels]))].sort((a, b) => a - b)
  expect(names).toBe(values.length)
  const asked = values.map((value) => classes[value]!)
  const saved = await Segmenter.load(join(folder, 'out', 'segmenter'))
  const dense = await Segmenter.create({ clip, classes: asked })
  expect(saved.classes!.map(({ name }) => name)).toEqual(asked.map(({ name }) => name))
  for (const [segmenter, figure] of [
    [saved, miou.reco],
    [dense, miou.denseClip],
  ] as const) {
    const sums = values.map(() => [0, 0] as [number, number])
    for (const [i, { image }] of samples.entries()) {
      const { labels } = await segmenter.segment(image)
      for (const [at, value] of truths[i]!.labels.entries()) {
        const [t, p] = [values.indexOf(value), labels[at]!]
        if (t === p) sums[t]![0]++
        for (const one of new Set([t, p])) sums[one]![1]++
      }
    }
    const ious = sums.filter(([, union]) => union > 0).map(([both, union]) => both / union)
    expect(figure).toBeCloseTo(ious.reduce((a, b) => a + b, 0) / ious.length, 8)
  }
  await saved[Symbol.asyncDispose]()
  clip.dispose()
})
