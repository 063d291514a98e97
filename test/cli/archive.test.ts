import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { events, root, start, wordmask } from './cli.js'
import { expectSameScores, scoresOf } from './hits.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-cli-archive-'))
const at = (...names: string[]) => join(folder, ...names)
const [model, images, archive] = [at('model'), at('images'), at('pictures.archive')]
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const index = (...args: string[]) => wordmask(['index', images, '--into', archive, '--clip', model, '--json', ...args])
const last = (stdout: string) => events(stdout).at(-1)

beforeAll(async () => {
  await tinyModel(model)
  for (let i = 0; i < 12; i++) await picture(at('images', i % 2 ? 'odd' : 'even', `${i}.png`), 60 + i, 48, i + 1)
  await sharp(at('images', 'even', '0.png'))
    .resize(30, 24)
    .jpeg()
    .toFile(at('images', 'copy.jpg'))
  writeFileSync(at('images', 'broken.png'), 'this is no picture')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('index', () => {
  test('says beforehand how many images there are, embeds them, reports the broken one; exit 0', async () => {
    const { code, stdout, stderr } = await index()
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(events(stdout)[0]).toMatchObject({ event: 'plan', images: 14, complete: true })
    expect(last(stdout)).toMatchObject({ event: 'summary', done: 13, skipped: 0, rejected: 1, stopped: false })
  })

  test('an image that is named in several ways is one image', async () => {
    const odd = at('images', 'odd')
    const args = [join(odd, '1.png'), odd, join(odd, '1.png'), join(odd, '*.png'), '--into', at('once.archive'), '--clip', model, '--json']
    const { code, stdout, stderr } = await wordmask(['index', ...args])
    expect(code, stderr).toBe(0)
    expect(events(stdout)[0]).toMatchObject({ event: 'plan', images: 6, complete: true })
    expect(last(stdout)).toMatchObject({ event: 'summary', done: 6, skipped: 0, rejected: 0 })
  })

  test('the same again skips what is known and tries nothing twice', async () => {
    const { code, stdout } = await index()
    expect(code).toBe(0)
    expect(last(stdout)).toMatchObject({ event: 'summary', done: 0, stopped: false })
  })

  test('Ctrl-C stops with 130, and the same command finishes', async () => {
    const many = at('many')
    for (let i = 0; i < 300; i++) await picture(join(many, `${i}.png`), 40, 40, i + 100)
    const args = ['index', many, '--into', at('many.archive'), '--clip', model, '--batch-size', '1', '--json']
    const ended = await start(args, { raise: { signal: 'SIGINT', at: /"event":"progress"/ } }).ended
    expect(ended.code, ended.stderr).toBe(130)
    const again = await wordmask(args)
    expect(again.code, again.stderr).toBe(0)
    const { stdout } = await wordmask(['stats', at('many.archive'), '--json'])
    expect(last(stdout)).toMatchObject({ rows: 300 })
  })

  test('worker processes of this machine give the same rows', async () => {
    const into = at('shards.archive')
    const { code, stdout, stderr } = await wordmask([
      'index',
      images,
      '--into',
      into,
      '--clip',
      model,
      '--devices',
      'cpu',
      '--shard-size',
      '5',
      '--json',
    ])
    expect(code, stderr).toBe(0)
    expect(last(stdout)).toMatchObject({ done: 13, rejected: 1, failedShards: 0 })
    const query = at('images', 'odd', '3.png')
    expectSameScores(await scoresOf(into, query), await scoresOf(archive, query))
    const status = await wordmask(['status', into])
    expect(status.stdout).toMatch(/embed.*3 of 3 shards done, 0 in hand, 0 waiting, 0 failed/)
  })
})

describe('index of what is no source, or by what is no device', () => {
  const missing = () => [images, at('no-such-folder')]
  test.each([
    ['by this process', []],
    ['by worker processes', ['--devices', 'cpu']],
    ['as a part', ['--shard', '0/2']],
    ['over a queue', ['--queue', 'redis://127.0.0.1:1']],
  ])('%s: exit 2, and no archive is left behind', async (_, flags) => {
    const { code, stderr } = await wordmask(['index', ...missing(), '--into', at('misspelt.archive'), '--clip', model, ...flags])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no-such-folder[^]*ERR_WORDMASK_FILE_NOT_FOUND/)])
    expect(existsSync(at('misspelt.archive'))).toBe(false)
  })

  test.each([
    ['gpu', 2, /device but received 'gpu'/],
    ['cpu,cuda:99', 1, /'cuda:99' was asked for[^]*ERR_WORDMASK_DEVICE/],
  ])('on a device that is not there, %s: exit %i, also where nothing is left to do', async (devices, exit, message) => {
    for (const into of [at('no-device.archive'), archive]) {
      const { code, stderr } = await wordmask(['index', images, '--into', into, '--clip', model, '--devices', devices])
      expect([code, stderr]).toEqual([exit, expect.stringMatching(message)])
    }
    expect(existsSync(at('no-device.archive'))).toBe(false)
  })

  test('an archive that is there stays as it is', async () => {
    const before = readFileSync(join(archive, 'archive.json'))
    const { code } = await wordmask(['index', ...missing(), '--into', archive, '--clip', model])
    expect([code, readFileSync(join(archive, 'archive.json')).equals(before)]).toEqual([2, true])
    const { stdout } = await wordmask(['stats', archive, '--json'])
    expect(last(stdout)).toMatchObject({ rows: 13 })
  })
})

describe('search', () => {
  test('an image finds itself first, with cosine 1; a contact sheet and hits.jsonl are written', async () => {
    const query = at('images', 'odd', '5.png')
    const { code, stdout, stderr } = await wordmask(['search', archive, 'a fox', '--image', query, '--top-k', '4', '--into', at('hits')])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/a fox\n/)
    expect(stdout).toMatch(/1\.000 .*5\.png/)
    const lines = readFileSync(at('hits', 'hits.jsonl'), 'utf8').trim().split('\n')
    expect(lines.length).toBe(8)
    const sheets = readdirSync(at('hits')).filter((name) => name.endsWith('.jpg'))
    expect(sheets.length).toBe(2)
    const { width, height } = await sharp(at('hits', sheets[0]!)).metadata()
    expect([width, height]).toEqual([680, 228])
  })

  test('a condition and a least score bound the hits', async () => {
    const { stdout } = await wordmask([
      'search',
      archive,
      '--image',
      at('images', 'odd', '5.png'),
      '--where',
      'width > 68',
      '--min-score',
      '-1',
      '--json',
    ])
    const widths = events(stdout).map(({ width }) => width)
    expect(widths.sort()).toEqual([69, 70, 71])
  })

  test.each([
    [['search', archive], /Expected words/],
    [['search', archive, 'fox', '--where', 'no such column ='], /no such column|SQL|where/i],
    [['index', images], /--into/],
    [['worker'], /--queue/],
    [['export', archive], /--into/],
    [['curate', archive], /--classes/],
    [['index', images, '--into', archive, '--column', 'name'], /--column/],
  ])('%j is wrongly asked: exit 2', async (args, message) => {
    const { code, stderr } = await wordmask(args)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  test('an archive that is not there: exit 1, and the command that makes one', async () => {
    const { code, stderr } = await wordmask(['search', at('nothing'), 'fox'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/wordmask index/)
    const status = await wordmask(['status', at('nothing')])
    expect([status.code, status.stderr]).toEqual([1, expect.stringMatching(/neither an archive nor a run[^]*ERR_WORDMASK_FILE_NOT_FOUND/)])
  })
})

describe('stats, dedupe', () => {
  test('stats counts rows and rejects', async () => {
    const { stdout } = await wordmask(['stats', archive, '--rejects', '--json'])
    expect(events(stdout)[0]).toMatchObject({ event: 'stats', rows: 13, hidden: 0, rejects: { ERR_WORDMASK_IMAGE: 1 } })
    expect(last(stdout)).toMatchObject({ event: 'reject', code: 'ERR_WORDMASK_IMAGE' })
  })

  test('the resized copy is found, hidden on request, and shown again', async () => {
    const run = async (...args: string[]) => last((await wordmask(['dedupe', archive, '--json', ...args])).stdout)!
    const plan = await run('--no-cosine', '--max-hamming', '3', '--into', at('duplicates.jsonl'))
    expect(plan).toMatchObject({ event: 'dedupe', rows: 13, duplicates: 1 })
    expect(json(at('duplicates.jsonl'))).toMatchObject({ how: 'hash' })
    expect(await run('--no-cosine', '--max-hamming', '3', '--apply')).toMatchObject({ duplicates: 1 })
    expect(last((await wordmask(['stats', archive, '--json'])).stdout)).toMatchObject({ hidden: 1 })
    expect(await run('--undo')).toMatchObject({ event: 'restored', rows: 1 })
  })
})

describe('curate, export, segment --curated', () => {
  const samples = join(root, 'models', 'samples', 'images')

  test('names to a curated set, to COCO, to masks: three commands', async () => {
    const indexed = await wordmask(['index', samples, '--into', at('samples.archive'), '--clip', 'scenes', '--json'])
    expect(indexed.code, indexed.stderr).toBe(0)
    const curated = await wordmask([
      'curate',
      at('samples.archive'),
      '--classes',
      'grass,sky',
      '--per-class',
      '3',
      '--no-test',
      '--into',
      at('curated'),
      '--json',
    ])
    expect(curated.code, curated.stderr).toBe(0)
    const absent = await wordmask(['curate', at('samples.archive'), '--classes', 'dog', '--into', at('absent')])
    expect(absent).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/dog 0 of 100.*\n\n0 images in .* wordmask search \S+samples\.archive "words"/),
    })
    const same = await wordmask(['dedupe', at('samples.archive'), '--no-cosine', '--apply'])
    expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0 of 8 images .* hidden$/m) })
    expect(last(curated.stdout)).toMatchObject({ event: 'summary', images: 6 })
    expect(readdirSync(at('curated')).sort()).toEqual(['curated.jsonl', 'review.html', 'run.json'])
    const exported = await wordmask(['export', at('curated'), '--format', 'coco', '--into', at('coco'), '--json'])
    expect(exported.code, exported.stderr).toBe(0)
    expect(json(at('coco', 'coco.json')).categories.map(({ name }: { name: string }) => name)).toEqual(['grass', 'sky'])
    const vectors = await wordmask(['export', at('curated'), '--format', 'clip-retrieval', '--into', at('vectors')])
    expect(vectors.code, vectors.stderr).toBe(0)
    expect(existsSync(at('vectors', 'img_emb', 'img_emb_0.npy'))).toBe(true)
    const masked = await wordmask([
      'segment',
      '--curated',
      at('curated'),
      '--clip',
      'scenes',
      '--write',
      'coco',
      '--into',
      at('masks'),
      '--json',
    ])
    expect(masked.code, masked.stderr).toBe(0)
    const coco = json(at('masks', 'coco.json'))
    expect(coco.images.length).toBe(
      new Set(
        readFileSync(at('curated', 'curated.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => JSON.parse(line).id),
      ).size,
    )
    expect(coco.annotations.length).toBeGreaterThan(0)
    expect(existsSync(at('masks', 'run.json'))).toBe(true)
    const again = await wordmask([
      'segment',
      '--curated',
      at('curated'),
      '--clip',
      'scenes',
      '--write',
      'coco',
      '--into',
      at('masks'),
      '--json',
    ])
    expect(last(again.stdout)).toMatchObject({ done: 0, skipped: coco.images.length })
  })

  test('another run’s folder is refused', async () => {
    const { code, stderr } = await wordmask(['curate', at('samples.archive'), '--classes', 'sea', '--no-test', '--into', at('curated')])
    expect(stderr).toMatch(/another run/)
    expect(code).toBe(2)
  })
})
