import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Scores } from '../../lib/segmenter/scores'
import { Segmentation } from '../../lib/segmenter/segmentation'
import { parseClasses } from '../../lib/text/classes'
import { writeCoco } from '../../lib/write/coco'
import { jsonLine } from '../../lib/write/jsonl'
import { temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const classes = parseClasses([{ name: 'fox', color: '#ff8000', id: 5 }, 'grass'])
const labels = Uint8Array.from([0, 0, 0, 1, 1, 1, 2, 2, 1, 2, 2, 2])
const protocol = { orient: true, temperature: 100 } as never
const scores = new Scores([{ data: new Float32Array(4), shape: [1, 2, 2] }], 100)
const small = new Segmentation({ labels, width: 4, height: 3, counts: [3, 4, 5] }, scores, classes, { names: ['sky'] }, protocol)

describe('documents', () => {
  const mask = {
    class: 'fox',
    classIndex: 0,
    id: 5,
    score: 0.75,
    area: 3,
    bbox: [0, 1, 2, 2] as const,
    rle: { size: [3, 4] as [number, number], counts: '121O7' },
  }

  test('COCO: ids start at 1, categories carry the classes ids, the format has a version', async () => {
    const file = join(folder, 'coco.json')
    const picture = { file_name: 'a.jpg', width: 4, height: 3 }
    await writeCoco(file, classes, [
      { ...picture, masks: [mask, mask] },
      { ...picture, file_name: 'b.jpg', masks: [] },
      { ...picture, file_name: 'c.jpg', masks: [mask] },
    ])
    const coco = JSON.parse(await readFile(file, 'utf8'))
    expect(coco.info.format).toBe(1)
    expect(coco.categories).toEqual([
      { id: 5, name: 'fox', supercategory: '' },
      { id: 2, name: 'grass', supercategory: '' },
    ])
    expect(coco.images.map((row: { id: number }) => row.id)).toEqual([1, 2, 3])
    expect(coco.annotations.map((row: { id: number; image_id: number }) => [row.id, row.image_id])).toEqual([
      [1, 1],
      [2, 1],
      [3, 3],
    ])
    expect(coco.annotations[0]).toEqual({
      id: 1,
      image_id: 1,
      category_id: 5,
      segmentation: mask.rle,
      area: 3,
      bbox: [0, 1, 2, 2],
      iscrowd: 0,
      score: 0.75,
    })
    await expect(
      writeCoco(file, classes, [
        { ...picture, id: 1, masks: [] },
        { ...picture, id: 1, masks: [] },
      ]),
    ).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /id/)
  })

  test('COCO: 20,000 images of a stream are written in order, nothing is left beside, and what the stream throws leaves no file', async () => {
    const own = await mkdtemp(join(folder, 'coco-'))
    const file = join(own, 'new', 'coco.json')
    const picture = { file_name: 'ü.jpg', width: 4, height: 3, masks: [mask, mask] }
    async function* many(n: number) {
      for (let i = 0; i < n; i++) yield { ...picture, masks: i % 2 ? [mask] : [mask, mask] }
      if (n === 10) throw new TypeError('enough')
    }
    await expect(writeCoco(file, classes, many(10))).rejects.toThrow(new TypeError('enough'))
    expect(await readdir(join(own, 'new'))).toEqual([])
    await writeCoco(file, classes, many(20_000))
    expect(await readdir(join(own, 'new'))).toEqual(['coco.json'])
    const coco = JSON.parse(await readFile(file, 'utf8'))
    expect([coco.images.length, coco.annotations.length]).toEqual([20_000, 30_000])
    expect(coco.annotations.at(-1)).toMatchObject({ id: 30_000, image_id: 20_000, segmentation: mask.rle })
    await writeCoco(file, classes, [])
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ images: [], annotations: [] })
  })

  test('a JSON line is one line and says its format', () => {
    const line = jsonLine('a.jpg', small, [mask])
    expect(line).not.toContain('\n')
    expect(JSON.parse(line)).toEqual({
      format: 1,
      image: 'a.jpg',
      width: 4,
      height: 3,
      coverage: { fox: 4 / 12, grass: 5 / 12 },
      masks: [{ ...mask, bbox: [0, 1, 2, 2] }],
    })
  })
})
