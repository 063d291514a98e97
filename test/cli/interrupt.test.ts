import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { events, start, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-interrupt-'))
const count = 40
const args = (into: string) => [
  'segment',
  join(folder, 'images'),
  '--classes',
  'fox,grass',
  '--clip',
  join(folder, 'model'),
  '--templates',
  'none',
  '--write',
  'labels',
  '--into',
  join(folder, into),
  '--json',
]

beforeAll(async () => {
  await tinyModel(join(folder, 'model'))
  const one = await picture(join(folder, 'one.png'), 160, 160, 1)
  mkdirSync(join(folder, 'images'))
  for (let i = 0; i < count; i++) symlinkSync(one, join(folder, 'images', `${String(i).padStart(4, '0')}.png`))
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

test('SIGINT finishes the image in hand and ends with 130; the same command then does the rest, each image once', async () => {
  const running = start(args('out'))
  await running.saw(/"event":"image"/)
  running.child.kill('SIGINT')
  const { code, stdout, stderr } = await running.ended
  expect(code).toBe(130)
  expect(stderr).toMatch(/SIGINT: finishing/)
  const first = events(stdout).at(-1)!
  expect(first).toMatchObject({ event: 'summary', stopped: true })
  expect(first.done).toBeGreaterThan(0)
  expect(first.done).toBeLessThan(count)
  expect(JSON.parse(readFileSync(join(folder, 'out', 'run.json'), 'utf8'))).toMatchObject({ status: 'interrupted' })

  const second = events((await wordmask(args('out'))).stdout).at(-1)!
  expect(second).toMatchObject({ stopped: false, skipped: first.done, done: count - first.done })
  const journal = readFileSync(join(folder, 'out', 'images.jsonl'), 'utf8')
    .trim()
    .split('\n')
  expect(journal.length).toBe(count + 1)
})

test('a second SIGINT ends at once with 130', async () => {
  const running = start(args('twice'))
  await running.saw(/"event":"image"/)
  running.child.kill('SIGINT')
  await running.saw(/SIGINT: finishing/)
  running.child.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
})
