import phash from 'sharp-phash'
import { describe, expect, test } from 'vitest'
import { hashGrey, perceptualHash } from '../../lib/archive/phash'
import { binding } from '../../lib/binding'
import { hamming } from '../../lib/curate/near'
import { random } from '../helpers/testing'
import { wavePixels } from './pictures'

const libraryHash = async (data: Uint8Array, width: number, height: number) => {
  const bits = await phash(Buffer.from(data), { raw: { width, height, channels: 3 } })
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0')
}
const grey = (values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]))
const thumbnail = async (data: Uint8Array, width: number, height: number, side: number) =>
  Array.from(await binding().greyThumbnail({ data, width, height }, side, {}))

/** Twenty waves of random direction and phase, at most eight of them across the picture, weaker the shorter they are. */
function smooth(width: number, height: number, seed: number): number[] {
  const next = random(seed + 1)
  const waves = Array.from({ length: 20 }, () => ({ u: 16 * next() - 8, v: 16 * next() - 8, phase: 2 * Math.PI * next() }))
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height]
    const sum = waves.reduce((all, { u, v, phase }) => all + Math.cos(2 * Math.PI * (u * x + v * y) + phase) / (1 + Math.hypot(u, v)), 0)
    return Math.max(0, Math.min(255, Math.round(128 + 90 * sum)))
  })
}

/** By the definition, in exact whole numbers: the picture is looked at side times larger, pixel by pixel. */
function byDefinition(data: Uint8Array, width: number, height: number, side: number): number[] {
  const sums = new Array<bigint>(side * side).fill(0n)
  for (let y = 0; y < height * side; y++) {
    for (let x = 0; x < width * side; x++) {
      const at = 3 * (Math.floor(y / side) * width + Math.floor(x / side))
      const luma = 19595 * data[at]! + 38470 * data[at + 1]! + 7471 * data[at + 2]!
      sums[Math.floor(y / height) * side + Math.floor(x / width)]! += BigInt(luma)
    }
  }
  const area = BigInt(width * height) << 16n
  return sums.map((sum) => Number((sum + area / 2n) / area))
}

describe('the grey thumbnail', () => {
  test('a pixel under two cells counts for both by its share; halves are rounded up', async () => {
    expect(await thumbnail(grey([0, 90, 255, 0, 90, 255]), 3, 2, 2)).toEqual([30, 200, 30, 200])
    expect(await thumbnail(grey([0, 255, 255, 0]), 2, 2, 1)).toEqual([128])
    expect(await thumbnail(grey([10, 20]), 2, 1, 4)).toEqual([10, 10, 20, 20, 10, 10, 20, 20, 10, 10, 20, 20, 10, 10, 20, 20])
    expect(await thumbnail(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255), 2, 2, 2)).toEqual([76, 150, 29, 255])
  })

  test.each([
    [1, 1, 5],
    [1, 40, 8],
    [7, 5, 6],
    [31, 33, 32],
    [64, 32, 32],
    [50, 37, 16],
    [101, 3, 7],
  ])('%i x %i to %i cells a side: to the last bit the sums of the definition', async (width, height, side) => {
    const next = random(width * 1000 + height)
    const data = Uint8Array.from({ length: width * height * 3 }, () => Math.floor(256 * next()))
    expect(await thumbnail(data, width, height, side)).toEqual(byDefinition(data, width, height, side))
  })

  test('an image of the wrong length and a side of 0 are refused', async () => {
    await expect(binding().greyThumbnail({ data: new Uint8Array(11), width: 2, height: 2 }, 4, {})).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
    )
    await expect(binding().greyThumbnail({ data: new Uint8Array(12), width: 2, height: 2 }, 0, {})).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
    )
  })
})

describe('the hash', () => {
  test.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'seed %i: of 32 x 32 greys, which nothing makes smaller, the bits of sharp-phash',
    async (seed) => {
      const values = Array.from({ length: 1024 }, (_, i) => wavePixels(32, 32, seed + 1)[3 * i]!)
      expect(await perceptualHash({ data: grey(values), width: 32, height: 32 })).toBe(await libraryHash(grey(values), 32, 32))
      expect(hashGrey(Uint8Array.from(values))).toBe(await libraryHash(grey(values), 32, 32))
    },
  )

  test('of smooth grey pictures of any size: nearly the bits of sharp-phash, which makes them smaller by another filter', async () => {
    const bits: number[] = []
    for (let seed = 0; seed < 20; seed++) {
      const [width, height] = [40 + ((seed * 37) % 200), 40 + ((seed * 53) % 100)]
      const data = grey(smooth(width, height, seed))
      bits.push(hamming(await perceptualHash({ data, width, height }), await libraryHash(data, width, height)))
    }
    expect(bits.reduce((sum, n) => sum + n, 0) / bits.length).toBeLessThan(2)
  })
})
