import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { datasetNamed } from '../../lib/eval/datasets/registry.js'
import { ignored } from '../../lib/eval/datasets/types.js'
import { protocolDifferences, publishedFigures } from '../../lib/eval/published.js'
import { askOf } from '../../lib/eval/question.js'
import { parseSlide, sizeFor, viewOf, viewPoints } from '../../lib/eval/view.js'
import { Worst } from '../../lib/eval/worst.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-question-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, lines: string[]) => {
  writeFileSync(join(folder, name), lines.join('\n'))
  return join(folder, name)
}
const voc = datasetNamed('VOC20')
const vocNames = voc.asked

describe('what a model is asked', () => {
  test('the names of the set; answers are classes', async () => {
    const { classes, background, table } = await askOf(voc, undefined, undefined)
    expect(classes.map(({ name }) => name)).toEqual(vocNames)
    expect([background, [...table]]).toEqual([undefined, vocNames.map((_, i) => i)])
  })
  test('a set with a background: the word "background" competes, label 0 is class 0', async () => {
    const { background, table } = await askOf(datasetNamed('VOC21'), undefined, undefined)
    expect([background, table[0], table[20]]).toEqual([{ names: ['background'] }, 0, 20])
    expect((await askOf(datasetNamed('VOC21'), undefined, { threshold: 0.4 })).background).toEqual({ threshold: 0.4 })
  })
  test('a background asked for on a set without one: what is background is no answer', async () => {
    const { table } = await askOf(voc, undefined, { threshold: 0.4 })
    expect([table[0], table[1]]).toEqual([ignored, 0])
  })
  test('a class file with one line more: the first stands for the background', async () => {
    const names = file('voc21.txt', ['sky, wall, tree', ...vocNames.map((name) => (name === 'sofa' ? 'sofa, couch' : name))])
    const { background, classes } = await askOf(datasetNamed('VOC21'), names, undefined)
    expect(background).toEqual({ names: ['sky', 'wall', 'tree'] })
    expect(classes[17]).toMatchObject({ name: 'sofa', synonyms: ['couch'] })
  })
  test('COCO-27: 171 names mean 27 classes, and 27 names are taken, too', async () => {
    const coco = datasetNamed('COCO-27')
    const { table, classes } = await askOf(coco, undefined, undefined)
    expect([classes.length, table[classes.findIndex(({ name }) => name === 'sky-other')]]).toEqual([171, 23])
    const coarse = await askOf(
      coco,
      file(
        'coarse.txt',
        coco.classes.map(({ name }) => name),
      ),
      undefined,
    )
    expect([coarse.classes.length, coarse.table[23]]).toEqual([27, 23])
  })
  test('a number of names that fits nothing is refused with what would', async () => {
    await expect(askOf(datasetNamed('VOC21'), 'a,b', undefined)).rejects.toThrow(
      /holds 2 names, but .* asks for 20 or 21\. It also knows the sets zegformer, ovsegmentor/,
    )
  })
  test("detectron2's names of ADE20K: synonyms that two classes have are left out and told", async () => {
    const { classes, notes } = await askOf(datasetNamed('A-150'), 'detectron2', undefined)
    expect(classes.length).toBe(150)
    expect(classes[11]).toMatchObject({ name: 'sidewalk', synonyms: ['pavement'] })
    expect(notes[0]).toMatch(/^Synonyms that another class has too are left out: screen of screen door/)
  })
})

describe('how images are shown', () => {
  test('reco: shorter side 320 and crop, nearest on Cityscapes and COCO, bilinear on PASCAL Context, native on KITTI-STEP', () => {
    const points = (key: string) => viewPoints(viewOf('reco', datasetNamed(key), {}), 96)
    expect(points('City-27')).toEqual({
      resize: 'shorter:320,crop,nearest',
      size: '320',
      slide: 'none',
      'scored at': 'size after resizing',
    })
    expect(points('COCO-27').resize).toBe('shorter:320,crop,nearest')
    expect(points('PC-59').resize).toBe('shorter:320,crop,bilinear')
    expect(points('KITTI-STEP')).toMatchObject({ resize: 'none', size: 'native' })
    expect(sizeFor(viewOf('reco', datasetNamed('KITTI-STEP'), {}), { width: 1242, height: 375 })).toBe(375)
  })
  test('mmseg: windows of 448 every 224, shorter side 448 unless the longer one would pass 2048', () => {
    const view = viewOf('mmseg', voc, {})
    expect(viewPoints(view, 96)).toMatchObject({ size: '448 (at most 2048)', slide: '448:224', 'scored at': 'size of the label map' })
    expect(sizeFor(view, { width: 500, height: 375 })).toBe(448)
    expect(sizeFor(view, { width: 5000, height: 500 })).toEqual({ width: 2048, height: 205 })
  })
  test('flags change a point of a protocol', () => {
    const given = { resize: 'shorter:64,crop', size: 128, slide: parseSlide('64:32') }
    expect(viewPoints(viewOf('native', voc, given), 96)).toEqual({
      ...{ resize: 'shorter:64,crop,bilinear', size: '128', slide: '64:32', 'scored at': 'size after resizing' },
    })
    expect(() => parseSlide('32:64')).toThrow(/Expected crop:stride/)
  })
})

describe('published figures', () => {
  test('of a method on a set, with the points that differ, and only those', () => {
    const [reco] = publishedFigures('reco', 'cityscapes_27_sem_seg_val')
    expect(reco).toMatchObject({ figures: { aAcc: 74.6, mIoU: 19.3 }, protocol: { refinement: 'crf', windows: 'official' } })
    const same = { ...reco!.protocol }
    expect(protocolDifferences(same, reco!.protocol)).toEqual([])
    expect(protocolDifferences({ ...same, refinement: 'none', more: 'x' }, reco!.protocol)).toEqual([
      { point: 'refinement', published: 'crf', here: 'none' },
    ])
    expect(publishedFigures('reco', 'camvid_sem_seg_val')).toEqual([])
  })
  test('every row names a data set that exists, a source, and figures between 0 and 100', () => {
    for (const method of ['maskclip', 'reco', 'reco+', 'ovseg', 'zegformer', 'ovsegmentor']) {
      const keys = ['A-150', 'PC-59', 'PC-60', 'VOC20', 'VOC21', 'COCO-171', 'COCO-27', 'COCO-Obj', 'City-27', 'KITTI-STEP']
      const rows = keys.flatMap((key) => publishedFigures(method, datasetNamed(key).key))
      expect(rows.length, method).toBeGreaterThan(1)
      for (const { figures, source } of rows) {
        expect(source.length).toBeGreaterThan(20)
        for (const value of Object.values(figures)) expect(value > 0 && value < 100).toBe(true)
      }
    }
  })
})

test('the worst of a stream: the lowest scores, worst first, a fixed number', () => {
  const worst = new Worst<string>(3)
  for (const [i, score] of [0.5, 0.9, 0.1, 0.7, 0.3, 0.1].entries()) worst.add(score, `${i}`)
  expect(worst.items.map(({ score, item }) => [score, item])).toEqual([
    [0.1, '2'],
    [0.1, '5'],
    [0.3, '4'],
  ])
})
