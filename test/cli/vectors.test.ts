import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip.js'
import { events, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-vectors-'))
const images = join(folder, 'images')
const model = join(folder, 'model')
const into = (name: string) => join(folder, name)
const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
let clip: Clip

beforeAll(async () => {
  clip = await Clip.load(await tinyModel(model))
  for (let i = 0; i < 3; i++) await picture(join(images, `${i}.png`), 40, 40 + i, i + 1)
  writeFileSync(join(images, 'broken.jpg'), 'no picture')
})
afterAll(() => {
  clip.dispose()
  rmSync(folder, { recursive: true })
})

/** Row-major float32 of an npy file after its header. */
function readNpy(file: string): Float32Array {
  const data = readFileSync(file)
  const start = 10 + data.readUInt16LE(8)
  return new Float32Array(data.buffer.slice(data.byteOffset + start, data.byteOffset + data.length))
}

describe('embed', () => {
  test('rows are those of the API, in the order of images.jsonl; a new image is appended, the broken one is reported', async () => {
    const first = await wordmask(['embed', images, '--clip', model, '--into', into('npy'), '--batch-size', '2', '--json'])
    expect(first.code).toBe(0)
    expect(events(first.stdout).at(-1)).toMatchObject({ event: 'summary', done: 3, rejected: 1 })
    await picture(join(images, '3.png'), 50, 50, 9)
    const second = await wordmask(['embed', images, '--clip', model, '--into', into('npy'), '--json'])
    expect(events(second.stdout).at(-1)).toMatchObject({ done: 1, skipped: 3 })
    const journal = lines(join(into('npy'), 'images.jsonl')).slice(1)
    expect(journal.map(({ name, row }) => [name, row])).toEqual([
      ['0', 0],
      ['1', 1],
      ['2', 2],
      ['3', 3],
    ])
    const { data } = await clip.encodeImage(journal.map(({ image }) => image))
    const rows = readNpy(join(into('npy'), 'embeddings.npy'))
    expect(rows.length).toBe(data.length)
    rows.forEach((value, i) => {
      expect(Math.abs(value - (data[i] as number))).toBeLessThan(1e-5)
    })
  })

  test('texts: a line each, blank lines left out, by the API', async () => {
    writeFileSync(into('texts.txt'), 'a fox\n\nthe sea\n')
    const { code } = await wordmask(['embed', '--texts', into('texts.txt'), '--clip', model, '--format', 'jsonl', '--into', into('texts')])
    expect(code).toBe(0)
    const rows = lines(join(into('texts'), 'images.jsonl')).slice(1)
    expect(rows.map(({ text }) => text)).toEqual(['a fox', 'the sea'])
    const { data } = await clip.encodeText(['a fox', 'the sea'])
    const given = rows.flatMap(({ embedding }) => embedding as number[])
    given.forEach((value, i) => {
      expect(Math.abs(value - (data[i] as number))).toBeLessThan(1e-5)
    })
  })
})

test('classify scores as the API does, best first, one line an image', async () => {
  const { code, stdout } = await wordmask([
    'classify',
    join(images, '0.png'),
    '--classes',
    'fox,grass,sky',
    '--templates',
    'none',
    '--clip',
    model,
    '--json',
  ])
  expect(code).toBe(0)
  const [line] = events(stdout)
  const expected = await clip.classify(join(images, '0.png'), ['fox', 'grass', 'sky'], { templates: 'none' })
  expect(line?.scores.map(({ name }: { name: string }) => name)).toEqual(expected.map(({ name }) => name))
  line?.scores.forEach(({ score }: { score: number }, i: number) => {
    expect(Math.abs(score - (expected[i] as { score: number }).score)).toBeLessThan(1e-4)
  })
})
