import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { keepOrientation } from '../../lib/image/label-folder'
import { writeLabelMap } from '../../lib/index'
import { checkInputs } from '../../lib/specialist/inputs'
import { measureTruth } from '../../lib/specialist/truth'
import { parseClasses } from '../../lib/text/classes'
import { temporary } from './world'

const classes = parseClasses(['fox'])

/** Pictures of 4 x 2 whose left half is the fox. */
async function truthOf(names: readonly string[]) {
  const folder = temporary()
  const truth = {
    images: join(folder, 'images'),
    labels: join(folder, 'labels'),
  }
  mkdirSync(truth.images)
  for (const name of names) await write(truth, name, 4)
  return truth
}

async function write(truth: { images: string; labels: string }, name: string, width: number, mapWidth = width) {
  await sharp({
    create: { width, height: 2, channels: 3, background: '#406080' },
  })
    .png()
    .toFile(join(truth.images, `${name}.png`))
  const labels = Uint8Array.from({ length: mapWidth * 2 }, (_, i) => (i % mapWidth < 2 ? 1 : 0))
  await writeLabelMap(join(truth.labels, `${name}.png`), {
    labels,
    width: mapWidth,
    height: 2,
    classes,
    firstLabel: 1,
  })
}

/** Says that the first `wide` columns are the fox. */
const segmenter = (wide: number) => ({
  classes,
  async segment({ width, height }: { width: number; height: number }) {
    const labels = Uint8Array.from({ length: width * height }, (_, i) => (i % width < wide ? 1 : 0))
    return { labels, firstLabel: 1 as const }
  },
})

describe('IoU by truth', () => {
  test('by hand: 2 of 3 columns right is 2/3, all right is 1', async () => {
    const truth = await truthOf(['a', 'b'])
    const [fox] = await measureTruth(truth, segmenter(3) as never, segmenter(2) as never, [], undefined, () => expect.unreachable())
    expect(fox).toMatchObject({
      iou: 2 / 3,
      recoIou: 1,
      images: { images: { shown: 2, without: 0 } },
    })
  })

  test('label maps of pictures as stored lie on them', async () => {
    const truth = await truthOf(['a'])
    const file = join(truth.images, 'a.png')
    const turned = await sharp(file).withMetadata({ orientation: 6 }).toBuffer()
    writeFileSync(file, turned)
    const told: string[] = []
    const measured = () =>
      measureTruth(truth, segmenter(2) as never, segmenter(2) as never, [], undefined, (_, { message }) => told.push(message))
    expect((await measured())[0]!.iou).toBeNaN()
    expect(told).toEqual([expect.stringMatching(/is 2 x 4 as shown, its label map 4 x 2/)])
    await keepOrientation(truth.labels, false)
    expect((await measured())[0]!.iou).toBe(1)
    expect(told).toHaveLength(1)
  })

  test('what cannot be read, or has a label map of another size or none, is told and left out', async () => {
    const truth = await truthOf(['a'])
    await write(truth, 'b', 4, 3)
    writeFileSync(join(truth.images, 'c.png'), 'no image')
    await write(truth, 'd', 4)
    writeFileSync(join(truth.images, 'e.jpg'), '')
    const told: string[] = []
    const [fox] = await measureTruth(truth, segmenter(2) as never, segmenter(2) as never, [], undefined, (image, { code }) =>
      told.push(`${image.slice(-5)} ${code}`),
    )
    expect(told).toEqual(['b.png ERR_WORDMASK_IMAGE', 'c.png ERR_WORDMASK_FILE_NOT_FOUND', 'e.jpg ERR_WORDMASK_FILE_NOT_FOUND'])
    expect(fox).toMatchObject({ iou: 1, images: { images: { shown: 2 } } })
  })
})

describe('values of the label maps', () => {
  test('are places in the list that was asked for, of which the archive may show a part', async () => {
    const truth = await truthOf(['a'])
    const two = parseClasses(['wolf', 'fox'])
    const map = { labels: Uint8Array.of(2, 2, 1, 1, 2, 2, 255, 0), width: 4, height: 2, classes: two, firstLabel: 1 as const }
    await writeLabelMap(join(truth.labels, 'a.png'), map)
    const all = [truth, segmenter(2) as never, segmenter(3) as never, [], undefined, () => expect.unreachable(), two] as const
    const [fox, ...more] = await measureTruth(...all)
    expect(more).toEqual([])
    // Of the third column the lower pixel counts nowhere: 4 of 5.
    expect(fox).toMatchObject({ iou: 1, recoIou: 4 / 5, images: { images: { shown: 1, without: 0 } } })
  })

  test('that are no name are refused, before anything is made and where they are met', async () => {
    const truth = await truthOf(['a'])
    const other = parseClasses(['wolf', 'fox', 'sheep'])
    const map = { labels: Uint8Array.of(0, 0, 3, 3, 255, 255, 0, 0), width: 4, height: 2, classes: other, firstLabel: 1 as const }
    await writeLabelMap(join(truth.labels, 'a.png'), map)
    const said = /a\.png of the truth holds the value 3\. Expected 0 for everything else, 1 for the name, and 255/
    await expect(checkInputs({ names: ['fox'], archive: 'a', into: 'b', truth })).rejects.toHaveCode('ERR_WORDMASK_CLASSES', said)
    const measured = measureTruth(truth, segmenter(2) as never, segmenter(2) as never, [], undefined, () => expect.unreachable())
    await expect(measured).rejects.toHaveCode('ERR_WORDMASK_CLASSES', said)
    await expect(checkInputs({ names: other.map(({ name }) => name), archive: 'a', into: 'b', truth })).resolves.toBeUndefined()
  })
})

describe('files that are needed last', () => {
  test('are asked for before anything is made', async () => {
    const truth = await truthOf(['a'])
    const asked = { names: ['fox'], archive: 'a', into: 'b' }
    await expect(checkInputs({ ...asked, truth })).resolves.toBeUndefined()
    for (const wrong of [
      { truth: { ...truth, images: '/nowhere' } },
      { truth: { ...truth, labels: '/nowhere' } },
      { boxes: '/nowhere' },
      { training: { backboneWeights: '/nowhere' } },
    ])
      await expect(checkInputs({ ...asked, ...wrong })).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /nowhere/)
  })
})
