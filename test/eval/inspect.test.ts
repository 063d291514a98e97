import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { datasetNamed } from '../../lib/eval/datasets/registry.js'
import { inspect } from '../../lib/eval/inspect.js'
import { npyLabels } from '../../lib/eval/npy-labels.js'
import { PredictionFolder } from '../../lib/eval/predictions.js'
import { labelMap, plant, type Tree } from './trees.js'

const root = mkdtempSync(join(tmpdir(), 'wordmask-inspect-'))
afterAll(() => rmSync(root, { recursive: true }))

const raw: Tree = { labels: 'annotations/validation', images: 'images/validation' }
const reduced: Tree = { labels: 'annotations_detectron2/validation', images: 'images/validation' }

async function findings(
  key: string,
  place: string,
  tree: Tree,
  values: number[],
  predictions?: { folder: string; ids: 'classes' | 'labels' },
) {
  const dataset = datasetNamed(key)
  await plant(place, tree, values)
  const layout = await dataset.find(place)
  const folder = predictions && new PredictionFolder(predictions.folder, dataset.classes.length, layout, predictions.ids)
  return (await inspect(layout.pairs(), layout, dataset.classes.length, folder, { kind: 'none' }, 8)).findings
}

describe('before scoring', () => {
  test('a clean set has no findings', async () => {
    expect(await findings('A-150', join(root, 'clean'), raw, [0, 1, 150, 7])).toEqual([])
  })
  test('values that no class has are named, with pixels, maps and a file', async () => {
    const found = await findings('CamVid', join(root, 'outside'), { labels: 'labels/val', images: 'images/val' }, [0, 1, 99, 99])
    expect(found).toMatchObject([{ kind: 'outside', fatal: true }])
    expect(found[0]!.message).toMatch(/none of the 11 classes has: 99 \(4 pixels in 2 of 2 maps\); the first is .*labels\/val\/a\.png/)
  })
  test('raw ADE20K maps in the folder of reduced ones: a shift by one', async () => {
    const found = await findings('A-150', join(root, 'raw'), reduced, [1, 2, 150])
    expect(found.map(({ kind }) => kind)).toEqual(['outside', 'shift'])
    expect(found[1]!.message).toMatch(/shift by one: values run from 1 to 150/)
  })
  test('reduced ADE20K maps in the folder of raw ones: a shift by one the other way', async () => {
    const found = await findings('A-150', join(root, 'reduced'), raw, [0, 1, 149, 255])
    expect(found.map(({ kind }) => kind)).toEqual(['outside', 'shift'])
    expect(found[1]!.message).toMatch(/255 occurs and 150 does not/)
  })
  test('more than half of the pixels ignored is said, half is not', async () => {
    const more = await findings('A-150', join(root, 'more'), raw, [0, 0, 0, 1, 1])
    expect(more).toMatchObject([{ kind: 'ignored', fatal: false }])
    expect(more[0]!.message).toMatch(/^60\.0% of the label pixels do not count \(2 maps looked at\)/)
    expect(await findings('A-150', join(root, 'half'), raw, [0, 0, 1, 1])).toEqual([])
  })
  test('an image of another size than its label map', async () => {
    const place = join(root, 'size')
    await plant(place, raw, [1, 2, 3])
    await labelMap(join(place, raw.labels, 'b.png'), [1, 2])
    const layout = await datasetNamed('A-150').find(place)
    const { findings: found } = await inspect(layout.pairs(), layout, 150, undefined, { kind: 'none' }, 8)
    expect(found).toMatchObject([
      { kind: 'size', message: '1 of 2 images differ in size from their label maps: b: image 3 x 1, labels 2 x 1.' },
    ])
  })
  test('predictions in the values of raw label maps look shifted by one, and the message says what to add', async () => {
    const place = join(root, 'shifted')
    const found = await findings('A-150', place, raw, [1, 2, 3, 4], { folder: join(place, raw.labels), ids: 'classes' })
    expect(found).toMatchObject([{ kind: 'prediction-shift', fatal: false }])
    expect(found[0]!.message).toMatch(/100\.0% of the pixels hold one more than the class, 0\.0% the class itself\. .*--pred-ids labels/)
    expect(await findings('A-150', place, raw, [1, 2, 3, 4], { folder: join(place, raw.labels), ids: 'labels' })).toEqual([])
  })
})

describe('predictions', () => {
  test('one that cannot be read is left to the scoring to report, and the others are looked at', async () => {
    const place = join(root, 'torn')
    await plant(place, raw, [1, 2, 3, 4])
    const folder = join(place, 'pred')
    await labelMap(join(folder, 'b.png'), [1, 2])
    writeFileSync(join(folder, 'a.png'), 'no png')
    const layout = await datasetNamed('A-150').find(place)
    const predictions = new PredictionFolder(folder, 150, layout, 'classes')
    const { findings: found } = await inspect(layout.pairs(), layout, 150, predictions, { kind: 'none' }, 8)
    expect(found).toMatchObject([{ kind: 'prediction-size', message: expect.stringMatching(/^1 of 2 .*: b: prediction 2 x 1/) }])
  })
  test('a value beyond the classes is refused, naming the way out where the label maps have it', async () => {
    const place = join(root, 'beyond')
    await plant(place, raw, [1, 150])
    const layout = await datasetNamed('A-150').find(place)
    const folder = new PredictionFolder(join(place, raw.labels), 150, layout, 'classes')
    await expect(folder.read(join(place, raw.labels, 'a.png'))).rejects.toMatchObject({
      code: 'ERR_WORDMASK_CLASSES',
      message: expect.stringMatching(/holds the value 150, which none of the 150 classes has.*add --pred-ids labels/),
    })
  })
  test('files are found by id, by its last part, or as the label map is called; 8 and 16 bits, and npy', async () => {
    const place = join(root, 'found')
    const tree = { labels: 'gtFine/val', images: 'leftImg8bit/val', suffix: '_gtFine_labelIds.png', imageSuffix: '_leftImg8bit.png' }
    await plant(place, tree, [7, 8], 'town')
    const layout = await datasetNamed('City-19').find(place)
    const folder = new PredictionFolder(join(place, 'pred'), 19, layout, 'classes')
    const pairs = []
    for await (const pair of layout.pairs()) pairs.push(pair)
    await expect(folder.fileOf(pairs[0]!)).rejects.toThrow(
      /No prediction for town\/a in .*town\/a\.png, town\/a\.npy, town\/a_gtFine_labelIds\.png, .*, a\.png, a\.npy, a_gtFine_labelIds\.png/,
    )
    await labelMap(join(place, 'pred/a_gtFine_labelIds.png'), [0, 1], 'grey16')
    await labelMap(join(place, 'pred/town/b.png'), [0, 255])
    expect(await folder.fileOf(pairs[0]!)).toBe(join(place, 'pred/a_gtFine_labelIds.png'))
    expect([...(await folder.read(await folder.fileOf(pairs[0]!))).classes]).toEqual([0, 1])
    expect([...(await folder.read(await folder.fileOf(pairs[1]!))).classes]).toEqual([0, 65535])
  })
})

/** A NumPy file, format 1.0, as numpy.save writes it. */
function npy(descr: string, shape: string, body: Buffer): Buffer {
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`
  const head = Buffer.alloc(118, ' ')
  head.write(dictionary)
  head[117] = 10
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from(Uint16Array.of(118).buffer), head, body])
}

describe('npy label maps', () => {
  test('every integer type, -1 as "does not count"', async () => {
    const file = join(root, 'map.npy')
    const bodies: [string, ArrayBufferView][] = [
      ['|u1', Uint8Array.of(1, 2, 3, 255, 0, 7)],
      ['<u2', Uint16Array.of(1, 2, 3, 255, 0, 7)],
      ['<i4', Int32Array.of(1, 2, 3, -1, 0, 7)],
      ['<i8', BigInt64Array.of(1n, 2n, 3n, -1n, 0n, 7n)],
    ]
    for (const [descr, values] of bodies) {
      writeFileSync(file, npy(descr, '2, 3', Buffer.from(values.buffer)))
      expect(await npyLabels(file), descr).toEqual({ labels: Uint16Array.of(1, 2, 3, 255, 0, 7), width: 3, height: 2 })
    }
  })
  test.each([
    ['floats', npy('<f4', '1, 1', Buffer.alloc(4)), /its numbers are <f4/],
    ['three axes', npy('|u1', '1, 1, 1', Buffer.alloc(1)), /its header says/],
    ['a torn file', npy('|u1', '2, 3', Buffer.alloc(5)), /it ends before its 2 x 3 values/],
    ['a value of 70000', npy('<i4', '1, 1', Buffer.from(Int32Array.of(70000).buffer)), /it holds the value 70000/],
    ['another file', Buffer.from('this is no array at all'), /it is no \.npy file/],
  ])('%s is refused', async (_, bytes, message) => {
    const file = join(root, 'bad.npy')
    writeFileSync(file, bytes)
    await expect(npyLabels(file)).rejects.toThrow(message)
  })
})
