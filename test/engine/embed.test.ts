import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embedImages } from '../../lib/archive/embed.js'
import type { ArchiveRecord } from '../../lib/archive/records.js'
import { readRows } from '../../lib/archive/records.js'
import type { Shard } from '../../lib/archive/types.js'
import { Clip } from '../../lib/clip/clip.js'
import { embedSpec, openEmbed } from '../../lib/engine/embed.js'
import type { Operation, ShardContext } from '../../lib/engine/operation.js'
import { openOperation } from '../../lib/engine/operations.js'
import { openShard, planShards } from '../../lib/sources/index.js'
import { picture, tinyModel } from '../cli/tiny.js'
import { spec as digest, stream, temporary } from './fixtures.js'

const at = temporary('embed')
const count = 9
let clip: Clip
let operation: Operation
let shards: Shard[]

beforeAll(async () => {
  clip = await Clip.load(await tinyModel(at('model')))
  for (let i = 0; i < count; i++) await picture(at('images', `${i}.png`), 40 + i, 48, i)
  writeFileSync(at('images', 'torn.png'), readFileSync(at('images', '1.png')).subarray(0, 60))
  writeFileSync(at('images', 'empty.jpg'), '')
  shards = []
  for await (const shard of planShards(at('images'), { shardSize: 4 })) shards.push(shard)
  operation = await openOperation(await embedSpec(clip), {})
})
afterAll(() => {
  operation?.dispose()
  clip?.dispose()
})

function context(more: Partial<ShardContext> = {}): ShardContext & { seen: string[] } {
  const seen: string[] = []
  const working = async (image: string) => void seen.push(image)
  return { signal: new AbortController().signal, attempt: 1, careful: false, working, onProgress: () => {}, seen, ...more }
}

async function recordsOf(data: Uint8Array): Promise<ArchiveRecord[]> {
  const records: ArchiveRecord[] = []
  for await (const { record } of readRows(stream([data]), 'a fragment')) records.push(record)
  return records
}

describe('embed', () => {
  test('gives the rows and rejects that a plain pass over the same images gives', async () => {
    let images = 0
    for (const shard of shards) {
      const output = await operation.run(shard, context())
      const plain: ArchiveRecord[] = []
      for await (const { records } of embedImages(clip, openShard(shard))) plain.push(...records)
      const untimed = (records: ArchiveRecord[]) => records.map((record) => ('row' in record ? { ...record.row, addedAt: '' } : record))
      expect(untimed(await recordsOf(output.files[0]!.data))).toEqual(untimed(plain))
      expect(output.images).toBe(plain.length)
      images += output.images
    }
    expect(images).toBe(count + 2)
  })

  test('counts what cannot be read by its code, and goes on', async () => {
    const outputs = await Promise.all(shards.map((shard) => operation.run(shard, context())))
    const rejects = outputs.flatMap((output) => Object.entries(output.rejects))
    expect(rejects.reduce((sum, [, n]) => sum + n, 0)).toBe(2)
    expect(new Set(rejects.map(([code]) => code))).toEqual(new Set(['ERR_WORDMASK_IMAGE']))
  })

  test('gives the same bytes whenever it is done, and image by image', async () => {
    const [first, again, careful] = [
      await operation.run(shards[0]!, context()),
      await operation.run(shards[0]!, context({ attempt: 2 })),
      await operation.run(shards[0]!, context({ attempt: 2, careful: true })),
    ]
    expect(Buffer.compare(first.files[0]!.data, again.files[0]!.data)).toBe(0)
    const [a, b] = [await recordsOf(first.files[0]!.data), await recordsOf(careful.files[0]!.data)]
    expect(b.map((record) => ('row' in record ? record.row.id : ''))).toEqual(a.map((record) => ('row' in record ? record.row.id : '')))
  })

  test('announces every image before it is read; carefully, only one at a time', async () => {
    const careful = context({ careful: true })
    const done: number[] = []
    await operation.run(shards[0]!, {
      ...careful,
      working: async (id) => void careful.seen.push(id),
      onProgress: (n) => done.push(careful.seen.length - n),
    })
    expect(careful.seen).toHaveLength(4)
    expect(done).toEqual([0, 0, 0, 0])
  })

  test('leaves the event loop free and ends when it is aborted', async () => {
    let ticks = 0
    let over = false
    const ticking = (async () => {
      for (; !over; await setImmediate()) ticks++
    })()
    await operation.run(shards[0]!, context())
    over = true
    await ticking
    expect(ticks).toBeGreaterThan(4)
    const abort = new AbortController()
    const run = operation.run(shards[0]!, context({ signal: abort.signal, working: async () => abort.abort() }))
    await expect(run).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect((await operation.run(shards[0]!, context())).images).toBe(4)
  })
})

describe('the identity of embed', () => {
  test('is that of the weights and of what changes a vector, and not of the path', async () => {
    const a = await embedSpec(clip)
    expect(a).toMatchObject({ name: 'embed', model: at('model'), config: { dim: 32, dtype: 'float32', activation: 'gelu', orient: true } })
    expect(a.weights).toMatch(/^[0-9a-f]{64}$/)
    expect((await embedSpec(clip, { orient: false })).config).not.toEqual(a.config)
  })

  test('is checked on the machine that works: a missing model, and another one of that name', async () => {
    const spec = await embedSpec(clip)
    await expect(openEmbed({ ...spec, model: 'hf-hub:nobody/nothing' }, {})).rejects.toHaveCode(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      /model pull/,
    )
    await expect(openEmbed({ ...spec, weights: 'f'.repeat(64) }, {})).rejects.toHaveCode(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      /weights .* not ffff/,
    )
  })

  test('an operation that this version does not know is refused', async () => {
    await expect(openOperation(digest, {})).rejects.toHaveCode('ERR_WORDMASK_VERSION', /knows no operation "digest", only embed/)
  })
})
