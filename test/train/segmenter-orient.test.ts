import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { keepOrientation, orientationOf } from '../../lib/image/label-folder'
import { writeLabelMap } from '../../lib/index'
import { makeFolder } from '../../lib/setup/make-folder'
import { parseClasses } from '../../lib/text/classes'
import { findPictures, headerBytes, packPictures } from '../../lib/train/segmenter/pack'
import { temporary } from './segmenter-tiny'

const size = { width: 24, height: 16 }
const [width, height] = [36, 24]
const classes = parseClasses(['sky', 'thing'])

/** A picture whose upper left quarter is the thing, stored as it is; viewers are told to turn it. */
async function pictureOf(orientation: number) {
  const root = temporary()
  const folder = { images: join(root, 'images'), labels: join(root, 'labels') }
  await makeFolder(folder.images)
  const labels = Uint8Array.from({ length: width * height }, (_, i) => Number(i % width < width / 2 && i < (width * height) / 2))
  const data = Uint8Array.from({ length: 3 * labels.length }, (_, i) => (labels[Math.floor(i / 3)] ? 220 : 40 + (i % 3)))
  const png = sharp(data, { raw: { width, height, channels: 3 } }).png()
  writeFileSync(join(folder.images, 'a.png'), await png.withMetadata({ orientation }).toBuffer())
  await writeLabelMap(join(folder.labels, 'a.png'), { labels, width, height, classes, firstLabel: 0 })
  return folder
}

const lookup = Uint8Array.from({ length: 65_536 }, (_, value) => Math.min(value, 254))

async function packed(folder: { images: string; labels: string }) {
  const rejects: string[] = []
  const options = { size, lookup, onReject: (_: string, { message }: Error) => void rejects.push(message) }
  const file = join(folder.labels, '..', 'packed')
  const pictures = await findPictures(folder, options)
  await packPictures(folder, pictures, file, options).catch((error) => rejects.push(error.code))
  return { rejects, rows: rejects.length === 0 ? readFileSync(file).subarray(headerBytes) : undefined, ...pictures }
}

describe('label maps of pictures as stored', () => {
  test.each([1, 3, 6, 8])('EXIF orientation %i: the same rows as of a picture without one', async (orientation) => {
    const [plain, turned] = [await pictureOf(1), await pictureOf(orientation)]
    await keepOrientation(turned.labels, false)
    const { rows, rejects } = await packed(turned)
    expect(rejects).toEqual([])
    expect(rows!.equals((await packed(plain)).rows!)).toBe(true)
  })

  test('without the word beside them they are taken to lie on the upright picture', async () => {
    const turned = await pictureOf(6)
    const said = [expect.stringMatching(/is 24 x 36 as shown, its label map 36 x 24/), 'ERR_WORDMASK_FILE_NOT_FOUND']
    expect((await packed(turned)).rejects).toEqual(said)
  })

  test('the word changes what a training follows from, and taken back it is as if it had never been', async () => {
    const folder = await pictureOf(1)
    const before = (await packed(folder)).fingerprint
    await keepOrientation(folder.labels, false)
    expect((await packed(folder)).fingerprint).not.toBe(before)
    await keepOrientation(folder.labels, true)
    expect((await packed(folder)).fingerprint).toBe(before)
  })

  test('a word that nobody understands is an error, no guess', async () => {
    const { labels } = await pictureOf(1)
    expect(await orientationOf(join(labels, 'nowhere'))).toBe(true)
    for (const text of ['', '{}', '{"version":1,"kind":"labels","orient":"no"}']) {
      writeFileSync(join(labels, 'wordmask.json'), text)
      await expect(orientationOf(labels)).rejects.toHaveCode('ERR_WORDMASK_IO', /wordmask\.json/)
    }
    writeFileSync(join(labels, 'wordmask.json'), '{"version":2,"kind":"labels","turned":true}')
    await expect(orientationOf(labels)).rejects.toHaveCode('ERR_WORDMASK_VERSION', /wordmask\.json has format 2/)
  })
})
