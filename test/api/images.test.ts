import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { convertCmyk, reduceGrey16 } from '../../lib/image/convert'
import { decodeImage } from '../../lib/image/decode'
import { imageCount, imageStream, isSingleImage } from '../../lib/image/input'
import { readLabelMap } from '../../lib/image/labels'
import { encodePng } from '../../lib/image/png'
import { mapOrdered } from '../../lib/image/stream'
import { noise } from './tiny-clip'

const fixtures = new URL('../fixtures/images/', import.meta.url).pathname
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wordmask-images-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** 3 x 2, every pixel known. */
const pixels = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90])
const image = () => sharp(pixels, { raw: { width: 3, height: 2, channels: 3 } })

describe('decodeImage: pixels by hand', () => {
  test('a lossless file decodes to its pixels, from a path and from bytes', async () => {
    const bytes = await image().png().toBuffer()
    const file = join(folder, 'rgb.png')
    await writeFile(file, bytes)
    for (const input of [bytes, new Uint8Array(bytes), file]) {
      const decoded = await decodeImage(input)
      expect([decoded.width, decoded.height]).toEqual([3, 2])
      expect([...decoded.data]).toEqual([...pixels])
    }
  })

  test('alpha is dropped, not blended', async () => {
    const clear = await image().ensureAlpha(0).png().toBuffer()
    expect([...(await decodeImage(clear)).data]).toEqual([...pixels])
  })

  test('grey is repeated; 16-bit grey is divided by 257 and rounded, with and without alpha', async () => {
    const grey = await encodePng({ width: 3, height: 1, data: Uint8Array.from([0, 7, 255]), channels: 1, depth: 8 })
    expect([...(await decodeImage(grey)).data]).toEqual([0, 0, 0, 7, 7, 7, 255, 255, 255])
    const deep = await encodePng({ width: 4, height: 1, data: Uint16Array.from([0, 128, 129, 65_535]), channels: 1, depth: 16 })
    expect([...(await decodeImage(deep)).data]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255])
    const withAlpha = await encodePng({
      width: 2,
      height: 1,
      data: Uint16Array.from([257 * 9, 0, 257 * 200, 65_535]),
      channels: 2,
      depth: 16,
    })
    expect([...(await decodeImage(withAlpha)).data]).toEqual([9, 9, 9, 200, 200, 200])
  })

  test('the formulas: CMYK as Pillow computes it, grey in native byte order', async () => {
    expect([...(await convertCmyk(Uint8Array.from([0, 0, 0, 0, 255, 0, 0, 0, 10, 20, 30, 40]), 4))]).toEqual([
      255, 255, 255, 0, 255, 255, 207, 198, 190,
    ])
    expect([...(await reduceGrey16(new Uint8Array(Uint16Array.from([514, 1, 40_000, 2]).buffer), 2))]).toEqual([2, 2, 2, 156, 156, 156])
  })

  test('EXIF orientation is applied by default and ignored with orient: false', async () => {
    const turned = await image().withMetadata({ orientation: 6 }).png().toBuffer()
    const shown = await decodeImage(turned)
    expect([shown.width, shown.height]).toEqual([2, 3])
    expect([...shown.data.subarray(0, 6)]).toEqual([10, 20, 30, 255, 0, 0])
    const stored = await decodeImage(turned, { orient: false })
    expect([stored.width, stored.height, ...stored.data.subarray(0, 3)]).toEqual([3, 2, 255, 0, 0])
  })

  test('decoded pixels pass through', async () => {
    const decoded = await decodeImage({ data: new Uint8ClampedArray(pixels), width: 3, height: 2, channels: 3 })
    expect([...decoded.data]).toEqual([...pixels])
  })
})

test('every kind of fixture decodes to RGB of its size', async () => {
  for (const file of (await readdir(fixtures)).filter((name) => name.includes('.'))) {
    const decoded = await decodeImage(join(fixtures, file))
    expect(decoded.data.length, file).toBe(decoded.width * decoded.height * 3)
    expect(Math.max(...decoded.data.subarray(0, 30_000)), file).toBeGreaterThan(100)
  }
})

describe('decodeImage: bad input', () => {
  test.each(['https://example.org/a.png', 'file:///a.png', 's3://bucket/a.png'])(
    '%s is an address, and not a file that is missing',
    async (uri) => {
      await expect(decodeImage(uri)).rejects.toHaveCode(
        'ERR_WORDMASK_FILE_NOT_FOUND',
        /received an address: .* Fetch it and pass the bytes/,
      )
    },
  )

  test('missing, a folder, empty, not an image, SVG', async () => {
    await expect(decodeImage(join(folder, 'none.jpg'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /none\.jpg/)
    await expect(decodeImage(folder)).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /folder/)
    const empty = join(folder, 'empty.jpg')
    await writeFile(empty, '')
    await expect(decodeImage(empty)).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /empty\.jpg is empty: 0 bytes/)
    await expect(decodeImage(new Uint8Array())).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /0 bytes/)
    await expect(decodeImage(Buffer.from('hello'))).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /cannot be decoded/)
    await expect(decodeImage(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'))).rejects.toHaveCode(
      'ERR_WORDMASK_IMAGE',
      /SVG/,
    )
  })

  test('a truncated JPEG, PNG or WebP is refused, not filled with grey', async () => {
    for (const name of ['rgb.jpg', 'grey.png', 'lossy.webp']) {
      const whole = await readFile(join(fixtures, name))
      await expect(decodeImage(whole.subarray(0, Math.floor(whole.length * 0.6))), name).rejects.toHaveCode('ERR_WORDMASK_IMAGE')
    }
  })

  test('a file that lost its end, if only a byte, is refused, from a path and from bytes, also where all pixels are there', async () => {
    const raw = sharp(noise(64, 48).data, { raw: { width: 64, height: 48, channels: 3 } })
    const files = {
      png: await raw.clone().png().toBuffer(),
      'png of few colours': await raw.clone().png({ palette: true }).toBuffer(),
      jpeg: await raw.clone().jpeg().toBuffer(),
      'progressive jpeg': await raw.clone().jpeg({ progressive: true }).toBuffer(),
      'jpeg with EXIF': await raw.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      webp: await raw.clone().webp().toBuffer(),
      gif: (await raw.clone().gif().toBuffer()).subarray(0, -1),
    }
    for (const [name, whole] of Object.entries(files)) {
      const { width } = await decodeImage(whole)
      expect(width > 40, name).toBe(true)
      for (const lost of [1, 2, 5, 12, 20]) {
        const cut = whole.subarray(0, whole.length - lost)
        await expect(decodeImage(cut), `${name} - ${lost}`).rejects.toHaveCode('ERR_WORDMASK_IMAGE')
      }
    }
    const file = join(folder, 'cut.png')
    await writeFile(file, files.png.subarray(0, -4))
    await expect(decodeImage(file)).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /cut\.png is truncated: its \d+ bytes stop before the end/)
    await expect(readLabelMap(file)).rejects.toHaveCode('ERR_WORDMASK_IMAGE')
  })

  test('no beginning of a file is taken for the file, and no bit that flips escapes as another error', async () => {
    const raw = sharp(noise(9, 7).data, { raw: { width: 9, height: 7, channels: 3 } })
    const files = [await raw.clone().png().toBuffer(), await raw.clone().jpeg().toBuffer(), await raw.clone().webp().toBuffer()]
    for (const whole of files) {
      for (let length = 1; length < whole.length; length += 3)
        await expect(decodeImage(whole.subarray(0, length)), `${length} of ${whole.length}`).rejects.toHaveCode('ERR_WORDMASK_IMAGE')
      for (let bit = 0; bit < whole.length * 8; bit += 37) {
        const flipped = Buffer.from(whole)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        const code = await decodeImage(flipped, { maxPixels: 10_000 }).catch((error) => error.code)
        if (typeof code !== 'object') expect(code).toMatch(/^ERR_WORDMASK_IMAGE(_TOO_LARGE)?$/)
      }
    }
  })

  test('what follows the end of an image, as cameras and tools leave it, is ignored', async () => {
    const raw = sharp(noise(64, 48).data, { raw: { width: 64, height: 48, channels: 3 } })
    for (const whole of [await raw.clone().png().toBuffer(), await raw.clone().jpeg().toBuffer(), await raw.clone().gif().toBuffer()]) {
      const { data } = await decodeImage(whole)
      for (const tail of [Buffer.alloc(3), Buffer.from('trailing junk'), whole.subarray(0, 200), Buffer.alloc(5000, 0xff)]) {
        const decoded = await decodeImage(Buffer.concat([whole, tail]))
        expect(Buffer.compare(decoded.data, data)).toBe(0)
      }
    }
  })

  test('more pixels than the limit: size and limit are in the message, before decoding', async () => {
    await expect(decodeImage(join(fixtures, 'wide.jpg'), { maxPixels: 100_000 })).rejects.toHaveCode(
      'ERR_WORDMASK_IMAGE_TOO_LARGE',
      /1500 x 112 = 168000 pixels; the limit is 100000/,
    )
    await expect(decodeImage({ data: pixels, width: 3, height: 2, channels: 3 }, { maxPixels: 5 })).rejects.toHaveCode(
      'ERR_WORDMASK_IMAGE_TOO_LARGE',
    )
  })

  test.each([
    [{ data: pixels, width: 3, height: 3, channels: 3 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /27 bytes/],
    [{ data: pixels, width: 3, height: 2, channels: 4 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /channels/],
    [{ data: pixels, width: 1.5, height: 2, channels: 3 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /width/],
    [{ data: [1, 2, 3], width: 1, height: 1, channels: 3 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /Uint8Array/],
    [{ data: new Uint8Array(), width: 0, height: 4, channels: 3 }, 'ERR_WORDMASK_IMAGE', /empty: 0 x 4/],
    [7, 'ERR_WORDMASK_INVALID_ARGUMENT', /path/],
  ])('%j', async (input, code, message) => {
    await expect(decodeImage(input as never)).rejects.toHaveCode(code, message)
  })
})

describe('streams', () => {
  test('one image, a list and a stream are told apart', () => {
    expect([isSingleImage('a.jpg'), isSingleImage(Buffer.alloc(3)), isSingleImage(['a.jpg'])]).toEqual([true, true, false])
    expect([imageCount('a'), imageCount(['a', 'b']), imageCount(new Set(['a']))]).toEqual([1, 2, undefined])
    expect(() => imageStream(7 as never)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /async iterable/))
  })

  test('mapOrdered keeps the order, bounds the work and reads no further ahead than that', async () => {
    let read = 0
    let running = 0
    let most = 0
    function* source() {
      for (let i = 0; i < 20; i++) {
        read++
        yield i
      }
    }
    const results: number[] = []
    for await (const value of mapOrdered(
      source(),
      async (i) => {
        most = Math.max(most, ++running)
        await new Promise((done) => setTimeout(done, (i % 3) * 2))
        running--
        return i * 2
      },
      { concurrency: 3 },
    )) {
      results.push(value)
      expect(read).toBeLessThanOrEqual(results.length + 3)
    }
    expect(results).toEqual(Array.from({ length: 20 }, (_, i) => i * 2))
    expect(most).toBe(3)
  })

  test('leaving early closes the source', async () => {
    let closed = false
    async function* source() {
      try {
        for (let i = 0; ; i++) yield i
      } finally {
        closed = true
      }
    }
    for await (const value of mapOrdered(source(), async (i) => i, { concurrency: 2 })) if (value === 3) break
    expect(closed).toBe(true)
  })
})

describe('readLabelMap', () => {
  test('palette files give indices (also packed ones), grey files their values', async () => {
    const write = async (name: string, bytes: Uint8Array) => {
      await writeFile(join(folder, name), bytes)
      return join(folder, name)
    }
    const palette = [
      [0, 0, 0],
      [255, 0, 0],
      [0, 255, 0],
      [9, 9, 9],
    ]
    const indexed = await write(
      'p8.png',
      await encodePng({ width: 3, height: 2, data: Uint8Array.from([0, 1, 2, 3, 2, 1]), channels: 1, depth: 8, palette }),
    )
    expect(await readLabelMap(indexed)).toEqual({ labels: Uint8Array.from([0, 1, 2, 3, 2, 1]), width: 3, height: 2, palette })
    // 5 pixels at 2 bits: two bytes a row.
    const packed = await write(
      'p2.png',
      await sharp(
        Uint8Array.from({ length: 30 }, (_, i) => [0, 255, 0][(i + Math.floor(i / 3)) % 3]!),
        { raw: { width: 5, height: 2, channels: 3 } },
      )
        .png({ palette: true, colours: 3 })
        .toBuffer(),
    )
    const map = await readLabelMap(packed)
    expect([map.width, map.height, map.labels.length]).toEqual([5, 2, 10])
    const shown = await decodeImage(packed)
    expect([...map.labels].flatMap((index) => [...map.palette![index]!])).toEqual([...shown.data])
    const deep = await write(
      'g16.png',
      await encodePng({ width: 2, height: 1, data: Uint16Array.from([300, 65_535]), channels: 1, depth: 16 }),
    )
    expect([...(await readLabelMap(deep)).labels]).toEqual([300, 65_535])
  })

  test('colour files, broken files and missing files are named', async () => {
    await expect(readLabelMap(join(fixtures, 'alpha.png'))).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /4 channels/)
    await expect(readLabelMap(join(fixtures, 'bilevel.png'))).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /1 bits/)
    await expect(readLabelMap(join(fixtures, 'rgb.jpg'))).rejects.toHaveCode('ERR_WORDMASK_IMAGE')
    await expect(readLabelMap(join(folder, 'none.png'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
  })
})
