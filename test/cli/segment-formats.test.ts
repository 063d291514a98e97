import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLabelMap } from '../../lib/image/labels.js'
import { events, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-formats-'))
const images = join(folder, 'images')
const model = join(folder, 'model')
const out = (...parts: string[]) => join(folder, 'out', ...parts)
const text = (...parts: string[]) => readFileSync(out(...parts), 'utf8')
const segment = (...args: string[]) => wordmask(['segment', images, '--clip', model, '--templates', 'none', '--json', ...args])
const formats = [
  '--classes',
  'fox,grass,sky',
  '--into',
  out(),
  '--write',
  'voc,cvat,yolo,label-studio,csv',
  '--instances',
  '--min-area',
  '4',
]

beforeAll(async () => {
  await tinyModel(model)
  await picture(join(images, 'one.png'), 48, 40, 1)
  await picture(join(images, 'deep', 'two.jpg'), 33, 70, 2)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('segment --write voc,cvat,yolo,label-studio,csv', () => {
  test('the tree of the images is kept, all of them are in the lists, and the kinds agree', async () => {
    const { code, stderr } = await segment(...formats)
    expect(code, stderr).toBe(0)
    for (const kind of ['voc', 'cvat'])
      for (const file of ['one', 'deep/two'])
        for (const part of ['SegmentationClass', 'SegmentationObject']) expect(existsSync(out(kind, part, `${file}.png`))).toBe(true)
    expect(text('voc/ImageSets/Segmentation/default.txt').trim().split('\n').sort()).toEqual(['deep/two', 'one'])
    expect(text('voc/labelmap.txt')).toMatch(/fox:128,0,0::\ngrass:0,128,0::\nsky:128,128,0::\n$/)
    expect(text('yolo/data.yaml')).toMatch(/0: "fox"/)
    expect(text('label-studio.xml')).toMatch(/<Label value="sky"/)

    const rows = parse(text('segments.csv'), { columns: true }) as Record<string, string>[]
    const tasks = JSON.parse(text('label-studio.json')) as { data: { image: string }; predictions: { result: unknown[] }[] }[]
    for (const file of ['one.png', 'deep/two.jpg']) {
      const present = rows.filter((row) => row.file === file && row.present === '1')
      expect(present.length).toBeGreaterThan(0)
      const name = file.replace(/\.\w+$/, '')
      const objects = (await readLabelMap(out('voc/SegmentationObject', `${name}.png`))).labels
      const areas = Array.from({ length: present.length }, (_, i) => objects.filter((value) => value === i + 1).length)
      expect(present.map(({ area }) => Number(area)).sort()).toEqual(areas.sort())
      expect(text('yolo/labels', `${name}.txt`).trim().split('\n')).toHaveLength(present.length)
      expect(tasks.find(({ data }) => data.image.endsWith(file))?.predictions[0]?.result).toHaveLength(present.length)
    }
  })

  test('the same command again does nothing; what is missing or new is done, and the lists hold all', async () => {
    const before = statSync(out('voc/SegmentationClass/one.png')).mtimeMs
    expect(events((await segment(...formats)).stdout).at(-1)).toMatchObject({ done: 0, skipped: 2 })
    rmSync(out('yolo/labels/deep/two.txt'))
    await picture(join(images, 'three.png'), 20, 20, 3)
    expect(events((await segment(...formats)).stdout).at(-1)).toMatchObject({ done: 2, skipped: 1 })
    expect(statSync(out('voc/SegmentationClass/one.png')).mtimeMs).toBe(before)
    expect(text('cvat/ImageSets/Segmentation/default.txt').trim().split('\n').sort()).toEqual(['deep/two', 'one', 'three'])
    expect(new Set((parse(text('segments.csv'), { columns: true }) as Record<string, string>[]).map(({ file }) => file)).size).toBe(3)
  })

  test('names that a format cannot hold are refused before the first image is read', async () => {
    const { code, stderr } = await segment('--classes', 'a:b', '--write', 'voc', '--into', join(folder, 'never'))
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/without ':'/)
    expect(existsSync(join(folder, 'never'))).toBe(false)
  })
})
