import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { goldenFile } from '../helpers/golden'
import { type Picture, type ResizeFrame, type ResizeOptions, testing } from '../helpers/testing'

/** Hard edges, ramps and noise; the same integers as picture() in test/parity/resize.py. */
function picture(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3)
    const x = pixel % width
    const y = Math.floor(pixel / width)
    const kind = (Math.floor(x / 7) + Math.floor(y / 5)) % 3
    if (kind === 0) data[i] = 255 * ((Math.floor(x / 3) + y) % 2)
    else data[i] = kind === 1 ? (Math.imul(i, 2654435761) >>> 13) % 256 : (x * 2 + y * 3) % 256
  }
  return { data, width, height }
}

const resize = (image: Picture, frame: Partial<ResizeFrame>, options: ResizeOptions, strided = false) =>
  testing().resizeNormalize([image], [{ width: options.width, height: options.height, left: 0, top: 0, ...frame }], options, strided)

/** Planes of x / 255 back to interleaved bytes. */
function bytes(planes: Float32Array): Uint8Array {
  const plane = planes.length / 3
  return Uint8Array.from(planes, (_, i) => Math.round(planes[(i % 3) * plane + Math.floor(i / 3)]! * 255))
}

const grey = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]))

describe('resize_normalize by hand', () => {
  test('two pixels to four, bilinear: 0, 1/4, 3/4 and all of the way, rounded half up', () => {
    const planes = resize({ data: grey(0, 100), width: 2, height: 1 }, {}, { width: 4, height: 1, filter: 'bilinear' })
    expect([...bytes(planes).filter((_, i) => i % 3 === 0)]).toEqual([0, 25, 75, 100])
  })

  test('four pixels to two, bilinear: the triangle is stretched to 1/7, 3/7, 3/7 beyond which nothing lies', () => {
    // Weights .25 * (.5 + 1.5, ...): distances .5, .5 and 1.5 of 2 give .75, .75, .25, normalised.
    const planes = resize({ data: grey(70, 0, 0, 0), width: 4, height: 1 }, {}, { width: 2, height: 1, filter: 'bilinear' })
    expect([...bytes(planes).filter((_, i) => i % 3 === 0)]).toEqual([30, 0])
  })

  test('nearest takes the pixel under the middle', () => {
    const planes = resize({ data: grey(1, 2, 3, 4, 5), width: 5, height: 1 }, {}, { width: 3, height: 1, filter: 'nearest' })
    expect([...bytes(planes).filter((_, i) => i % 3 === 0)]).toEqual([1, 3, 5])
  })

  test('a cubic that swings below 0 and above 255 is cut', () => {
    const edge = { data: grey(0, 0, 255, 255), width: 4, height: 1 }
    const values = bytes(resize(edge, {}, { width: 16, height: 1, filter: 'bicubic' })).filter((_, i) => i % 3 === 0)
    expect(values.slice(0, 5)).toEqual(Uint8Array.of(0, 0, 0, 0, 0))
    expect(values.slice(11)).toEqual(Uint8Array.of(255, 255, 255, 255, 255))
  })

  test('(x / 255 - mean) / std a channel', () => {
    const image = { data: Uint8Array.of(255, 51, 0), width: 1, height: 1 }
    const options = { width: 1, height: 1, filter: 'bicubic', mean: [0.5, 0.1, 0.25], std: [0.25, 0.5, 0.125] } as const
    expect([...resize(image, {}, { ...options, mean: [...options.mean], std: [...options.std] })]).toEqual([2, expect.closeTo(0.2, 6), -2])
  })
})

interface PillowCase {
  from: [number, number]
  to: [number, number]
  filter: ResizeOptions['filter']
  sha256: string
}
const golden: { pillow: string; cases: PillowCase[] } = JSON.parse(readFileSync(goldenFile('resize.json'), 'utf8'))

describe(`byte for byte what Pillow ${golden.pillow} answers`, () => {
  test.each(golden.cases)('$from to $to, $filter', ({ from, to, filter, sha256 }) => {
    const planes = resize(picture(...from), {}, { width: to[0], height: to[1], filter })
    expect(createHash('sha256').update(bytes(planes)).digest('hex')).toBe(sha256)
  })
})

const cases = [
  { from: [9, 7], to: [5, 4], window: [0, 0, 5, 4] },
  { from: [50, 38], to: [30, 22], window: [4, 0, 22, 22] },
  { from: [17, 90], to: [21, 111], window: [3, 40, 11, 13] },
  { from: [120, 3], to: [7, 9], window: [6, 8, 1, 1] },
  { from: [33, 21], to: [33, 40], window: [0, 39, 33, 1] },
].flatMap((item) => (['nearest', 'bilinear', 'bicubic'] as const).map((filter) => ({ ...item, filter })))

describe('a window of the resized image against the plain reference', () => {
  const mean = [0.48145466, 0.4578275, 0.40821073]
  const std = [0.26862954, 0.26130258, 0.27577711]
  test.each(cases)('$from to $to, $filter, window $window', ({ from, to, filter, window }) => {
    const image = picture(from[0]!, from[1]!)
    const [left, top, width, height] = window as [number, number, number, number]
    const frame = { width: to[0]!, height: to[1]!, left, top }
    const options = { width, height, filter, mean, std }
    const exact = testing().resizeNormalizeReference(image, frame, options)
    const ours = testing().resizeNormalize([image], [frame], options, false)
    expect(ours.length).toBe(exact.length)
    // Values below 4, three roundings of float32 each: one byte further would be 1 / 255 / .28 = .014.
    for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i]! - exact[i]!), `value ${i}`).toBeLessThan(2e-6)
    expect(testing().resizeNormalize([image], [frame], options, true)).toEqual(ours)
  })

  test('images of different sizes in one batch answer as each alone, on one thread and on two', () => {
    const images = [picture(40, 31), picture(13, 57), picture(24, 24)]
    const frames = [
      { width: 31, height: 24, left: 3, top: 0 },
      { width: 24, height: 105, left: 0, top: 40 },
      { width: 24, height: 24, left: 0, top: 0 },
    ]
    const options = { width: 24, height: 24, filter: 'bicubic' as const, mean, std }
    const alone = images.map((image, i) => testing().resizeNormalize([image], [frames[i]!], options, false))
    const together = testing().resizeNormalize(images, frames, options, false)
    for (let i = 0; i < 3; i++) expect(together.subarray(i * 1728, (i + 1) * 1728)).toEqual(alone[i])
    testing().setThreads(2)
    expect(testing().resizeNormalize(images, frames, options, false)).toEqual(together)
    expect(testing().resizeNormalize([images[0]!], [frames[0]!], options, false)).toEqual(alone[0])
  })
  afterAll(() => testing().setThreads(1))
})

test.each([
  [500, 298, 'bicubic'],
  [298, 500, 'bicubic'],
  [4000, 13, 'bicubic'],
  [100, 37, 'bilinear'],
  [3, 200, 'bilinear'],
  [77, 50, 'nearest'],
  [1, 1, 'bicubic'],
])('vectors and plain C++ give the same bytes: %i to %i, %s', (size, resized, filter) => {
  for (let seed = 0; seed < 4; seed++) expect(testing().resizePassesDiffer(size, resized, filter, seed)).toBe(0)
})

describe('BAD CALL - resize_normalize', () => {
  const image = picture(4, 3)
  const frame = { width: 8, height: 6, left: 0, top: 0 }
  const options: ResizeOptions = { width: 8, height: 6, filter: 'bicubic' }
  const call = (images: Picture[], frames: ResizeFrame[], changed: Partial<ResizeOptions> = {}) => {
    try {
      testing().resizeNormalize(images, frames, { ...options, ...changed }, false)
    } catch (error) {
      return error
    }
    return undefined
  }

  test('no image, no answer', () => {
    expect(testing().resizeNormalize([], [], options, false).length).toBe(0)
    expect(testing().resizeNormalize([image], [frame], { ...options, height: 0 }, false).length).toBe(0)
  })

  test.each([
    ['a frame missing', [image], [], {}, /frame for each of 1 images but received 0/],
    ['four channels', [{ data: new Uint8Array(16), width: 2, height: 2 }], [frame], {}, /\[height, width, 3\].*\[2, 2, 4\]/],
    ['a window beyond the image', [image], [{ ...frame, left: 1 }], {}, /8x6 but received 8x6 at column 1, row 0/],
    ['a window before the image', [image], [{ ...frame, top: -1 }], {}, /row -1/],
    ['a size of 0', [image], [{ ...frame, width: 0 }], { width: 0 }, /0x6/],
    ['a size beyond 32 bits', [image], [{ ...frame, width: 2 ** 31 }], {}, /2147483648x6/],
    ['std 0', [image], [frame], { std: [1, 0, 1] }, /positive std but received 0/],
  ] as [string, Picture[], ResizeFrame[], Partial<ResizeOptions>, RegExp][])('%s', (_, images, frames, changed, message) => {
    expect(call(images, frames, changed)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})
