import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Clip, trainClip } from '../../lib/index'
import { trainingPack } from '../helpers/scene-pack'
import { packed } from './tiny'

const temporary = () => mkdtempSync(join(tmpdir(), 'wordmask-train-node-'))
const stages = [{ steps: 6, batchSize: 8, size: 48 }]

describe('trainClip', () => {
  test('fine-tunes a loaded model with a frozen text tower: image weights move, text weights stay', async () => {
    const into = temporary()
    const trained = await trainClip({ clip: 'scenes', into, stages, warmupSteps: 0, freeze: { vision: false, text: true }, logEvery: 2 })
    expect(trained).toMatchObject({ steps: 6, file: join(into, 'clip.safetensors'), plot: join(into, 'metrics.svg') })
    await using before = await Clip.load('scenes', { dtype: 'float32' })
    await using after = await Clip.load(trained.file, { dtype: 'float32' })
    const texts = ['a photo of a dog', 'a photo of grass']
    expect((await after.encodeText(texts)).data).toEqual((await before.encodeText(texts)).data)
    const picture = { data: new Uint8Array(48 * 48 * 3).fill(90), width: 48, height: 48, channels: 3 as const }
    expect((await after.encodeImage([picture])).data).not.toEqual((await before.encodeImage([picture])).data)
    expect(readFileSync(trained.metrics, 'utf8').trim().split('\n')).toHaveLength(3)
  })
  test('lets the event loop go on, and an abort leaves a checkpoint to go on from', async () => {
    const into = temporary()
    const stop = new AbortController()
    let ticks = 0
    const timer = setInterval(() => ++ticks, 10)
    const options = { data: trainingPack, into, stages: [{ steps: 40, batchSize: 16, size: 48 }], logEvery: 1 }
    const seen: number[] = []
    const onMetrics = ({ step }: { step: number }) => {
      seen.push(step)
      if (step === 8) stop.abort()
    }
    await expect(trainClip({ ...options, onMetrics, signal: stop.signal })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
    const first = seen.length
    const trained = await trainClip({ ...options, onMetrics: ({ step }) => seen.push(step) })
    expect(trained.steps).toBe(40)
    expect(seen[first]).toBeGreaterThan(8)
    expect(seen.at(-1)).toBe(40)
  })
  test('data without tags takes no claim term; asking for one is refused', async () => {
    const into = temporary()
    const data = packed(into, 8)
    const given = { data: { pixels: data.pixels, tokens: data.tokens }, clip: 'scenes', into, claimLoss: 1 }
    await expect(trainClip(given)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /claimLoss/)
  })
  test('an option that there is not is named', async () => {
    await expect(trainClip({ into: 'x', step: 4 } as never)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /step/)
  })
  test.each([
    [{}, /into/],
    [{ into: 3 }, /into/],
    [{ into: 'x', stages: [] }, /stages/],
  ])('%j is refused', async (given, message) => {
    await expect(trainClip(given as never)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})
