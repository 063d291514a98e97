import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImagePlace } from '../../lib/archive/types'
import { openSource } from '../../lib/sources'
import { readPlaces } from '../../lib/sources/places/many'
import { S3Store } from '../../lib/storage/s3'
import { Relay } from '../helpers/relay'
import { setEnvironment, withS3 } from '../helpers/s3-server'
import { noise } from './web'

const s3 = withS3('shards')
const shards = 60
const perShard = 100
const wanted = 2000
const material = noise(64 << 10)
let relay: Relay
let restore = () => {}

beforeAll(async () => {
  if (!s3.server) return
  const store = new S3Store()
  for (let shard = 0; shard < shards; shard++) await store.put(uriOf(shard), await tar(shard))
  relay = await Relay.start(s3.server.endpoint)
  restore = setEnvironment({ AWS_ENDPOINT_URL: relay.endpoint })
}, 300_000)
afterAll(async () => {
  restore()
  await relay?.close()
})

const uriOf = (shard: number) => `s3://shards/train-${String(shard).padStart(3, '0')}.tar`
/** 2 to 15 kB, as photographs of 320x240 are; different ones have different bytes. */
function image(shard: number, index: number): Buffer {
  const spread = Math.imul(shard * perShard + index + 1, 2654435761) >>> 0
  return material.subarray(spread % 40_000, (spread % 40_000) + 2000 + (spread % 13_000))
}

async function tar(shard: number): Promise<Buffer> {
  const archive = pack()
  for (let index = 0; index < perShard; index++) {
    const key = `${String(shard).padStart(3, '0')}${String(index).padStart(5, '0')}`
    archive.entry({ name: `${key}.jpg` }, image(shard, index))
    archive.entry({ name: `${key}.txt` }, 'a photo')
  }
  archive.finalize()
  return buffer(archive)
}

test('2,000 images out of 60 tars of 6,000 on S3: every byte right, at most 1.2 times their own bytes read, no more requests than images', async ({
  skip,
}) => {
  skip(!s3.server, s3.missing)
  const all: ImagePlace[] = []
  for await (const { uri, key, offset, length } of openSource('s3://shards/train-{000..059}.tar')) all.push({ uri, key, offset, length })
  expect(all.length).toBe(shards * perShard)

  const order = noise(all.length * 2, 9)
  const places = all.sort((a, b) => rank(a) - rank(b)).slice(0, wanted)
  function rank({ uri, key }: ImagePlace): number {
    const at = Number(uri.slice(-7, -4)) * perShard + Number(key!.slice(3, 8))
    return order.readUInt16LE(at * 2)
  }
  const own = places.reduce((sum, { length }) => sum + length!, 0)

  relay.reset()
  let images = 0
  for await (const { place, bytes, error } of readPlaces(places)) {
    if (error) throw error
    images++
    expect(bytes.equals(image(Number(place.uri.slice(-7, -4)), Number(place.key!.slice(3, 8))))).toBe(true)
  }
  expect(images).toBe(wanted)
  console.log(
    `read ${relay.bytesRead} bytes for ${own} of ${wanted} images: ${(relay.bytesRead / own).toFixed(3)}, ${relay.seen.length} requests`,
  )
  expect(relay.bytesRead).toBeLessThanOrEqual(1.2 * own)
  expect(relay.seen.length).toBeLessThanOrEqual(wanted)
}, 300_000)
