import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip.js'
import { scenePackFiles } from '../../lib/eval/scene-pack.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { writeLabelMap } from '../../lib/write/label-map.js'
import { events, wordmask } from '../cli/cli.js'
import { picture, tinyModel } from '../cli/tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-eval-'))
const model = join(folder, 'model')
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
beforeAll(async () => {
  await tinyModel(model)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('scenes: every figure beside its chance level, twice the same, with the protocol and a row a name', async () => {
  const run = (into: string, ...more: string[]) =>
    wordmask(['eval', '--dataset', 'scenes', '--count', '4', '--templates', 'none', '--clip', model, '--into', join(folder, into), ...more])
  const first = await run('first')
  expect(first.stderr).not.toMatch(/error/)
  expect(first.code).toBe(0)
  for (const measure of ['noun R@1', 'noun R@5', 'caption R@1', 'zero-shot accuracy', 'mIoU all names', 'mIoU present names']) {
    expect(first.stdout).toMatch(new RegExp(`^${measure.replace('@', '@')} +[-.\\d]+ +[.\\d]+$`, 'm'))
  }
  expect(first.stdout).toMatch(/split unseen, count 4, size 96, seed 0, templates none/)
  const second = await run('second', '--json')
  const figures = events(second.stdout).filter(({ event }) => event === 'figure')
  expect(figures.length).toBe(11)
  const saved = json(join(folder, 'first', 'eval.json'))
  expect(saved).toMatchObject({ format: 'wordmask-eval', version: 1, protocol: { split: 'unseen', count: 4, names: 96 } })
  expect(json(join(folder, 'second', 'eval.json')).figures).toEqual(saved.figures)
  // By hand: one right scene of four.
  expect(figures.find(({ measure }) => measure === 'caption R@1')?.chance).toBe(0.25)
  expect(
    readFileSync(join(folder, 'first', 'per-class.csv'), 'utf8')
      .trim()
      .split('\n').length,
  ).toBe(1 + 96)
})

test('a batch of more scenes than calls may wait by default is measured all the same', async () => {
  const args = ['eval', '--dataset', 'scenes', '--count', '70', '--batch-size', '128', '--size', '48', '--templates', 'none']
  const { code, stderr } = await wordmask([...args, '--clip', model, '--into', join(folder, 'large')])
  expect(code, stderr).toBe(0)
  expect(json(join(folder, 'large', 'eval.json')).protocol).toMatchObject({ count: 70, size: 48 })
})

test('a missing pack names what to run; the held-out style is a second file', () => {
  expect(scenePackFiles('unseen').length).toBe(1)
  expect(scenePackFiles('heldout').length).toBe(2)
})

test('a folder whose truth is the model’s own answer scores 1; a picture without a label map is reported', async () => {
  const images = join(folder, 'images')
  const labels = join(folder, 'labels')
  mkdirSync(labels, { recursive: true })
  const clip = await Clip.load(model)
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'grass', 'sky'], templates: 'none' })
  for (const name of ['one', 'two']) {
    const file = await picture(join(images, `${name}.png`), 48, 40, name.length + name.charCodeAt(0))
    await writeLabelMap(join(labels, `${name}.png`), await segmenter.segment(file))
  }
  clip.dispose()
  await picture(join(images, 'unlabelled.png'), 40, 40, 3)
  const into = join(folder, 'folder')
  const { code, stdout, stderr } = await wordmask([
    'eval',
    images,
    '--labels',
    labels,
    '--classes',
    'fox,grass,sky',
    '--templates',
    'none',
    '--clip',
    model,
    '--into',
    into,
  ])
  expect(stderr).toMatch(/rejected: .*No label map for unlabelled\.png/)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^mIoU all names +1\.0000/m)
  expect(stdout).toMatch(/^mIoU present names +1\.0000/m)
  expect(json(join(into, 'run.json'))).toMatchObject({ counts: { done: 2, rejected: 1 } })
})
