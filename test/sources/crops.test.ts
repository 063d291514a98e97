import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { beforeEach, describe, expect, test } from 'vitest'
import { openShard, planShards } from '../../lib/sources'
import { inPixels, tiles } from '../../lib/sources/crops/crops'
import { jsonParts } from '../../lib/sources/crops/json-stream'
import { opened, seeded, tarOf, temporaryFolder, writeFiles } from './files'

const png = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#808' } })
    .png()
    .toBuffer()
let folder: string
beforeEach(async () => {
  folder = await temporaryFolder()
})

describe('tiles', () => {
  test('by hand: 5 x 3 pixels in 2x2, row by row; fewer pixels than tiles give fewer tiles', () => {
    expect(tiles(5, 3, 2, 2).map(({ box }) => box)).toEqual([
      [0, 0, 2, 1],
      [2, 0, 3, 1],
      [0, 1, 2, 2],
      [2, 1, 3, 2],
    ])
    expect(tiles(4, 2, 4, 1).map(({ box }) => box)).toEqual([
      [0, 0, 1, 2],
      [1, 0, 1, 2],
      [2, 0, 1, 2],
      [3, 0, 1, 2],
    ])
    expect(tiles(1, 1, 2, 2).map(({ box }) => box)).toEqual([[0, 0, 1, 1]])
  })

  test('every pixel lies in one tile, at any size', () => {
    const random = seeded(8)
    for (let round = 0; round < 50; round++) {
      const [width, height, columns, rows] = [40, 40, 9, 9].map((most) => 1 + Math.floor(random() * most)) as [
        number,
        number,
        number,
        number,
      ]
      const seen = new Uint8Array(width * height)
      for (const { box } of tiles(width, height, columns, rows))
        for (let y = box[1]; y < box[1] + box[3]; y++) for (let x = box[0]; x < box[0] + box[2]; x++) seen[y * width + x]!++
      expect(seen.every((count) => count === 1)).toBe(true)
    }
  })

  test('rows have parent, box and an id of both; sizes are upright; bytes are the whole file; a file that is no image is a reject', async () => {
    const turned = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#080' } })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer()
    await writeFiles(folder, { 'a.png': await png(4, 2), 'b.jpg': turned, 'c.jpg': 'no image', 'd.jpg': '' })
    const { images, rejects } = await opened(folder, { tiles: '2x1' })
    const whole = (await opened(folder)).images
    expect(images.map(({ id, parent, box }) => [id, parent, box])).toEqual([
      [`${whole[0]!.id}#0,0,2,2`, whole[0]!.id, [0, 0, 2, 2]],
      [`${whole[0]!.id}#2,0,2,2`, whole[0]!.id, [2, 0, 2, 2]],
      // 6 x 4 on disk, 4 x 6 to a viewer
      [`${whole[1]!.id}#0,0,2,6`, whole[1]!.id, [0, 0, 2, 6]],
      [`${whole[1]!.id}#2,0,2,6`, whole[1]!.id, [2, 0, 2, 6]],
    ])
    expect(Buffer.from(await images[3]!.bytes()).equals(turned)).toBe(true)
    expect(rejects.map(({ id, code }) => [id, code])).toEqual([
      [whole[2]!.id, 'ERR_WORDMASK_IMAGE'],
      [whole[3]!.id, 'ERR_WORDMASK_IMAGE'],
    ])
  })

  test.each(['2', '2x', '0x2', '1x1', '2X2', '100x1'])('%s is no grid', async (grid) => {
    await expect(opened(folder, { tiles: grid })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /COLUMNSxROWS/)
  })
})

const coco = {
  info: { note: 'brackets ] } , and "quotes" do not confuse' },
  annotations: [
    { id: 1, image_id: 7, category_id: 2, bbox: [1.2, 0, 1.5, 2], segmentation: [[1, 2, 3]] },
    { id: 2, image_id: 7, category_id: 1, bbox: [1.2, 0, 1.5, 2] },
    { id: 3, image_id: 7, category_id: 1, bbox: [0, 0, 4, 2], iscrowd: 1 },
    { id: 4, image_id: 7, category_id: 1, bbox: [9, 9, 1, 1], score: 0.5 },
    { id: 5, image_id: 8, category_id: 1, bbox: [0, 0, 1, 1] },
  ],
  images: [
    { id: 7, file_name: 'in/a.png', width: 4, height: 2 },
    { id: 8, file_name: 'in/wrong-size.png', width: 9, height: 9 },
  ],
  categories: [
    { id: 1, name: 'fox' },
    { id: 2, name: 'hen' },
  ],
}

describe('boxes', () => {
  test('COCO: whole pixels that a box touches, category as metadata; equal boxes stay apart; crowds left out; what is outside is a reject', async () => {
    await writeFiles(folder, {
      'in/a.png': await png(4, 2),
      'in/b.png': await png(4, 2),
      'in/wrong-size.png': await png(4, 2),
      'boxes.json': JSON.stringify(coco),
    })
    const { images, rejects } = await opened(folder, { boxes: path.join(folder, 'boxes.json') })
    expect(images.map(({ id, box, metadata }) => [id.slice(32), box, metadata])).toEqual([
      ['#1,0,2,2', [1, 0, 2, 2], { category: 'hen' }],
      ['#1,0,2,2,2', [1, 0, 2, 2], { category: 'fox' }],
    ])
    expect(rejects.map(({ code, reason }) => [code, reason])).toEqual([
      ['ERR_WORDMASK_INVALID_ARGUMENT', 'The box [9, 9, 1, 1] has no pixel of the image (4 x 2)'],
      ['ERR_WORDMASK_INVALID_ARGUMENT', 'The boxes are for an image of 9 x 9 pixels, and it has 4 x 2'],
    ])
  })

  test('MegaDetector: parts of the size become pixels; confidence as metadata and as a limit; failures and empty images are no rows', async () => {
    const detector = {
      images: [
        {
          file: 'a.png',
          detections: [
            { category: '1', conf: 0.9, bbox: [0.3, 0, 0.4, 0.5] },
            { category: '2', conf: 0.1, bbox: [0, 0, 1, 1] },
          ],
        },
        { file: 'b.png', detections: [] },
        { file: 'c.png', failure: 'Failure image access', detections: null },
      ],
      detection_categories: { '1': 'animal', '2': 'person' },
    }
    await writeFiles(folder, {
      't.tar': await tarOf([
        ['./a.png', await png(10, 10)],
        ['b.png', await png(10, 10)],
      ]),
      'boxes.json': JSON.stringify(detector),
    })
    const boxes = path.join(folder, 'boxes.json')
    const rows = async (minConfidence: number) =>
      (await opened(path.join(folder, 't.tar'), { boxes: { uri: boxes, minConfidence } })).images.map(({ box, metadata, key }) => [
        key,
        box,
        metadata,
      ])
    // 0.3 * 10 is 3, not 3.0000000000000004
    const animal = ['./a.png', [3, 0, 4, 5], { category: 'animal', confidence: 0.9 }]
    expect(await rows(0)).toEqual([animal, ['./a.png', [0, 0, 10, 10], { category: 'person', confidence: 0.1 }]])
    expect(await rows(0.2)).toEqual([animal])
  })

  test('in pixels, by hand: clipped to the image; nothing left of a box without size', () => {
    const bad: string[] = []
    const boxes = [
      [-1, -1, 3, 3],
      [3.5, 1.5, 9, 9],
      [1, 1, 0, 1],
    ].map((box) => ({ box: box as [number, number, number, number] }))
    expect(inPixels({ relative: false, boxes }, 4, 2, (reason) => bad.push(reason)).map(({ box }) => box)).toEqual([
      [0, 0, 2, 2],
      [3, 1, 1, 1],
    ])
    expect(bad).toHaveLength(1)
  })

  test('a file of boxes of other images, of another format, torn, missing, or with tiles, is said', async () => {
    await writeFiles(folder, {
      'a.png': await png(2, 2),
      'other.json': JSON.stringify(coco),
      'list.json': '[]',
      'no.json': '{"a": 1}',
      'torn.json': '{"images": [{"id"',
    })
    const open = (name: string, more = {}) => opened(path.join(folder, 'a.png'), { boxes: path.join(folder, name), ...more })
    await expect(open('other.json')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /of none of the images.*"a\.png"/)
    await expect(open('list.json')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /outermost value is no object/)
    await expect(open('no.json')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /COCO.*MegaDetector/)
    await expect(open('torn.json')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /ends in the middle/)
    await expect(open('none.json')).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    await expect(open('other.json', { tiles: '2x2' })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /not both/)
  })

  test('shards carry tiles and boxes; a file of boxes that changed since is refused', async () => {
    await writeFiles(folder, { 'in/a.png': await png(4, 2), 'boxes.json': JSON.stringify(coco) })
    const boxes = path.join(folder, 'boxes.json')
    for (const options of [{ tiles: '2x2' }, { boxes }]) {
      const whole = (await opened(folder, options)).images.map(({ bytes, ...row }) => row)
      const rows = []
      for await (const shard of planShards(folder, options)) {
        expect(shard.images).toBeUndefined()
        for await (const { bytes, ...row } of openShard(JSON.parse(JSON.stringify(shard)))) rows.push(row)
        if ('boxes' in options) {
          await writeFile(boxes, JSON.stringify({ ...coco, more: 1 }))
          const again = async () => {
            for await (const _ of openShard(shard));
          }
          await expect(again()).rejects.toHaveCode('ERR_WORDMASK_IO', /changed since the shards were planned/)
        }
      }
      expect(rows).toEqual(whole)
    }
  })
})

describe('streamed JSON', () => {
  test('the same parts however the file is cut', async () => {
    const text = JSON.stringify({ ...coco, empty: [], nothing: {}, 'a"b\\': 'x', n: -1.5e3, t: true, nested: [[1, [2]], {}] }, null, 1)
    const expected: unknown[] = []
    for (const [name, value] of Object.entries(JSON.parse(text)))
      if (Array.isArray(value)) for (const element of value) expected.push({ name, element: true, value: element })
      else expected.push({ name, element: false, value })
    const random = seeded(9)
    for (let round = 0; round < 30; round++) {
      async function* pieces() {
        const bytes = Buffer.from(text)
        for (let at = 0; at < bytes.length; ) {
          const size = round === 0 ? 1 : 1 + Math.floor(random() * 40)
          yield bytes.subarray(at, (at += size))
        }
      }
      const parts = []
      for await (const part of jsonParts('x', pieces())) parts.push(part)
      expect(parts).toEqual(expected)
    }
  })

  test.each(['', '5', '"a"', '{"a":1}}', '{"a":1}{}', '{1}', '{"a":[1,}', '{"a":tru}'])('%j is refused', async (text) => {
    const read = async () => {
      for await (const _ of jsonParts(
        'x',
        (async function* () {
          yield Buffer.from(text)
        })(),
      ));
    }
    await expect(read()).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /cannot be read as JSON/)
  })
})
