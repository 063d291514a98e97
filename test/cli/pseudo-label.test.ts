import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readClassFile } from '../../lib/text/class-file.js'
import { events, start, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-cli-pseudo-'))
const at = (...names: string[]) => join(folder, ...names)
const count = 40
// The division of work among threads moves the last bits of scores; here label maps are compared.
const env = { WORDMASK_THREADS: '1' }
const run = (...args: string[]) => wordmask(['pseudo-label', ...args], { cwd: folder, env })
const common = ['photos', '--clip', at('model'), '--classes', 'fox,grass,sky', '--refine', 'crf']
const maps = (into: string) =>
  Object.fromEntries(readdirSync(at(into, 'labels')).map((name) => [name, readFileSync(at(into, 'labels', name))]))

beforeAll(async () => {
  await tinyModel(at('model'))
  for (let i = 0; i < count; i++) await picture(at('photos', `${String(i).padStart(2, '0')}.png`), 60 + i, 48, i + 1)
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

describe('wordmask pseudo-label', () => {
  test('ends with the line to type next, and that line trains a network on the labels', async () => {
    const { code, stdout, stderr } = await run(...common, '--background', 'names:wall,tree', '--threshold', '0.35', '--into', 'pseudo')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^40 labelled in /)
    const next = /^Next: wordmask (.*)$/m.exec(stdout)![1]!
    expect(next).toBe(
      'train segmenter --images pseudo/images --labels pseudo/labels --classes pseudo/classes.json --background --into pseudo-segmenter',
    )
    expect((await readClassFile(at('pseudo', 'classes.json'))).map(({ name }) => name)).toEqual(['fox', 'grass', 'sky'])
    expect(JSON.parse(readFileSync(at('pseudo', 'run.json'), 'utf8'))).toMatchObject({
      ...{ command: 'pseudo-label', status: 'done', classes: ['fox', 'grass', 'sky'], counts: { done: count, rejected: 0 } },
      settings: { refine: 'crf', threshold: 0.35, method: 'maskclip', images: 'link' },
    })
    const small = ['--size', '32', '--width', '0.1', '--batch-size', '2', '--steps', '2', '--workers', '1', '--samples', '0']
    const trained = await wordmask([...next.split(' '), ...small], { cwd: folder })
    expect(trained.code, trained.stderr).toBe(0)
    expect(trained.stderr).not.toMatch(/rejected/)
    const segmented = await wordmask(['segment', 'photos/00.png', '--model', 'pseudo-segmenter', '--into', 'out'], { cwd: folder })
    expect(segmented.code, segmented.stderr).toBe(0)
    // What was trained can be the next teacher.
    const again = await run('photos', '--model', 'pseudo-segmenter', '--into', 'second', '--json')
    expect(again.code, again.stderr).toBe(0)
    expect(events(again.stdout).at(-1)).toMatchObject({
      event: 'summary',
      done: count,
      background: true,
      next: expect.stringMatching(/^wordmask train/),
    })
  }, 240_000)

  test('killed, the same command goes on to the same maps; then it has nothing to do', async () => {
    const whole = await run(...common, '--into', 'whole', '--shard-size', '2')
    expect(whole.code, whole.stderr).toBe(0)
    const args = [...common, '--into', 'killed', '--shard-size', '2', '--json']
    const running = start(['pseudo-label', ...args], { cwd: folder, env, raise: { signal: 'SIGKILL', at: /"done":[1-9]/ } })
    expect((await running.ended).signal).toBe('SIGKILL')
    const finished = await run(...args)
    expect(finished.code, finished.stderr).toBe(0)
    expect(events(finished.stdout).at(-1)).toMatchObject({ event: 'summary', labelled: count, rejected: 0 })
    expect(maps('killed')).toEqual(maps('whole'))
    const status = await wordmask(['status', at('killed'), '--json'])
    expect(events(status.stdout)).toMatchObject([
      { operation: 'pseudo-label', images: count, shards: { total: 20, done: 20, committed: 20 } },
    ])
    const idle = await run(...args)
    expect(events(idle.stdout).at(-1)).toMatchObject({ event: 'summary', done: 0, labelled: count })
  }, 240_000)

  test('--no-orient: the maps lie on the images as stored, and the line to type next trains on them so', async () => {
    await picture(at('plain.jpg'), 60, 48, 7)
    mkdirSync(at('turned'))
    for (const [i, orientation] of [6, 3, 8].entries())
      await sharp(at('plain.jpg'))
        .withMetadata({ orientation })
        .toFile(at('turned', `${i}.jpg`))
    const args = ['turned', '--clip', at('model'), '--classes', 'fox,grass,sky', '--no-orient', '--into', 'stored']
    const { code, stdout, stderr } = await run(...args)
    expect(code, stderr).toBe(0)
    expect(readdirSync(at('stored', 'labels')).sort()).toEqual(['0.png', '1.png', '2.png', 'wordmask.json'])
    const { width, height } = await sharp(at('stored', 'labels', '0.png')).metadata()
    expect([width, height]).toEqual([60, 48])
    const next = /^Next: wordmask (.*)$/m.exec(stdout)![1]!.split(' ')
    const small = ['--size', '32', '--width', '0.1', '--batch-size', '2', '--steps', '1', '--workers', '1', '--samples', '0']
    const trained = await wordmask([...next, ...small, '--json'], { cwd: folder })
    expect(trained.code, trained.stderr).toBe(0)
    expect(events(trained.stdout).at(-1)).toMatchObject({ images: 3, rejected: 0 })
    const other = await run(...args.filter((word) => word !== '--no-orient'))
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/other: orient/)])
  }, 60_000)

  test('a bad image is reported and left out; only bad ones are a failure', async () => {
    await picture(at('some', 'good.png'), 40, 40, 1)
    writeFileSync(at('some', 'bad.jpg'), 'no image')
    const { code, stdout, stderr } = await run('some', '--clip', at('model'), '--classes', 'fox,grass', '--into', 'some-labels')
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/rejected: .*bad\.jpg/)
    expect(stdout).toMatch(/1 labelled, 1 rejected/)
    writeFileSync(at('bad.png'), 'no image')
    const bad = await run('bad.png', '--clip', at('model'), '--classes', 'fox,grass', '--into', 'bad-labels')
    expect(bad.code).toBe(1)
  })

  test.each([
    [['photos', '--into', 'x'], 2, /--classes/],
    [['--classes', 'fox', '--into', 'x'], 2, /either sources .* or --curated/],
    [['photos', '--model', 'none', '--into', 'x'], 1, /No segmenter in/],
    [['none', '--clip', at('model'), '--classes', 'fox', '--into', 'x'], 2, /none does not exist/],
    [[...common, '--into', 'whole', '--threshold', '0.5'], 2, /results of another run \(other: threshold\)/],
    [[...common, '--into', 'y', '--threshold', '2'], 2, /from 0 to 1/],
    [[...common, '--into', 'y', '--threshold', '0.5', '--background', 'threshold:0.5'], 2, /received both/],
    [[...common, '--into', 'photos/y'], 2, /outside the images/],
    [[...common, '--into', 'z', '--queue', 'redis://host', '--shard', '0/2'], 2, /part|shard/],
    [[...common, '--into', 'z', '--method', 'reco'], 2, /--archive/],
    [['photos', '--model', 'killed/segmenter', '--clip', 'x', '--into', 'z'], 2, /leave out --clip/],
    [['photos', '--model', 'killed/segmenter', '--method', 'reco', '--into', 'z'], 2, /leave out --method/],
    [['photos', '--model', 'killed/segmenter', '--no-guidance', '--into', 'z'], 2, /leave out --no-guidance/],
    [[...common, '--into', 'z', '--k', '3'], 2, /--k is for --method reco/],
  ])('%j: exit %i', async (args, exit, message) => {
    const { code, stderr } = await run(...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(exit)
    expect(existsSync(at('photos/y'))).toBe(false)
  })

  test('names that the segmenter cannot have are refused while the folder is still free', async () => {
    const { code, stderr } = await run('some', '--model', 'pseudo-segmenter', '--classes', 'hen', '--into', 'free')
    expect([code, stderr]).toEqual([2, expect.stringMatching(/classes and the background it was trained with/)])
    const right = await run('some', '--model', 'pseudo-segmenter', '--into', 'free')
    expect(right.code, right.stderr).toBe(0)
  })

  test('what was refused left no labels', () => {
    for (const name of ['x', 'y', 'z', 'photos/y']) expect(existsSync(at(name, 'labels'))).toBe(false)
  })
})
