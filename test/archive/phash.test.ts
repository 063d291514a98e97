import phash from 'sharp-phash'
import { expect, test } from 'vitest'
import { perceptualHash } from '../../lib/archive/phash'
import { wavePixels } from './pictures'

const libraryHash = async (data: Uint8Array, width: number, height: number) => {
  const bits = await phash(Buffer.from(data), { raw: { width, height, channels: 3 } })
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0')
}

test.each(Array.from({ length: 40 }, (_, seed) => [seed, 1 + ((seed * 37) % 300), 1 + ((seed * 53) % 200)] as const))(
  'seed %i, %i x %i: the bits of sharp-phash',
  async (seed, width, height) => {
    const data = wavePixels(width, height, seed)
    expect(await perceptualHash({ data, width, height })).toBe(await libraryHash(data, width, height))
  },
)

test('one colour: where the frequencies are rounding alone, they round alike', async () => {
  const data = new Uint8Array(64 * 48 * 3).fill(77)
  expect(await perceptualHash({ data, width: 64, height: 48 })).toBe(await libraryHash(data, 64, 48))
})
