import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Shard } from '../../lib/archive/types.js'
import type { Operation, OperationSpec, ShardContext } from '../../lib/engine/operation.js'
import { openOperation } from '../../lib/engine/operations.js'
import { readLabelMap } from '../../lib/image/labels.js'
import { configOf, type LabellingConfig } from '../../lib/pseudo/labelling.js'
import { packLabels, unpackLabels } from '../../lib/pseudo/pack.js'
import { segmenterHash } from '../../lib/pseudo/saved.js'
import { planLabelShards } from '../../lib/pseudo/shards.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { picture, tinyModel } from '../cli/tiny.js'
import { temporary } from '../engine/fixtures.js'

const at = temporary('pseudo')
const count = 5
const names = ['fox', 'grass', 'sky']
let segmenter: Segmenter
let shard: Shard
const operations: Operation[] = []

beforeAll(async () => {
  const clip = await tinyModel(at('model'))
  for (let i = 0; i < count; i++) await picture(at('images', `${i}.png`), 40 + i, 48, i + 1)
  writeFileSync(at('images', 'torn.png'), readFileSync(at('images', '1.png')).subarray(0, 60))
  writeFileSync(at('images', 'empty.jpg'), '')
  segmenter = await Segmenter.create({ clip, classes: names })
  await segmenter.save(at('saved'))
  for await (const one of planLabelShards(at('images'), { onReject: () => {} })) shard = one
})
afterAll(() => {
  for (const operation of operations) operation.dispose()
  segmenter?.dispose()
})

async function specOf(more: Partial<LabellingConfig> = {}): Promise<OperationSpec> {
  const config = {
    ...configOf(segmenter.defaults),
    classes: names.map((name) => ({ name })),
    threshold: null,
    orient: true,
    dtype: 'float32',
  }
  return { name: 'pseudo-label', config: { ...config, ...more }, weights: await segmenterHash(at('saved')), model: at('saved') }
}

async function operationOf(more: Partial<LabellingConfig> = {}): Promise<Operation> {
  const operation = await openOperation(await specOf(more), {})
  operations.push(operation)
  return operation
}

function context(more: Partial<ShardContext> = {}): ShardContext {
  return { signal: new AbortController().signal, attempt: 1, careful: false, working: async () => {}, onProgress: () => {}, ...more }
}

/** Label maps of the shard, by image. */
async function mapsOf(operation: Operation) {
  const output = await operation.run(shard, context())
  const { labelled } = unpackLabels(Buffer.from(output.files[0]!.data), shard.name)
  return Promise.all(
    labelled.map(async ({ relative, data, ...facts }) => {
      const file = at(`map-${relative}`)
      writeFileSync(file, data)
      return { relative, ...facts, ...(await readLabelMap(file)) }
    }),
  )
}

/** What names of a segmenter get at every pixel: [names, pixels], softmax in float64. */
async function sharesOf(image: string, classes: string[]): Promise<Float64Array[]> {
  const answer = await segmenter.segment(image, { classes })
  const { data } = await answer.scores({ at: 'image' })
  const n = answer.width * answer.height
  const shares = classes.map(() => new Float64Array(n))
  for (let i = 0; i < n; i++) {
    const powers = classes.map((_, c) => Math.exp((answer.protocol.temperature as number) * data[c * n + i]!))
    const sum = powers.reduce((a, b) => a + b, 0)
    powers.forEach((power, c) => {
      shares[c]![i] = power / sum
    })
  }
  return shares
}

describe('pseudo-label of a shard', () => {
  test('gives the labels that Segmenter.segment gives, with or without background and refinement', async () => {
    for (const view of [{}, { background: { names: ['wall'] } }, { background: { threshold: 0.4 } }, { refine: 'pamr' as const }]) {
      for (const { relative, labels, width, height, pixels } of await mapsOf(await operationOf(view))) {
        const answer = await segmenter.segment(at('images', relative), view)
        expect([width, height]).toEqual([answer.width, answer.height])
        expect(Buffer.compare(Buffer.from(labels), Buffer.from(answer.labels)), JSON.stringify(view)).toBe(0)
        expect(Object.values(pixels).reduce((a, b) => a + b, 0)).toBe(width * height)
      }
    }
  })

  test.each([[[]], [['wall', 'tree']]])(
    'makes 255 of pixels whose best name has less than the threshold, and of no others (background %j)',
    async (others) => {
      const all = [...names, ...others]
      const first = others.length > 0 ? 1 : 0
      const shares = await sharesOf(at('images', '2.png'), all)
      const best = Array.from(shares[0]!, (_, i) => Math.max(...shares.map((share) => share[i]!)))
      const threshold = [...best].sort((a, b) => a - b)[Math.floor(best.length / 2)]!
      const background = others.length > 0 ? { names: others } : null
      const maps = await mapsOf(await operationOf({ threshold, background }))
      const { labels, pixels } = maps.find(({ relative }) => relative === '2.png')!
      let compared = 0
      for (const [i, share] of best.entries()) {
        // What lies on the threshold, or between two names, is rounding.
        const [one, two] = shares.map((row) => row[i]!).sort((a, b) => b - a)
        if (Math.abs(share - threshold) < 1e-4 || one! - two! < 1e-4) continue
        const row = shares.findIndex((each) => each[i] === one)
        expect(labels[i]).toBe(share < threshold ? 255 : row < names.length ? row + first : 0)
        compared++
      }
      expect(compared).toBeGreaterThan(best.length / 2)
      expect(pixels['255']! / best.length).toBeCloseTo(0.5, 1)
    },
  )

  test('counts what cannot be read by its code, and goes on', async () => {
    const output = await (await operationOf()).run(shard, context())
    expect(output).toMatchObject({ images: count + 2, rejects: { ERR_WORDMASK_IMAGE: 2 } })
    const { labelled, rejected } = unpackLabels(Buffer.from(output.files[0]!.data), shard.name)
    expect(labelled.map(({ relative }) => relative)).toEqual(['0.png', '1.png', '2.png', '3.png', '4.png'])
    expect(rejected.map(({ place }) => place.uri.slice(place.uri.lastIndexOf('/') + 1)).sort()).toEqual(['empty.jpg', 'torn.png'])
  })

  test('gives the same bytes whenever it is done, and image by image, each announced before it is read', async () => {
    const operation = await operationOf()
    const announced: string[] = []
    const late: number[] = []
    const careful = context({
      careful: true,
      working: async (name) => void announced.push(name),
      onProgress: (done) => late.push(announced.length - done),
    })
    const [a, b, c] = [await operation.run(shard, context()), await operation.run(shard, context()), await operation.run(shard, careful)]
    expect(Buffer.compare(a!.files[0]!.data, b!.files[0]!.data)).toBe(0)
    expect(Buffer.compare(a!.files[0]!.data, c!.files[0]!.data)).toBe(0)
    expect(announced).toHaveLength(count + 2)
    expect(Math.max(...late)).toBe(0)
  })

  test('leaves the event loop free and ends when it is aborted', async () => {
    const operation = await operationOf({ refine: 'crf' })
    let ticks = 0
    let over = false
    const ticking = (async () => {
      for (; !over; await setImmediate()) ticks++
    })()
    await operation.run(shard, context())
    over = true
    await ticking
    expect(ticks).toBeGreaterThan(4)
    const abort = new AbortController()
    const run = operation.run(shard, context({ signal: abort.signal, working: async () => abort.abort() }))
    await expect(run).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect((await operation.run(shard, context())).images).toBe(count + 2)
  })
})

describe('the segmenter of a run', () => {
  test('is looked for on the machine that works: none there, and another one', async () => {
    const spec = await specOf()
    await expect(openOperation({ ...spec, model: at('none') }, {})).rejects.toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /no segmenter in/)
    await expect(openOperation({ ...spec, weights: 'f'.repeat(64) }, {})).rejects.toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /another one/)
  })

  test('has its hash of what decides answers: names and vectors, not of what else lies there', async () => {
    const before = await segmenterHash(at('saved'))
    writeFileSync(at('saved', 'metrics.jsonl'), 'x')
    expect(await segmenterHash(at('saved'))).toBe(before)
    const other = await Segmenter.create({ clip: at('model'), classes: ['fox', 'grass', 'sea'] })
    await other.save(at('other'))
    other.dispose()
    expect(await segmenterHash(at('other'))).not.toBe(before)
  })
})

test('labels that were torn on their way are not taken for some', () => {
  const place = { uri: '/a.png' }
  const label = { place, relative: 'a.png', bytes: 1, width: 1, height: 1, pixels: { 0: 1 }, png: 3, data: Buffer.from('abc') }
  const packed = packLabels({ labelled: [label, { ...label, data: Buffer.from('de'), png: 2 }], rejected: [] })
  expect(unpackLabels(packed, 's').labelled.map(({ data }) => Buffer.from(data).toString())).toEqual(['abc', 'de'])
  for (const bad of [packed.subarray(0, packed.length - 1), packed.subarray(3), Buffer.alloc(0)])
    expect(() => unpackLabels(bad, 'the shard')).toThrow(/the shard are damaged/)
})
