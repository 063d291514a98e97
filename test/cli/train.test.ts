import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Encoder } from '../../lib/encoder/encoder'
import { events, start, wordmask } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-train-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const train = (into: string, ...more: string[]) => [
  'train',
  'clip',
  '--stages',
  '6x8@48,2x4@96',
  '--warmup',
  '2',
  '--into',
  join(folder, into),
  ...more,
]
const read = (...parts: string[]) => readFileSync(join(folder, ...parts))

describe('wordmask train clip', () => {
  test('trains the built-in architecture on the scenes that ship; the model it leaves is one to classify with', async () => {
    const { code, stdout, stderr } = await wordmask(train('short', '--seed', '7', '--json'))
    expect(code, stderr).toBe(0)
    const lines = events(stdout)
    expect(lines.at(-1)).toMatchObject({ event: 'summary', steps: 8, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(lines[0]).toMatchObject({ event: 'metrics', step: 8, lossClass: expect.any(Number), lossClaim: expect.any(Number) })
    expect(JSON.parse(read('short', 'run.json').toString())).toMatchObject({ command: 'train', status: 'done', seed: 7 })
    const metrics = JSON.parse(read('short', 'metrics.jsonl').toString())
    expect(metrics).toMatchObject({ step: 8, size: 96 })
    expect(metrics.loss).toBeCloseTo(metrics.lossClass + metrics.lossPatch + metrics.lossClaim, 4)
    const plot = read('short', 'metrics.svg').toString()
    for (const word of ['<svg', 'lossClass', 'lossPatch', 'lossClaim', 'retrieval in the batch']) expect(plot).toContain(word)

    const clip = join(folder, 'short', 'clip.safetensors')
    const sample = join(__dirname, '../../models/samples')
    const classified = await wordmask(['classify', sample, '--clip', clip, '--classes', 'dog,cat', '--json'])
    expect(classified.code, classified.stderr).toBe(0)
  })

  test('stopped by SIGINT it ends with 130 and a checkpoint; the same command ends with the weights of a run never stopped', async () => {
    const long = (into: string) => [
      'train',
      'clip',
      '--stages',
      '40x8@48',
      '--warmup',
      '2',
      '--into',
      join(folder, into),
      '--checkpoint-every',
      '5',
    ]
    expect((await start(long('stopped'), { raise: { signal: 'SIGINT', at: /20\/40/ } }).ended).code).toBe(130)
    expect(existsSync(join(folder, 'stopped', 'checkpoint.safetensors'))).toBe(true)
    expect(existsSync(join(folder, 'stopped', 'clip.safetensors'))).toBe(false)
    expect(JSON.parse(read('stopped', 'run.json').toString())).toMatchObject({ status: 'interrupted' })
    expect((await wordmask(long('stopped'))).code).toBe(0)
    expect((await wordmask(long('whole'))).code).toBe(0)
    expect(read('stopped', 'clip.safetensors').equals(read('whole', 'clip.safetensors'))).toBe(true)
  }, 240_000)

  test('the class-token objective alone: no patch-level and no claim term', async () => {
    const { code, stdout, stderr } = await wordmask(train('class', '--patch-loss', '0', '--json'))
    expect(code, stderr).toBe(0)
    expect(events(stdout)[0]).toMatchObject({ lossPatch: 0, lossClaim: 0 })
    expect(read('class', 'metrics.svg').toString()).not.toContain('lossPatch')
  })

  test('pictures alone: one loss, no retrieval; the model it leaves is an encoder, and the next line says so', async () => {
    const { code, stdout, stderr } = await wordmask(train('views', '--objective', 'views'))
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/Next: wordmask reco build .*--encoder .*views.clip\.safetensors/)
    expect(JSON.parse(read('views', 'metrics.jsonl').toString())).toMatchObject({ lossClass: 0, lossView: expect.any(Number) })
    expect(read('views', 'metrics.svg').toString()).not.toContain('retrieval')
    const encoder = await Encoder.load(join(folder, 'views', 'clip.safetensors'), { read: 'value' })
    const { shape } = await encoder.features(join(__dirname, '../../models/samples/images/000002.png'), { size: 48 })
    expect(shape).toEqual([6, 6, 192])
    encoder.dispose()
  })

  test.each([
    [['--objective', 'views', '--patch-loss', '1'], /patchLoss/, 2],
    [['--claim-loss', '1', '--patch-loss', '0'], /claimLoss/, 2],
    [['--stages', '6x9@48'], /batchSize.*multiple of the 2 workers.*9/, 2],
    [['--stages', '6x8@50'], /multiple of the patch size 8.*50/, 2],
    [['--clip', join(folder, 'nowhere')], /nowhere/, 1],
  ])('%j fails with words that say what fits', async (more, message, expected) => {
    const { code, stderr } = await wordmask(train('refused', ...more))
    expect(code).toBe(expected)
    expect(stderr).toMatch(message)
  })

  test('a folder with the results of another command, or of a training by other settings, is refused and left as it is', async () => {
    const sample = join(__dirname, '../../models/samples')
    const classified = await wordmask(['classify', sample, '--classes', 'dog,cat', '--into', join(folder, 'classified')])
    expect(classified.code, classified.stderr).toBe(0)
    for (const [into, more, other] of [
      ['classified', [], /results of another run \(other: command/],
      ['short', ['--seed', '8'], /results of another run \(other: seed\)\. Choose another --into$/m],
      ['short', ['--seed', '7', '--learning-rate', '0.01', '--freeze', 'text'], /other: freeze, learningRate|other: learningRate, freeze/],
    ] as const) {
      const before = [read(into, 'run.json'), readdirSync(join(folder, into)).sort()]
      const { code, stderr } = await wordmask(train(into, ...more))
      expect(code, stderr).toBe(2)
      expect(stderr).toMatch(other)
      expect([read(into, 'run.json'), readdirSync(join(folder, into)).sort()]).toEqual(before)
    }
    writeFileSync(join(folder, 'a-file'), '')
    expect((await wordmask(train('a-file'))).stderr).toMatch(/Expected a folder for --into/)
  })

  test('what failed before it began leaves the folder free for other settings', async () => {
    expect((await wordmask(train('again', '--clip', join(folder, 'nowhere')))).code).toBe(1)
    const { code, stderr } = await wordmask(['train', 'clip', '--stages', '2x4@48', '--into', join(folder, 'again')])
    expect(code, stderr).toBe(0)
  })

  test('stages in another form are wrongly asked', async () => {
    const { code, stderr } = await wordmask(['train', 'clip', '--stages', 'many', '--into', join(folder, 'refused')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/steps x batch @ side/)
  })
})
