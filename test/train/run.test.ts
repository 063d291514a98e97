import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TrainClipOptions, TrainMetrics } from '../../binding'
import { binding } from '../../lib/binding'
import { killedAt } from './killed'
import { packed, temporary, tinyModel, tinyOptions } from './tiny'

async function run(options: TrainClipOptions, task = {}): Promise<TrainMetrics[]> {
  const metrics: TrainMetrics[] = []
  await binding().trainClip(options, (m) => metrics.push(m), task)
  return metrics
}
const rejection = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  )
const model = (options: TrainClipOptions) => readFileSync(join(options.into, 'model.safetensors'))
const logged = (options: TrainClipOptions) =>
  readFileSync(join(options.into, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('a training run', () => {
  test('learns eight pictures and captions by heart', async () => {
    const options = tinyOptions(temporary(), 8, { stages: [{ steps: 150, batchSize: 8, size: 16 }], logEvery: 10 })
    const metrics = await run(options)
    expect(metrics).toHaveLength(15)
    expect(metrics[0]!.retrieval).toBeLessThan(0.6)
    expect(metrics.at(-1)!.retrieval).toBeGreaterThan(0.95)
    expect(metrics.at(-1)!.loss).toBeLessThan(0.3 * metrics[0]!.loss)
  })

  test('killed by SIGKILL and started again: the same weights as uninterrupted, bit for bit, and no step logged twice', async () => {
    const shape = {
      stages: [
        { steps: 20, batchSize: 8, size: 8 },
        { steps: 40, batchSize: 8, size: 16 },
      ],
      checkpointEvery: 7,
      dtype: 'bfloat16' as const,
    }
    const whole = tinyOptions(temporary(), 8, shape)
    await run(whole)
    const killed = tinyOptions(temporary(), 8, shape)
    expect(await killedAt('trainClip', killed, 25)).toBe('SIGKILL')
    expect(existsSync(join(killed.into, 'model.safetensors'))).toBe(false)
    await run(killed)
    expect(model(killed).equals(model(whole))).toBe(true)
    expect(logged(killed).map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    expect(logged(killed).map(({ loss }) => loss)).toEqual(logged(whole).map(({ loss }) => loss))
  })

  test('another seed gives other weights', async () => {
    const [a, b] = [tinyOptions(temporary(), 8, { seed: 1 }), tinyOptions(temporary(), 8, { seed: 2 })]
    await run(a)
    await run(b)
    expect(model(a).equals(model(b))).toBe(false)
  })

  test('aborting writes a checkpoint to go on from', async () => {
    const options = tinyOptions(temporary(), 8, { stages: [{ steps: 60, batchSize: 8, size: 16 }] })
    const cancel = new (binding().CancelToken)()
    const error = await rejection(binding().trainClip(options, ({ step }) => step === 3 && cancel.cancel(), { cancel }))
    expect(error).toHaveCode('ERR_WORDMASK_ABORTED')
    const { metadata } = await binding().readCheckpoint([join(options.into, 'checkpoint.safetensors')], {})
    expect(Number(metadata.step)).toBeGreaterThanOrEqual(3)
    expect(Number(metadata.step)).toBeLessThan(60)
    const rest = await run(options)
    expect(rest[0]!.step).toBe(Number(metadata.step) + 1)
    expect(rest.at(-1)!.step).toBe(60)
  })

  test('a frozen tower keeps its weights, the other one moves', async () => {
    const before = tinyOptions(temporary(), 8)
    await run(before)
    const start = join(before.into, 'model.safetensors')
    const after = tinyOptions(temporary(), 8, { initial: [start], freeze: { vision: true, text: false }, dtype: 'bfloat16' })
    await run(after)
    const read = async (file: string, key: string) => [...(await binding().readTensor([file], key, {})).data]
    const end = join(after.into, 'model.safetensors')
    expect(await read(end, 'visual.proj')).toEqual(await read(start, 'visual.proj'))
    expect(await read(end, 'text_projection')).not.toEqual(await read(start, 'text_projection'))
  })
})

describe('refusals', () => {
  const refused = async (changes: Partial<TrainClipOptions>, code: string, pattern: RegExp) =>
    expect(await rejection(binding().trainClip(tinyOptions(temporary(), 8, changes), () => {}, {}))).toHaveCode(code, pattern)
  const invalid = 'ERR_WORDMASK_INVALID_ARGUMENT'
  test('a batch that does not divide by the workers', () => refused({ workers: 3 }, invalid, /multiple of the 3 workers but received 8/))
  test('a size between patches, and one above the model', async () => {
    await refused({ stages: [{ steps: 1, batchSize: 8, size: 10 }] }, invalid, /multiple of the patch size 4/)
    await refused({ stages: [{ steps: 1, batchSize: 8, size: 32 }] }, invalid, /at most 16 but received 32/)
  })
  test('both towers frozen', () => refused({ freeze: { vision: true, text: true } }, invalid, /both are frozen/))
  test('data that is not there', () =>
    refused({ data: { kind: 'packed', pixels: '/none.safetensors', tokens: '/none.safetensors' } }, 'ERR_WORDMASK_FILE_NOT_FOUND', /none/))
  test('a token without a row', async () => {
    const text = { ...tinyModel.text, vocabSize: 10, endOfText: 9 }
    await refused({ model: { ...tinyModel, text } }, invalid, /token/i)
  })
  test('a folder with the checkpoint of another recipe', async () => {
    const options = tinyOptions(temporary(), 8)
    await run(options)
    expect(await rejection(binding().trainClip({ ...options, learningRate: 1e-4 }, () => {}, {}))).toHaveCode(invalid, /another recipe/)
  })
  test('weights of another shape', async () => {
    const options = tinyOptions(temporary(), 8)
    await run(options)
    const wider = { ...tinyModel, embedDim: 48 }
    await refused(
      { model: wider, initial: [join(options.into, 'model.safetensors')] },
      'ERR_WORDMASK_CHECKPOINT_KEYS',
      /visual\.proj: expected shape/,
    )
  })
  test('packed pictures and captions of different number', async () => {
    const [a, b] = [packed(temporary(), 8), packed(temporary(), 4)]
    await refused({ data: { ...a, tokens: b.tokens } }, invalid, /tokens \[8/)
  })
})
