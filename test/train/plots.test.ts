import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { plotMetrics } from '../../lib/train/plot.js'
import { plotSegmenter } from '../../lib/train/segmenter/plot.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-plots-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function draw(plot: typeof plotSegmenter, lines: object[]): Promise<string> {
  const metrics = join(folder, 'metrics.jsonl')
  writeFileSync(metrics, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await plot(metrics, join(folder, 'metrics.svg'))
  return readFileSync(join(folder, 'metrics.svg'), 'utf8')
}
const points = (svg: string) => svg.match(/aria-roledescription="point"/g)?.length ?? 0
const step = (i: number) => ({ step: i + 1, loss: 2 / (i + 1), learningRate: 0.002, backboneLearningRate: 0.001 })

describe('the curves of a training', () => {
  test('a run that logged once shows what it logged, as points: one point makes no line', async () => {
    expect(points(await draw(plotSegmenter, [step(3)]))).toBe(3)
    const clip = { ...step(0), lossClass: 1, lossPatch: 0, lossClaim: 0, retrieval: 0.5 }
    expect(points(await draw(plotMetrics, [clip]))).toBe(3)
  })
  test('a long run shows lines alone, and points where it was validated', async () => {
    const steps = Array.from({ length: 30 }, (_, i) => step(i))
    expect(points(await draw(plotSegmenter, steps))).toBe(0)
    expect(points(await draw(plotSegmenter, [...steps, { step: 30, miou: 0.5, crfMiou: 0.6, accuracy: 0.7 }]))).toBe(3)
  })
  test('series have names that are read in full', async () => {
    const svg = await draw(plotSegmenter, [step(0), { step: 1, miou: 0.5, crfMiou: 0.6, accuracy: 0.7 }])
    for (const name of ['loss', 'head', 'backbone', 'mIoU', 'mIoU after CRF', 'accuracy']) expect(svg).toContain(`>${name}</text>`)
    expect(svg).not.toContain('…')
  })
})
