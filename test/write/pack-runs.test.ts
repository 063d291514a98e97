import { decodeBinary, encodeBinary } from '@thi.ng/rle-pack'
import { describe, expect, test } from 'vitest'
import { rowRuns } from '../../lib/write/label-studio'
import { packRuns } from '../../lib/write/pack-runs'
import { blobs, pixelsOf, segmentationOf } from './pictures'

/** Four words a pixel, as the library takes them. */
const words = (bits: number[]) => Uint8Array.from({ length: bits.length * 4 }, (_, i) => bits[i >> 2]! * 255)
const expand = (runs: Iterable<number>) => [...runs].flatMap((run, i) => new Array<number>(run).fill(i % 2))

describe('packRuns', () => {
  test('two pixels, one inside, by hand: 32 bits of words, 5 of word size, 4 x 4 of lengths, then two runs of 4', () => {
    const bits = `${(8).toString(2).padStart(32, '0')} 00111 0010 0011 0111 1111 1 00 011 00000000 1 00 011 11111111`.replaceAll(' ', '')
    const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)!
    expect(packRuns([1, 1], 2)).toEqual(bytes.map((byte) => Number.parseInt(byte, 2)))
    expect(packRuns([1, 1], 2)).toEqual([...encodeBinary(words([0, 1]), 8)])
  })

  test.each([1, 2, 3])('seed %i: the bytes of rle-pack', async (seed) => {
    const [w, h] = [37, 20 + seed]
    const labels = blobs(w, h, 2, seed)
    for (const mask of await segmentationOf(labels, w, h, ['a', 'b']).masks()) {
      const bits = pixelsOf(labels, mask.classIndex)
      expect(expand(rowRuns(mask))).toEqual(bits)
      expect(packRuns(rowRuns(mask), w * h)).toEqual([...encodeBinary(words(bits), w * h * 4)])
    }
  })

  test('runs longer than 65,536 words are cut where rle-pack cuts them', () => {
    for (const runs of [[16_384], [16_383, 16_385, 3], [0, 40_000, 1], [16_384, 16_384, 32_768]]) {
      const bits = expand(runs)
      const packed = Buffer.from(packRuns(runs, bits.length))
      expect(packed.equals(encodeBinary(words(bits), bits.length * 4))).toBe(true)
      expect(Buffer.from(decodeBinary(packed) as Uint8Array).equals(words(bits))).toBe(true)
    }
  })
})

describe('rowRuns', () => {
  test('one pixel in a corner, the whole image, a column', async () => {
    const masks = async (labels: number[], w: number, h: number) => (await segmentationOf(labels, w, h, ['a', 'b']).masks()).at(-1)!
    expect([...rowRuns(await masks([0, 0, 0, 0, 0, 1], 3, 2))]).toEqual([5, 1])
    expect([...rowRuns(await masks([1, 0, 0, 0, 0, 0], 3, 2))]).toEqual([0, 1, 5])
    expect([...rowRuns(await masks([1, 1, 1, 1], 2, 2))]).toEqual([0, 4])
    expect([...rowRuns(await masks([0, 1, 0, 0, 1, 0], 3, 2))]).toEqual([1, 1, 2, 1, 1])
    expect([...rowRuns(await masks([0, 0, 1, 1, 1, 1], 2, 3))]).toEqual([2, 4])
  })
})
