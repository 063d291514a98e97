import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Clip } from '../../lib/clip/clip.js'
import { readLabelMap } from '../../lib/image/labels.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { root as checkout, events, start, wordmask } from '../cli/cli.js'
import { picture, tinyModel } from '../cli/tiny.js'
import { image, labelMap, plant, text } from './trees.js'

// Some of these start five programs one after the other.
vi.setConfig({ testTimeout: 180_000 })

const folder = mkdtempSync(join(tmpdir(), 'wordmask-benchmark-'))
const at = (...names: string[]) => join(folder, ...names)
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const model = at('model')
const camvid = at('camvid')
const evaluate = (...args: string[]) => wordmask(['eval', ...args])
const withModel = ['--clip', model, '--templates', 'none']

/** `count` pictures of 40 x 24 whose label maps have CamVid's first classes in stripes. */
async function pictures(root: string, count: number): Promise<void> {
  const { mkdirSync, writeFileSync } = await import('node:fs')
  const { encodePng } = await import('../../lib/image/png.js')
  mkdirSync(join(root, 'labels/val'), { recursive: true })
  for (let i = 0; i < count; i++) {
    await picture(join(root, 'images/val', `p${i}.jpg`), 40, 24, i + 1)
    const data = Uint8Array.from({ length: 40 * 24 }, (_, pixel) => (pixel % 13 === 0 ? 11 : (Math.floor(pixel / 120) + i) % 11))
    writeFileSync(join(root, 'labels/val', `p${i}.png`), await encodePng({ width: 40, height: 24, data, channels: 1, depth: 8 }))
  }
}

beforeAll(async () => {
  await tinyModel(model)
  await pictures(camvid, 4)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('label maps against themselves score 100.00', () => {
  test.each([
    [
      'VOC21',
      { labels: 'SegmentationClass', images: 'JPEGImages', list: 'ImageSets/Segmentation/val.txt', kind: 'palette' as const },
      [0, 3, 20, 255],
      [],
    ],
    [
      'City-27',
      { labels: 'gtFine/val', images: 'leftImg8bit/val', suffix: '_gtFine_labelIds.png', imageSuffix: '_leftImg8bit.png' },
      [0, 7, 9, 33],
      ['--pred-ids', 'labels'],
    ],
    [
      'KITTI-STEP',
      { labels: 'panoptic_maps/val', images: 'val', kind: 'red' as const, imageSuffix: '.png' },
      [0, 13, 255],
      ['--pred-ids', 'labels'],
    ],
    ['CamVid', { labels: 'valannot', images: 'val' }, [0, 5, 10, 11], []],
  ])('%s', async (key, tree, values, more) => {
    const root = at(`self-${key}`)
    await plant(root, tree, values, key === 'City-27' || key === 'KITTI-STEP' ? '0002' : '')
    const { code, stdout, stderr } = await evaluate(
      '--dataset',
      key,
      '--root',
      root,
      '--pred',
      join(root, tree.labels),
      ...more,
      '--into',
      at(`self-${key}-out`),
    )
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^ *100\.00 +100\.00 +100\.00 +100\.00$/m)
    expect(json(at(`self-${key}-out`, 'eval.json'))).toMatchObject({
      figures: { mIoU: 100, mAcc: 100, aAcc: 100 },
      counts: { images: 2, rejected: 0 },
    })
  })
})

describe('a model on a benchmark', () => {
  test('figures, tables, maps and sheet; its own maps scored again give the same; the protocol is printed', async () => {
    const { code, stdout, stderr } = await evaluate('--dataset', 'CamVid', '--root', camvid, ...withModel, '--into', at('run'))
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^CamVid val, 11 classes \(camvid_sem_seg_val\): 4 images, 3840 pixels, 7\.7% of them ignored$/m)
    expect(stdout).toMatch(/^read from images\/val, labels\/val\/\*\.png$/m)
    expect(stdout).toMatch(
      /protocol: method maskclip; model model; names own; names asked for 11; templates none \(1\); background none; resize none;/,
    )
    expect(stdout).toMatch(/published: no figure of maskclip on CamVid val, 11 classes is known here/)
    const saved = json(at('run', 'eval.json'))
    expect(saved).toMatchObject({
      format: 'wordmask-eval',
      unit: 'percent',
      protocol: { refinement: 'none', mean: 'mmseg', images: '4' },
      findings: [],
    })
    expect(readFileSync(at('run', 'per-class.csv'), 'utf8').trim().split('\n').length).toBe(12)
    expect(readFileSync(at('run', 'confusion.csv'), 'utf8')).toMatch(/^truth,predicted,pixels,share\n/)
    expect(readFileSync(at('run', 'worst.html'), 'utf8').match(/<article>/g)!.length).toBe(4)
    expect(existsSync(at('run', 'worst.jpg'))).toBe(true)
    const map = await readLabelMap(at('run', 'pred', 'p0.png'))
    expect([map.width, map.height, map.palette![0]]).toEqual([40, 24, [128, 128, 128]])
    const again = await evaluate('--dataset', 'CamVid', '--root', camvid, '--pred', at('run', 'pred'), '--into', at('again'))
    expect(again.code, again.stderr).toBe(0)
    expect(json(at('again', 'eval.json')).figures).toEqual(saved.figures)
    expect(json(at('again', 'eval.json')).perClass).toEqual(saved.perClass)
  })

  test('a run goes on where it stopped, and a label map that changed is scored again', async () => {
    const args = ['--dataset', 'CamVid', '--root', camvid, ...withModel]
    await evaluate(...args, '--limit', '2', '--into', at('resumed'))
    const second = await evaluate(...args, '--into', at('resumed'))
    expect(second.code, second.stderr).toBe(0)
    expect(json(at('resumed', 'run.json'))).toMatchObject({ counts: { done: 2, skipped: 2 }, sittings: 2 })
    expect(json(at('resumed', 'eval.json')).figures).toEqual(json(at('run', 'eval.json')).figures)
    const other = await evaluate(...args, '--size', '64', '--into', at('resumed'))
    expect(other.code).toBe(2)
    expect(other.stderr).toMatch(/holds the results of another run \(other: view\)/)
  })

  test('Ctrl-C: exit 130, and the same command ends with the figures of a run that was left alone', async () => {
    const root = at('many')
    await pictures(root, 60)
    const args = ['eval', '--dataset', 'CamVid', '--root', root, ...withModel, '--json', '--into', at('stopped')]
    const running = start(args)
    await running.saw(/"event":"image"/)
    running.child.kill('SIGINT')
    const ended = await running.ended
    expect(ended.code, ended.stderr).toBe(130)
    expect(json(at('stopped', 'run.json')).status).toBe('interrupted')
    const done = readFileSync(at('stopped', 'images.jsonl'), 'utf8').trim().split('\n').length - 1
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(60)
    const rest = await wordmask(args)
    expect(rest.code, rest.stderr).toBe(0)
    expect(events(rest.stdout).filter(({ event }) => event === 'image').length).toBe(60 - done)
    expect(json(at('stopped', 'eval.json')).counts.images).toBe(60)
  })

  test('reco: image and labels are cut to 320 x 320 and scored there; mmseg: windows', async () => {
    const common = ['--dataset', 'CamVid', '--root', camvid, '--limit', '1', ...withModel]
    const reco = await evaluate(...common, '--protocol', 'reco', '--size', '64', '--into', at('reco'))
    expect(reco.code, reco.stderr).toBe(0)
    expect(json(at('reco', 'eval.json'))).toMatchObject({
      counts: { pixels: 320 * 320 },
      protocol: { resize: 'shorter:320,crop,nearest', size: '64' },
    })
    expect(await readLabelMap(at('reco', 'pred', 'p0.png'))).toMatchObject({ width: 320, height: 320 })
    const mmseg = await evaluate(...common, '--protocol', 'mmseg', '--size', '64', '--slide', '32:16', '--into', at('mmseg'))
    expect(mmseg.code, mmseg.stderr).toBe(0)
    expect(json(at('mmseg', 'eval.json'))).toMatchObject({ counts: { pixels: 40 * 24 }, protocol: { resize: 'none', slide: '32:16' } })
  })

  test('a saved segmenter with a background, on a set with a background; seen, unseen and harmonic on the split of the set', async () => {
    const root = at('voc')
    await plant(
      root,
      { labels: 'SegmentationClass', images: 'JPEGImages', list: 'ImageSets/Segmentation/val.txt' },
      Array(40)
        .fill(0)
        .map((_, i) => i % 21),
    )
    const clip = await Clip.load(model)
    const { voc } = await import('../../lib/eval/datasets/voc.js')
    const segmenter = await Segmenter.create({
      clip,
      classes: voc(true).asked,
      templates: 'none',
      background: { threshold: 0.2 },
      size: 32,
    })
    await segmenter.save(at('segmenter'), { copyWeights: true })
    clip.dispose()
    const { code, stdout, stderr } = await evaluate('--dataset', 'VOC21', '--root', root, '--model', at('segmenter'), '--into', at('voc21'))
    expect(code, stderr).toBe(0)
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /names of the saved segmenter; names asked for 20; templates none \(1\); background threshold 0\.2; .*size 32;/,
    )
    const zero = await evaluate('--dataset', 'VOC20', '--root', root, '--model', at('segmenter'), '--into', at('voc20'))
    expect(zero.code, zero.stderr).toBe(0)
    const { figures, published, perClass } = json(at('voc20', 'eval.json'))
    expect(figures.harmonic).toBeCloseTo((2 * figures.seen * figures.unseen) / (figures.seen + figures.unseen) || 0, 9)
    expect(perClass.filter(({ part }: { part: string }) => part === 'unseen').length).toBe(5)
    expect(published.map(({ row }: { row: string }) => row)).toContain('MaskCLIP ViT-B/16')
    expect(zero.stdout.replace(/\s+/g, ' ')).toMatch(
      /published: MaskCLIP RN50: mIoU 41\.5 \(MaskCLIP .*\); differs in model \(there RN50, here .*\).*size \(there 512, here 32\)/,
    )
  })
})

describe('what is missing or wrong', () => {
  test('a missing image, a missing label map and a broken one are reported; the rest is scored', async () => {
    const root = at('holes')
    await pictures(root, 2)
    await labelMap(join(root, 'labels/val/lonely.png'), [1])
    await image(join(root, 'images/val/bare.jpg'), 3)
    await picture(join(root, 'images/val/odd.jpg'), 10, 10, 3)
    await labelMap(join(root, 'labels/val/odd.png'), [1, 2])
    const { code, stderr } = await evaluate('--dataset', 'CamVid', '--root', root, ...withModel, '--into', at('holes-out'))
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/warning: 1 of 3 images differ in size from their label maps: odd: image 10 x 10, labels 2 x 1/)
    expect(stderr).toMatch(/lonely: the image is missing/)
    expect(stderr).toMatch(/bare: the label map is missing/)
    expect(json(at('holes-out', 'run.json')).counts).toMatchObject({ done: 2, rejected: 3 })
    expect(json(at('holes-out', 'eval.json')).counts).toMatchObject({ images: 2, rejected: 3 })
  })
  test('values outside the class list end it before anything is scored, exit 2', async () => {
    const root = at('foreign')
    await pictures(root, 1)
    await labelMap(join(root, 'labels/val/p0.png'), [77])
    const { code, stderr } = await evaluate('--dataset', 'CamVid', '--root', root, ...withModel, '--into', at('foreign-out'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/none of the 11 classes has: 77/)
    expect(existsSync(at('foreign-out'))).toBe(false)
  })
  test.each([
    ['no root', ['--dataset', 'A-150'], /Expected --root DIR, where A-150 lies, or DETECTRON2_DATASETS/],
    ['an unknown set', ['--dataset', 'A-151', '--root', '.'], /No data set is called "A-151". Did you mean A-150\?/],
    ['predictions and a model', ['--dataset', 'CamVid', '--root', '.', '--pred', '.', '--clip', 'scenes'], /either --pred DIR or a model/],
    ['a flag of benchmarks without one', ['--dataset', 'scenes', '--pred', '.'], /--pred belongs to a benchmark/],
    ['images beside a benchmark', ['photos', '--dataset', 'CamVid'], /Expected --root DIR with --dataset CamVid, not images/],
    ['a slide that is none', ['--dataset', 'CamVid', '--root', 'ROOT', '--slide', '10', '--pred', 'ROOT'], /Expected crop:stride/],
  ])('%s: exit 2 and what was expected', async (_, args, message) => {
    const { code, stderr } = await wordmask(['eval', ...args.map((word) => (word === 'ROOT' ? camvid : word)), '--into', at('never')], {
      env: { DETECTRON2_DATASETS: '' },
    })
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})

test('a folder of label maps with its class file, by the built-in model: the samples that ship', async () => {
  const { code, stderr } = await evaluate('--dataset', 'folder', '--root', join(checkout, 'models/samples'), '--into', at('samples'))
  expect(code, stderr).toBe(0)
  const { figures, counts } = json(at('samples', 'eval.json'))
  expect(counts.images).toBe(8)
  // All 96 names; chance is .003.
  expect(figures.mIoU).toBeGreaterThan(10)
  expect(readdirSync(at('samples', 'pred')).length).toBe(8)
})

test('DETECTRON2_DATASETS is the root where none is given; a names file and a split of one’s own', async () => {
  const names = at('names.txt')
  text(names, 'heaven,house,post,street,footpath,bush,board,barrier,vehicle,human,cyclist'.split(','))
  const args = [
    'eval',
    '--dataset',
    'camvid_sem_seg_val',
    '--limit',
    '2',
    ...withModel,
    '--names',
    names,
    '--unseen',
    'fence,car',
    '--into',
    at('own'),
  ]
  const { code, stderr } = await wordmask(args, { env: { DETECTRON2_DATASETS: folder } })
  expect(code, stderr).toBe(0)
  expect(Object.keys(json(at('own', 'eval.json')).figures)).toEqual(['mIoU', 'mAcc', 'aAcc', 'fwIoU', 'seen', 'unseen', 'harmonic'])
  expect(json(at('own', 'run.json')).classes[0]).toBe('heaven')
})
