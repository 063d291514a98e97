import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { background, integer, listOf } from '../../lib/cli/flags.js'
import { changed, withInto } from '../../lib/cli/repeat.js'
import { quoted, table, timeLeft } from '../../lib/cli/terminal.js'
import { events, root, start, wordmask } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-usage-'))
afterAll(() => rmSync(folder, { recursive: true }))
const commands = [
  'setup',
  'doctor',
  'demo',
  'model',
  'model info',
  'model pull',
  'reco',
  'reco build',
  'segment',
  'classify',
  'embed',
  'eval',
  'run',
]

describe('help', () => {
  test('lists every command, says where to start, and what the exit codes are', async () => {
    const { code, stdout } = await wordmask(['--help'])
    expect(code).toBe(0)
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command.split(' ')[0]}\\b`, 'm'))
    expect(stdout).toMatch(/wordmask doctor/)
    expect(stdout).toMatch(/130/)
  })
  test.each(commands)('%s --help has examples that begin with the command itself', async (command) => {
    const { code, stdout } = await wordmask([...command.split(' '), '--help'])
    expect(code).toBe(0)
    expect(stdout.match(new RegExp(`^  wordmask ${command}\\b`, 'gm'))!.length).toBeGreaterThanOrEqual(2)
  })
  test.each([
    ['segment', /--clip .*"scenes", built in/, /--templates .*what the model's card says/],
    ['embed', /--clip .*"scenes", built in/, /--templates .*\(default: none\)/],
    ['index', /--clip .*the archive's own; of a new one "scenes"/, /./],
    ['search', /--clip .*\(default: the archive's own\)/, /--templates .*\(default: none\)/],
    ['curate', /--clip .*\(default: the archive's own\)/, /--templates .*what the model's card says/],
    ['specialist', /--clip .*\(default: the archive's own\)/, /./],
    ['reco build', /--clip .*\(default: the archive's own\)/, /./],
  ])('%s --help names the model and the templates that it takes where none are given', async (command, clip, templates) => {
    const text = (await wordmask([...command.split(' '), '--help'])).stdout.replace(/\n {10,}/g, ' ')
    expect(text).toMatch(clip)
    expect(text).toMatch(templates)
  })
  test('segment --help explains background, and that without it every pixel gets a class', async () => {
    const { stdout } = await wordmask(['segment', '--help'])
    expect(stdout).toMatch(/without --background every pixel gets one of the names/)
    expect(stdout).toMatch(/names:sky,wall/)
    expect(stdout).toMatch(/threshold:0\.3/)
  })
  test('needs neither the addon nor sharp: nothing heavy is loaded', async () => {
    const recorder = join(folder, 'recorder.cjs')
    writeFileSync(recorder, "process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')))")
    const { code, stderr } = await wordmask(['segment', '--help'], { node: ['--require', recorder] })
    expect(code).toBe(0)
    expect(stderr).toMatch(/commander/)
    expect(stderr).not.toMatch(/sharp|fast-png|\.node$|dist\/index\.js|cli-progress/m)
  })
})

describe('usage errors end with 2, name what was meant and where the help is', () => {
  test.each([
    ['a misspelt flag', ['segment', 'x', '--clases', 'a'], /unknown option '--clases'.*--classes/, 'wordmask segment --help'],
    ['a misspelt command', ['segmnt'], /unknown command 'segmnt'.*segment/, 'wordmask --help'],
    ['no images', ['segment', '--classes', 'a'], /Expected either images .* or --curated DIR/, 'wordmask segment --help'],
    ['no classes', ['segment', 'x.jpg'], /Expected --classes: names/, 'wordmask segment --help'],
    [
      'a flag of ReCo without it',
      ['segment', 'x', '--classes', 'a', '--group-by', 'site'],
      /--group-by is for --method reco/,
      'wordmask segment --help',
    ],
    [
      'a flag of ReCo beside a model',
      ['segment', 'x', '--model', 'm', '--contexts', 'sky'],
      /leave out --contexts/,
      'wordmask segment --help',
    ],
    [
      'a size that is no number',
      ['segment', 'x', '--classes', 'a', '--size', 'big'],
      /--size.*whole number from 16/,
      'wordmask segment --help',
    ],
    [
      'a background without a kind',
      ['segment', 'x', '--classes', 'a', '--background', 'sky'],
      /names:sky,wall or threshold:0\.3/,
      'wordmask segment --help',
    ],
    [
      'an unknown kind of output',
      ['segment', 'x', '--classes', 'a', '--write', 'labels,video'],
      /"video" is none of them/,
      'wordmask segment --help',
    ],
    ['an unknown dtype', ['embed', 'x', '--dtype', 'int8'], /float32, bfloat16, float16, auto/, 'wordmask embed --help'],
    ['an unknown device', ['embed', 'x', '--device', 'gpu'], /auto, cpu, cuda or cuda:N/, 'wordmask embed --help'],
    ['an empty folder name', ['embed', 'x', '--into', ''], /not an empty string/, 'wordmask embed --help'],
    ['nothing to embed', ['embed'], /images or --texts/, 'wordmask embed --help'],
    ['nothing to evaluate', ['eval'], /--dataset scenes, or images with --labels/, 'wordmask eval --help'],
  ])('%s', async (_, args, message, next) => {
    const { code, stderr, stdout } = await wordmask(args as string[], { cwd: folder })
    expect(stderr).toMatch(message as RegExp)
    expect(stderr).toContain(`next: ${next}`)
    expect(stderr).toMatch(/code: ERR_WORDMASK_\w+/)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
  test('with --json the error is a JSON line on stdout as well', async () => {
    const { code, stdout } = await wordmask(['embed', '--json'])
    expect(code).toBe(2)
    expect(events(stdout)).toEqual([expect.objectContaining({ event: 'error', code: 'ERR_WORDMASK_INVALID_ARGUMENT' })])
  })
  test('a run.json that is not there ends with 1', async () => {
    const { code, stderr } = await wordmask(['run', join(folder, 'run.json')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/ERR_WORDMASK_FILE_NOT_FOUND/)
  })
})

test('a reader that goes away (| head) ends the command as SIGPIPE would, without a word', async () => {
  const running = start(['model', 'list', '--json'])
  running.child.stdout?.destroy()
  const { code, stderr } = await running.ended
  expect(stderr).toBe('')
  expect(code).toBe(141)
})

describe('what to type next', () => {
  test('a word that the built-in model does not know: which, where its words are listed, and the model that knows it', async () => {
    const image = join(root, 'models', 'samples', 'images', '000002.png')
    const { code, stderr } = await wordmask(['segment', image, '--classes', 'qwertyish,fox', '--into', join(folder, 'never')])
    expect(stderr).toMatch(/The model scenes knows no word of "qwertyish"\. .*npx wordmask model info scenes/)
    expect(stderr).toMatch(/next: wordmask model pull ViT-B\/16, then the same command with --clip ViT-B\/16/)
    expect(code).toBe(1)
  })
  test('one model is named wherever a full one is needed', async () => {
    const { stdout, stderr } = await wordmask(['model', '--help'])
    expect(stdout + stderr).toMatch(/ViT-B\/16 .*good first choice/)
    const notes = ['scenes', 'scenes-clip'].map((name) => readFileSync(join(root, 'models', 'cards', `${name}.json`), 'utf8'))
    for (const text of [...notes, readFileSync(join(root, 'README.md'), 'utf8')]) {
      expect(text.match(/model pull \S+/g)?.every((line) => line.startsWith('model pull ViT-B/16'))).toBe(true)
    }
  })
})

describe('flag values', () => {
  test('background', () => {
    expect(background('names:sky, night sky')).toEqual({ names: ['sky', 'night sky'] })
    expect(background('threshold:0.3')).toEqual({ threshold: 0.3 })
    for (const bad of ['names:', 'names:,', 'threshold:1', 'threshold:x', 'sky', '']) expect(() => background(bad)).toThrow(/threshold/)
  })
  test('integers in a range', () => {
    expect(integer(1, 9)('7')).toBe(7)
    for (const bad of ['0', '10', '1.5', '', ' ', 'NaN', '1e400']) expect(() => integer(1, 9)(bad)).toThrow(/from 1 to 9/)
  })
  test('lists keep their order and drop repeats', () => {
    expect(listOf(['a', 'b'])('b, a,b')).toEqual(['b', 'a'])
  })
})

test('a repeated run replaces --into in either spelling and keeps everything else', () => {
  expect(withInto(['segment', 'a b', '--into', 'x', '--json'], '/y')).toEqual(['segment', 'a b', '--json', '--into', '/y'])
  expect(withInto(['segment', '--into=x', '--', '-strange.jpg'], '/y')).toEqual(['segment', '--into', '/y', '--', '-strange.jpg'])
})

test('a repeated run names what was different', () => {
  const run = (sha256: string) =>
    ({
      model: { weights: [{ sha256 }] },
      versions: { wordmask: '1', libtorch: '2' },
      classes: [],
      device: 'cpu',
      dtype: 'float32',
    }) as never
  expect(changed(run('a'), run('a'))).toEqual([])
  expect(changed(run('a'), run('b'))).toEqual([expect.stringMatching(/weights.*a then, b now/)])
})

test('the time left of a bar: seconds, minutes, hours; nothing while it is not known', () => {
  expect([0, 59.4, 61, 3600, 7325].map(timeLeft)).toEqual(['0 s left', '59 s left', '1 min left', '1 h 0 min left', '2 h 2 min left'])
  expect(['INF', 'NULL', Number.NaN].map(timeLeft)).toEqual(['', '', ''])
})

test('a path in a line to type is one word of a shell, whatever is in it', () => {
  for (const path of ['plain/a-b_1.c', 'two words', "it's", '$(rm x)`"\\', 'é ü', '*?[a]', '~x', ''])
    expect(execFileSync('sh', ['-c', `printf %s ${quoted(path)}`], { encoding: 'utf8' })).toBe(path)
  expect(quoted('plain/a-b_1.c')).toBe('plain/a-b_1.c')
})

test('tables align numbers to the right', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['fox', '1'],
        ['goose', '10'],
      ],
    ).split('\n'),
  ).toEqual(['name    n', 'fox     1', 'goose  10'])
})
