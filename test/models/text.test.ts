import { describe, expect, test } from 'vitest'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { compute, tiny } from '../helpers/native'
import { load, maxDifference, randomWeights } from '../helpers/weights'

const context = tiny.text.contextLength
const END = 99
const rows = (...texts: number[][]) => Int32Array.from(texts.flatMap((ids) => [...ids, ...Array(context - ids.length).fill(0)]))
const options = { normalize: false, batchSize: 2 }
const withEnd: ClipConfig = { ...tiny, text: { ...tiny.text, endOfText: END } }
const clip = (config = tiny) => binding().Clip.random(config, 9, compute, {})

describe('text tower', () => {
  test('batches and longer neighbours change nothing', async () => {
    const model = await clip()
    const short = [98, 5, 7, END]
    const long = [98, 1, 2, 3, 4, 5, 6, 7, 8, 9, END]
    const together = await model.encodeText(rows(short, long, short), 3, { normalize: false, batchSize: 3 }, {})
    const alone = await model.encodeText(rows(short), 1, options, {})
    expect(maxDifference(together.data.subarray(0, 32), alone.data)).toBeLessThan(2e-6)
    expect(maxDifference(together.data.subarray(64, 96), alone.data)).toBeLessThan(2e-6)
    expect(maxDifference(together.data.subarray(32, 64), alone.data)).toBeGreaterThan(0.1)
  })

  test('what stands after the end of text does not matter, what stands before does', async () => {
    const model = await clip(withEnd)
    const { data } = await model.encodeText(
      rows([98, 5, END], [98, 5, END, 50, 60, END], [98, 6, END]),
      3,
      { normalize: false, batchSize: 3 },
      {},
    )
    expect(maxDifference(data.subarray(0, 32), data.subarray(32, 64))).toBeLessThan(2e-6)
    expect(maxDifference(data.subarray(0, 32), data.subarray(64, 96))).toBeGreaterThan(0.1)
  })

  test('endOfText -1 reads at the largest id, as OpenAI does', async () => {
    const weights = await randomWeights(tiny, 2)
    const tokens = rows([98, 5, END, 1], [3, END, 2, 2])
    const [largest, given] = await Promise.all(
      [tiny, withEnd].map(async (config) => (await load(config, weights.values())).encodeText(tokens, 2, options, {})),
    )
    expect(largest!.data).toEqual(given!.data)
  })

  test('a row without end of text is named', async () => {
    const call = (await clip(withEnd)).encodeText(rows([98, END], [98, 5, 6]), 2, options, {})
    expect(await call.catch((error) => error)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /end-of-text id 99.*row 1/)
  })

  test.each([[100], [-1]])('id %i is outside the vocabulary', async (id) => {
    const call = (await clip()).encodeText(rows([98, id, END]), 1, options, {})
    expect(await call.catch((error) => error)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', new RegExp(`0 to 99 but received ${id}`))
  })
})

describe('reduced vocabulary', () => {
  const vocabulary = [0, 5, 7, 98, END]

  async function reduced() {
    const weights = await randomWeights(tiny, 3)
    const full = await load(tiny, weights.values())
    const table = weights.get('token_embedding.weight')!
    const width = table.shape[1]!
    const data = Float32Array.from(vocabulary.flatMap((id) => [...table.data.subarray(id * width, (id + 1) * width)]))
    weights.set(table.key, { key: table.key, data, shape: [vocabulary.length, width] })
    return { full, small: await load({ ...tiny, text: { ...tiny.text, vocabulary } }, weights.values()) }
  }

  test('answers as the full model does for its ids', async () => {
    const { full, small } = await reduced()
    const tokens = rows([98, 5, 7, 5, END], [98, 7, END])
    expect((await small.encodeText(tokens, 2, options, {})).data).toEqual((await full.encodeText(tokens, 2, options, {})).data)
    expect(small.info().parameters).toBe(full.info().parameters - 95 * 64)
  })

  test('another id is refused by name; after the end of text it is padding', async () => {
    const { small } = await reduced()
    expect(await small.encodeText(rows([98, 6, END]), 1, options, {}).catch((error) => error)).toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /reduced vocabulary \(5 ids\) but received 6/,
    )
    const padded = await small.encodeText(rows([98, 5, END, 6, 42]), 1, options, {})
    expect(padded.data).toEqual((await small.encodeText(rows([98, 5, END]), 1, options, {})).data)
  })
})

describe('classes', () => {
  test('a class is the normalised mean of its normalised prompts', async () => {
    const model = await clip()
    const prompts = rows([98, 5, END], [98, 6, 7, END], [98, 8, END])
    const { data, shape } = await model.encodeClasses(prompts, [2, 1], { batchSize: 2 }, {})
    const unit = await model.encodeText(prompts, 3, { normalize: true, batchSize: 3 }, {})
    const mean = Array.from({ length: 32 }, (_, i) => (unit.data[i]! + unit.data[32 + i]!) / 2)
    const norm = Math.hypot(...mean)
    expect(shape).toEqual([2, 32])
    expect(
      maxDifference(
        data.subarray(0, 32),
        mean.map((value) => value / norm),
      ),
    ).toBeLessThan(1e-6)
    expect(maxDifference(data.subarray(32), unit.data.subarray(64))).toBeLessThan(1e-6)
  })
})
