import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clip } from '../../lib/clip/clip.js'
import { Segmenter } from '../../lib/segmenter/segmenter.js'
import { writeLabelMap } from '../../lib/write/label-map.js'
import { events, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-repeat-'))
const at = (...names: string[]) => join(folder, ...names)
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const bytes = (file: string) => readFileSync(file, 'latin1')

beforeAll(async () => {
  const clip = await Clip.load(await tinyModel(at('model')))
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'grass'], templates: 'none' })
  for (const name of ['one', 'two']) {
    const file = await picture(at('pictures', 'images', `${name}.png`), 48, 40, name.length + name.charCodeAt(0))
    await writeLabelMap(at('pictures', 'labels', `${name}.png`), await segmenter.segment(file))
  }
  writeFileSync(at('pictures', 'classes.txt'), 'fox\ngrass\n')
  symlinkSync(at('pictures', 'images'), at('images'))
  clip.dispose()
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

const words = ['--classes', 'fox,grass', '--templates', 'none']
describe('wordmask run repeats a run of every command', () => {
  // Relative paths: the second run must take them from the folder of the first.
  test.each<[string, string[], string[]]>([
    ['segment', ['segment', 'images', ...words], ['labels/one.png', 'overlay/two.png']],
    ['classify', ['classify', 'images', ...words, '--overwrite'], ['images.jsonl']],
    ['embed', ['embed', 'images', '--format', 'safetensors'], ['embeddings.safetensors', 'images.jsonl']],
    ['eval', ['eval', 'images', '--labels', 'pictures/labels', ...words], ['per-class.csv']],
    ['demo', ['demo', '--samples', 'pictures'], ['labels/one.png', 'overlay-present/two.png']],
  ])(
    '%s',
    async (command, args, same) => {
      const first = await wordmask([...args, '--clip', 'model', '--into', command], { cwd: folder })
      expect(first.code, first.stderr).toBe(0)
      const run = json(at(command, 'run.json'))
      expect(run).toMatchObject({ format: 'wordmask-run', command, status: 'done', counts: { done: 2 }, classes: expect.any(Array) })
      expect(run.model.weights[0].sha256).toMatch(/^[0-9a-f]{64}$/)
      const again = await wordmask(['run', at(command, 'run.json')])
      expect(again.code, again.stderr).toBe(0)
      expect(again.stderr).toContain(`wordmask ${command} `)
      expect(again.stderr).not.toMatch(/differ from the recorded run|--overwrite/)
      expect(json(at(`${command}-2`, 'run.json'))).toMatchObject({ command, status: 'done', counts: { done: 2 }, settings: run.settings })
      for (const file of same) expect(bytes(at(`${command}-2`, file)), file).toBe(bytes(at(command, file)))
      // The folder itself will do, and where to is a choice.
      const third = await wordmask(['run', at(command), '--into', at(`${command}-third`), '--json'])
      expect(events(third.stdout).at(-1)).toMatchObject({ event: 'summary' })
      expect(existsSync(at(`${command}-third`, 'run.json'))).toBe(true)
    },
    120_000,
  )

  test('what was different is said', async () => {
    const run = json(at('classify', 'run.json'))
    run.model.weights[0].sha256 = '0'.repeat(64)
    mkdirSync(at('old'))
    writeFileSync(at('old', 'run.json'), JSON.stringify(run))
    const { stderr } = await wordmask(['run', at('old')])
    expect(stderr).toMatch(/note: weights \(sha256\) differ from the recorded run: 0{64} then/)
  })
})

describe('classify --into', () => {
  test('keeps a line an image, goes on, and refuses another list of names unless told to throw away', async () => {
    const args = (names: string, ...more: string[]) => [
      ...['classify', at('images'), '--classes', names, '--templates', 'none', '--clip', at('model')],
      ...['--into', at('kept'), '--json', ...more],
    ]
    const first = events((await wordmask(args('fox,grass'))).stdout)
    expect(first.map(({ event }) => event)).toEqual(['image', 'image', 'summary'])
    const kept = bytes(at('kept', 'images.jsonl')).trim().split('\n').slice(1)
    expect(kept.map((line) => JSON.parse(line).scores)).toEqual(first.slice(0, 2).map(({ scores }) => scores))
    expect(events((await wordmask(args('fox,grass'))).stdout)).toEqual([expect.objectContaining({ event: 'summary', done: 0, skipped: 2 })])
    const other = await wordmask(args('sea'))
    expect(other.stderr).toMatch(/results of another run \(other: classes\).*--overwrite/)
    expect(other.code).toBe(2)
    expect(events((await wordmask(args('sea', '--overwrite'))).stdout).at(-1)).toMatchObject({ done: 2, skipped: 0 })
  })
})

describe('demo', () => {
  test('one page, a record, and the lines to type next; another model draws over it, results of another command stay', async () => {
    const { stdout, stderr, code } = await wordmask(['demo', '--samples', at('pictures'), '--clip', at('model'), '--into', at('page')])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^image +names found, share of the picture +time +mIoU all +present$/m)
    expect(stdout).toMatch(/^one +\w+ \d+\.\d%, \w+ \d+\.\d% +\d.* m?s +\.\d{3} +\.\d{3}$/m)
    expect(stdout).toMatch(/What to type next:\n {2}xdg-open .*index\.html\n/)
    expect(bytes(at('page', 'index.html'))).toContain('<title>wordmask: pictures segmented by names</title>')
    expect(bytes(at('page', 'index.html'))).toContain(
      'ReCo is shown beside dense CLIP with the shipped pictures and a built-in model only.',
    )
    expect(
      (await wordmask(['demo', '--samples', at('pictures'), '--clip', at('model'), '--dtype', 'bfloat16', '--into', at('page')])).code,
    ).toBe(0)
    mkdirSync(at('taken'))
    writeFileSync(at('taken', 'run.json'), JSON.stringify({ ...json(at('page', 'run.json')), command: 'segment' }))
    const refused = await wordmask(['demo', '--samples', at('pictures'), '--clip', at('model'), '--into', at('taken')])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/results of another run \(other: command/)
  })
})
