import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { writeLabelMap } from '../../lib/write/label-map.js'
import { expectClose } from '../helpers/close.js'
import { events, start, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-interrupt-'))
const at = (name: string) => join(folder, name)
const count = 40
const classes = ['--classes', 'fox,grass', '--templates', 'none']
const commands: Record<string, string[]> = {
  segment: ['segment', at('images'), ...classes, '--write', 'labels'],
  classify: ['classify', at('images'), ...classes, '--batch-size', '2'],
  embed: ['embed', at('images'), '--batch-size', '2'],
  eval: ['eval', at('images'), '--labels', at('labels'), ...classes],
}
const args = (command: string, into: string) => [...commands[command]!, '--clip', at('model'), '--into', at(into), '--json']
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const journal = (into: string) =>
  readFileSync(join(at(into), 'images.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
/** Lines of the journal without what differs from run to run, by image. */
const results = (into: string) =>
  journal(into)
    .map((line) => ({ ...JSON.parse(line), ms: undefined }))
    .sort((a, b) => (a.image < b.image ? -1 : 1))
const files = (into: string) => readdirSync(at(into), { recursive: true, encoding: 'utf8' }).sort()

/** A float32 npy file of format 1. */
function readNpy(file: string): { header: string; values: number[] } {
  const bytes = readFileSync(file)
  const begin = 10 + bytes.readUInt16LE(8)
  const header = bytes.toString('latin1', 0, begin)
  expect(header).toContain("'<f4'")
  return { header, values: [...new Float32Array(new Uint8Array(bytes.subarray(begin)).buffer)] }
}

function expectSameRows(into: string, other: string): void {
  const [rows, others] = [into, other].map((name) => readNpy(join(at(name), 'embeddings.npy')))
  expect(rows!.header).toBe(others!.header)
  expectClose(rows!.values, others!.values)
}

beforeAll(async () => {
  const clip = await Clip.load(await tinyModel(at('model')))
  const one = await picture(at('one.png'), 64, 48, 1)
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'grass'], templates: 'none' })
  await writeLabelMap(at('truth.png'), await segmenter.segment(one))
  clip.dispose()
  for (const name of ['images', 'labels']) mkdirSync(at(name))
  for (let i = 0; i < count; i++) {
    const name = `${String(i).padStart(4, '0')}.png`
    symlinkSync(one, join(at('images'), name))
    symlinkSync(at('truth.png'), join(at('labels'), name))
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

describe.each(Object.keys(commands))('%s', (command) => {
  test('SIGINT finishes what is in hand and ends with 130; the same command does the rest, each image once', async () => {
    const [into, whole] = [`${command}-stopped`, `${command}-whole`]
    const { code, stdout, stderr } = await start(args(command, into), { raise: { signal: 'SIGINT', at: /"event":"(image|row)"/ } }).ended
    expect(code, stderr).toBe(130)
    expect(stderr).toMatch(/SIGINT: finishing/)
    const run = json(join(at(into), 'run.json'))
    const { done } = run.counts
    expect(run.status).toBe('interrupted')
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(count)
    expect(journal(into)).toHaveLength(done)
    if (command !== 'eval') expect(events(stdout).at(-1)).toMatchObject({ event: 'summary', stopped: true, done })
    // Nothing half-written: rows of embed lie under the name that its help gives them until they are all there.
    expect(files(into).filter((name) => /partial|tmp/.test(name))).toEqual(command === 'embed' ? ['embeddings.npy.partial'] : [])
    expect(files(into)).not.toContain('eval.json')
    expect(files(into)).not.toContain('embeddings.npy')

    const second = await wordmask(args(command, into))
    expect(second.code, second.stderr).toBe(0)
    expect(json(join(at(into), 'run.json'))).toMatchObject({ status: 'done', sittings: 2, counts: { skipped: done, done: count - done } })
    expect(journal(into)).toHaveLength(count)

    const undisturbed = await wordmask(args(command, whole))
    expect(undisturbed.code).toBe(0)
    expect(files(into)).toEqual(files(whole))
    expectClose(results(into), results(whole))
    if (command === 'embed') expectSameRows(into, whole)
    for (const name of files(whole).filter((file) => /\.(png|csv)$/.test(file))) {
      expect(readFileSync(join(at(into), name)).equals(readFileSync(join(at(whole), name))), name).toBe(true)
    }
    if (command === 'eval') expect(json(join(at(into), 'eval.json')).figures).toEqual(json(join(at(whole), 'eval.json')).figures)
  }, 240_000)

  test('a second SIGINT ends at once with 130, and the same command still does the rest', async () => {
    const into = `${command}-twice`
    const running = start(args(command, into), { raise: { signal: 'SIGINT', at: /"event":"(image|row)"/ } })
    await running.saw(/SIGINT: finishing/)
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    const second = await wordmask(args(command, into))
    expect(second.code, second.stderr).toBe(0)
    expectClose(results(into), results(`${command}-whole`))
  }, 240_000)
})

test('SIGINT in an evaluation of scenes: 130, no figures of a part; the same command starts over', async () => {
  const scenes = ['eval', '--dataset', 'scenes', '--templates', 'none', '--clip', at('model'), '--into', at('scenes')]
  const running = start([...scenes, '--count', '5000'])
  const deadline = Date.now() + 60_000
  while (!existsSync(join(at('scenes'), 'run.json'))) {
    if (Date.now() > deadline) throw new Error('it never began')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  running.child.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  expect(files('scenes')).toEqual(['run.json'])
  expect(json(join(at('scenes'), 'run.json')).status).toBe('interrupted')
  const other = await wordmask([...scenes, '--count', '4'])
  expect(other.stderr).toMatch(/results of another run \(other: count\)/)
  expect(other.code).toBe(2)
  expect((await wordmask([...scenes, '--count', '4', '--overwrite'])).code).toBe(0)
  expect(files('scenes')).toEqual(['eval.json', 'per-class.csv', 'run.json'])
}, 240_000)

test('SIGKILL in the middle of embed: what was recorded is kept, the rest is done, the rows are those of an undisturbed run to rounding', async () => {
  const running = start(args('embed', 'killed'), { raise: { signal: 'SIGKILL', at: /"event":"row"/ } })
  expect((await running.ended).signal).toBe('SIGKILL')
  const second = await wordmask(args('embed', 'killed'))
  expect(second.code, second.stderr).toBe(0)
  expectSameRows('killed', 'embed-whole')
}, 240_000)
