import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { events, start, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-cli-reco-'))
const at = (...names: string[]) => join(folder, ...names)
const [model, images, archive, refs] = [at('model'), at('images'), at('pictures.archive'), at('refs')]
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const build = (classes: string, ...args: string[]) =>
  wordmask(['reco', 'build', '--archive', archive, '--classes', classes, '--contexts', 'sky,rock', '--k', '4', '--into', refs, ...args])

beforeAll(async () => {
  await tinyModel(model)
  for (let i = 0; i < 12; i++) await picture(join(images, `${i}.png`), 60 + i, 48, i + 1)
  const { code, stderr } = await wordmask(['index', images, '--into', archive, '--clip', model])
  expect(code, stderr).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('reco build', () => {
  test('makes a segmenter of the names: references, wordmask.json, run.json; a line a name', async () => {
    const { code, stdout, stderr } = await build('fox,grass', '--json')
    expect(code, stderr).toBe(0)
    const said = events(stdout)
    expect(said.filter(({ event }) => event === 'reference').map(({ name, images: n, contexts }) => [name, n, contexts])).toEqual([
      ['sky', 4, []],
      ['rock', 4, ['sky']],
      ['fox', 4, ['sky', 'rock']],
      ['grass', 4, ['sky', 'rock']],
    ])
    expect(said.at(-1)).toMatchObject({ event: 'summary', references: 4 })
    expect(readdirSync(refs).sort()).toEqual(['references', 'run.json', 'text.safetensors', 'wordmask.json'])
    expect(json(join(refs, 'run.json'))).toMatchObject({ command: 'reco', status: 'done', classes: ['fox', 'grass'], counts: { done: 4 } })
    expect(json(join(refs, 'wordmask.json'))).toMatchObject({
      method: 'reco',
      reco: { k: 4, window: 'official', contexts: ['sky', 'rock'] },
    })
  })

  test('further names join; those that are there are left as they are', async () => {
    const file = readdirSync(join(refs, 'references')).find((name) => name.startsWith('fox'))!
    const before = statSync(join(refs, 'references', file)).mtimeMs
    const { code, stdout, stderr } = await build('wolf')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^wolf {2}4 images, cosine/m)
    expect(stdout).toMatch(/Next: wordmask segment --model/)
    expect(json(join(refs, 'wordmask.json')).classes.map(({ name }: { name: string }) => name)).toEqual(['fox', 'grass', 'wolf'])
    expect(statSync(join(refs, 'references', file)).mtimeMs).toBe(before)
  })

  test('other settings are refused without --overwrite, with it everything is made anew', async () => {
    const refused = await build('fox', '--window', 'perImage')
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/another run \(other: window\)/)])
    const { code, stderr } = await build('fox', '--window', 'perImage', '--overwrite')
    expect(code, stderr).toBe(0)
    expect(json(join(refs, 'wordmask.json'))).toMatchObject({ classes: [{ name: 'fox' }], reco: { window: 'perImage' } })
    // wolf was made with other windows, and its file is still there
    const stale = await wordmask(['segment', join(images, '1.png'), '--model', refs, '--classes', 'wolf', '--into', at('stale')])
    expect([stale.code, stale.stderr]).toEqual([2, expect.stringMatching(/No reference for "wolf"/)])
  })

  test('--group-by takes few images of a group: here all are of one height', async () => {
    const group = ['--k', '4', '--group-by', 'height', '--per-group', '2', '--into', at('grouped')]
    const args = ['reco', 'build', '--archive', archive, '--classes', 'fox', '--no-elimination', ...group]
    const { code, stdout, stderr } = await wordmask(args)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^fox {2}2 images, cosine/m)
    expect(json(at('grouped', 'wordmask.json'))).toMatchObject({ reco: { retrieve: { groupBy: 'height', perGroup: 2 } } })
  })

  test('Ctrl-C stops with 130, what is made stays, and the same command finishes', async () => {
    const into = at('stopped')
    const names = Array.from({ length: 40 }, (_, i) => `thing ${i}`).join(',')
    const args = ['reco', 'build', '--archive', archive, '--classes', names, '--no-elimination', '--k', '12', '--into', into, '--json']
    const run = start(args)
    const made = () => (existsSync(join(into, 'references')) ? readdirSync(join(into, 'references')).length : 0)
    while (made() < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    run.child.kill('SIGINT')
    const ended = await run.ended
    expect(ended.code, ended.stderr).toBe(130)
    expect(json(join(into, 'run.json')).status).toBe('interrupted')
    expect(made()).toBeLessThan(40)
    const { code, stdout, stderr } = await wordmask(args)
    expect(code, stderr).toBe(0)
    expect(events(stdout).at(-1)).toMatchObject({ references: 40 })
    expect(json(join(into, 'run.json'))).toMatchObject({ status: 'done', sittings: 2 })
  })

  test('contexts that the model does not know and nobody named: what to type, and that is not refused afterwards', async () => {
    await wordmask(['index', images, '--into', at('scenes.archive')])
    const args = ['reco', 'build', '--archive', at('scenes.archive'), '--classes', 'dog', '--k', '2', '--into', at('drawings')]
    const { code, stderr } = await wordmask(args)
    const [, contexts] = /next: the same command with --contexts "([^"]+)": building, person are contexts/.exec(stderr) ?? []
    expect([code, contexts]).toEqual([1, 'tree,sky,road'])
    expect(await wordmask([...args, '--contexts', 'sky'])).toMatchObject({ code: 0 })
  })

  test('an image that is gone is told, and the others are used', async () => {
    const bad = at('bad.archive')
    const copies = at('copies')
    for (let i = 0; i < 6; i++) await picture(join(copies, `${i}.png`), 60, 48, i + 1)
    await wordmask(['index', copies, '--into', bad, '--clip', model])
    rmSync(join(copies, '2.png'))
    const { code, stdout, stderr } = await wordmask([
      'reco',
      'build',
      '--archive',
      bad,
      '--classes',
      'fox',
      '--no-elimination',
      '--k',
      '6',
      '--into',
      at('bad'),
      '--json',
    ])
    expect(code).toBe(0)
    expect(stderr).toMatch(/rejected: .*2\.png/)
    expect(events(stdout)).toContainEqual(expect.objectContaining({ event: 'rejected', code: 'ERR_WORDMASK_FILE_NOT_FOUND' }))
    expect(events(stdout)).toContainEqual(expect.objectContaining({ event: 'reference', images: 5 }))
  })

  test.each<[string[], number, RegExp]>([
    [['--classes', 'fox'], 2, /--archive/],
    [['--archive', 'nowhere', '--classes', 'fox'], 1, /wordmask index/],
    [['--archive', 'nowhere'], 2, /--classes/],
    [['--archive', 'nowhere', '--classes', 'fox', '--k', 'many'], 2, /auto/],
    [['--archive', 'nowhere', '--classes', 'fox', '--window', 'both'], 2, /official/],
  ])('reco build %j: %i', async (args, expected, message) => {
    const { code, stderr } = await wordmask(['reco', 'build', ...args])
    expect([code, stderr]).toEqual([expected, expect.stringMatching(message)])
  })
})

describe('segment', () => {
  const run = (into: string, ...args: string[]) =>
    wordmask(['segment', join(images, '1.png'), '--model', refs, '--into', at(into), '--json', ...args])

  test('--model: by the names of the folder', async () => {
    await build('fox,grass', '--overwrite')
    const { code, stdout, stderr } = await run('all')
    expect(code, stderr).toBe(0)
    expect(Object.keys(events(stdout)[0]!.coverage as object)).toEqual(['fox', 'grass'])
  })

  test('--model with --classes: by some of them, with contexts as background', async () => {
    const { code, stdout, stderr } = await run('some', '--classes', 'grass', '--background', 'names:sky,rock')
    expect(code, stderr).toBe(0)
    expect(Object.keys(events(stdout)[0]!.coverage as object)).toEqual(['grass'])
  })

  test('--model: a name that it does not know is an error, and with --archive it is learnt', async () => {
    const unknown = await run('unknown', '--classes', 'heron')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/No reference for "heron"/)])
    const { code, stderr } = await run('later', '--classes', 'heron', '--archive', archive)
    expect(code, stderr).toBe(0)
  })

  test('--method reco --archive makes references on the way', async () => {
    const { code, stdout, stderr } = await wordmask([
      'segment',
      join(images, '1.png'),
      '--method',
      'reco',
      '--archive',
      archive,
      '--classes',
      'fox,grass',
      '--k',
      '3',
      '--contexts',
      'sky',
      '--into',
      at('direct'),
      '--json',
    ])
    expect(code, stderr).toBe(0)
    expect(Object.keys(events(stdout)[0]!.coverage as object)).toEqual(['fox', 'grass'])
    expect(json(join(at('direct'), 'run.json')).settings).toMatchObject({ method: 'reco', k: 3, contexts: ['sky'] })
  })

  test.each<[string[], RegExp]>([
    [['--method', 'reco', '--classes', 'fox'], /--archive beside --method reco/],
    [['--archive', 'a', '--classes', 'fox'], /--archive is the pool/],
    [['--model', 'refs', '--clip', 'scenes'], /leave out --clip/],
  ])('segment %j is asked wrongly: 2', async (args, message) => {
    writeFileSync(at('x.png'), '')
    const { code, stderr } = await wordmask(['segment', at('x.png'), ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })
})
