import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { events, start, wordmask } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-train-segmenter-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const samples = join(__dirname, '../../models/samples')
const train = (into: string, ...more: string[]) => [
  ...['train', 'segmenter', '--images', join(samples, 'images'), '--labels', join(samples, 'labels')],
  ...['--classes', join(samples, 'classes.txt'), '--size', '48', '--width', '0.25', '--batch-size', '2', '--workers', '1'],
  ...['--into', join(folder, into), ...more],
]
const read = (...parts: string[]) => readFileSync(join(folder, ...parts))

describe('wordmask train segmenter', () => {
  test('trains on the sample pictures; the folder it leaves is one to segment with', async () => {
    const validation = ['--val-images', join(samples, 'images'), '--val-labels', join(samples, 'labels'), '--validate-every', '4']
    const { code, stdout, stderr } = await wordmask(train('run', '--steps', '4', '--seed', '7', '--samples', '1', '--json', ...validation))
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/note: mobilenet_v2 starts from random weights.*--backbone-weights/)
    const lines = events(stdout)
    expect(lines.at(-1)).toMatchObject({
      event: 'summary',
      steps: 4,
      images: 8,
      miou: expect.any(Number),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(lines.find((line) => line.miou !== undefined)).toMatchObject({ event: 'metrics', step: 4 })
    expect(JSON.parse(read('run', 'run.json').toString())).toMatchObject({
      command: 'train segmenter',
      status: 'done',
      seed: 7,
      counts: { done: 4 },
    })
    expect(existsSync(join(folder, 'run', 'samples', 'step-000004', '0.png'))).toBe(true)

    const out = join(folder, 'out')
    const segmented = await wordmask([
      'segment',
      join(samples, 'images'),
      '--model',
      join(folder, 'run'),
      '--write',
      'labels,jsonl',
      '--into',
      out,
      '--json',
    ])
    expect(segmented.code, segmented.stderr).toBe(0)
    expect(readdirSync(join(out, 'labels'))).toHaveLength(8)
    expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))).toMatchObject({ model: { family: 'DeepLabv3+' } })
  }, 120_000)

  test('--colours: the default spelled out learns the same, milder changes something else', async () => {
    const weights = async (into: string, ...more: string[]) => {
      const { code, stderr } = await wordmask(train(into, '--steps', '3', '--jitter', '1', '--samples', '0', ...more))
      expect(code, stderr).toBe(0)
      return read(into, 'model.safetensors')
    }
    const usual = await weights('usual')
    expect((await weights('spelled', '--colours', '0.8,0.8,0.8,0.2')).equals(usual)).toBe(true)
    expect((await weights('mild', '--colours', '0.2,0.2,0.2,0.02')).equals(usual)).toBe(false)
  }, 120_000)

  test('stopped by SIGINT it ends with 130 and a checkpoint; the same command ends with the weights of a run never stopped', async () => {
    const long = (into: string) => train(into, '--steps', '24', '--log-every', '2', '--samples', '0')
    expect((await start(long('stopped'), { raise: { signal: 'SIGINT', at: /8\/24/ } }).ended).code).toBe(130)
    expect(existsSync(join(folder, 'stopped', 'checkpoint.safetensors'))).toBe(true)
    expect(existsSync(join(folder, 'stopped', 'wordmask.json'))).toBe(false)
    expect(JSON.parse(read('stopped', 'run.json').toString())).toMatchObject({ status: 'interrupted' })
    expect((await wordmask(long('stopped'))).code).toBe(0)
    expect((await wordmask(long('whole'))).code).toBe(0)
    expect(read('stopped', 'model.safetensors').equals(read('whole', 'model.safetensors'))).toBe(true)
    const other = await wordmask(train('whole', '--steps', '25', '--log-every', '2', '--samples', '0'))
    expect(other.code).toBe(2)
    expect(other.stderr).toMatch(/results of another run \(other: steps\)/)
  }, 120_000)

  test.each([
    [['--size', 'big'], /240x180/, 2],
    [['--scale', '2,1'], /smallest and the largest/, 2],
    [['--colours', '0.2,0.2,0.2,0.6'], /hue up to 0\.5/, 2],
    [['--colours', '0.2'], /brightness, contrast/, 2],
    [['--val-images', 'x'], /--val-images and --val-labels together/, 2],
    [['--batch-size', '1'], /2 to 4096/, 2],
    [['--backbone-weights', '/none.pth'], /none\.pth/, 1],
    [['--ignore', '3'], /ignore/, 2],
  ])('%j fails with words that say what fits', async (more, message, expected) => {
    const { code, stderr } = await wordmask(train('refused', ...more))
    expect(stderr).toMatch(message)
    expect(code).toBe(expected)
  })
})
