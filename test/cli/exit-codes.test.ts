import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findLibTorch } from '../../lib/setup/index.js'
import { wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-exit-'))
const at = (name: string) => join(folder, name)
const model = at('model')
const tiny = ['--clip', model, '--templates', 'none']
const bare = { HOME: at('home'), XDG_CACHE_HOME: at('cache'), WORDMASK_PYTHON: '/bin/false', WORDMASK_LIBTORCH: '' }

beforeAll(async () => {
  await tinyModel(model)
  await picture(at('one.png'), 40, 40, 1)
  mkdirSync(at('home'))
  writeFileSync(at('broken.png'), 'no picture')
  writeFileSync(at('texts.txt'), 'a fox\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

interface Case {
  args: () => string[]
  env?: Record<string, string>
}
type Row = [command: string, code: 0 | 1 | 2, what: string, one: Case]

// Done (0) is also what the tests of each command assert; 130 is in interrupt.test.ts, pull.test.ts and train/run.test.ts.
const rows: Row[] = [
  ['setup', 0, 'LibTorch is here', { args: () => ['setup'], env: { WORDMASK_LIBTORCH: findLibTorch().root } }],
  ['setup', 1, 'a source that is not there', { args: () => ['setup', '--from', at('none.zip')], env: bare }],
  ['setup', 2, 'both flavours', { args: () => ['setup', '--cpu', '--cuda'] }],
  ['doctor', 0, 'all is well', { args: () => ['doctor'] }],
  ['doctor', 1, 'no LibTorch', { args: () => ['doctor'], env: bare }],
  ['doctor', 2, 'an argument', { args: () => ['doctor', 'me'] }],
  ['demo', 1, 'no pictures', { args: () => ['demo', '--samples', at('none'), '--into', at('demo')] }],
  ['demo', 2, 'a misspelt flag', { args: () => ['demo', '--sample', 'x'] }],
  ['model', 2, 'nothing more', { args: () => ['model'] }],
  ['model list', 2, 'an argument', { args: () => ['model', 'list', 'x'] }],
  ['model pull', 2, 'no ID', { args: () => ['model', 'pull'] }],
  ['model info', 2, 'no model', { args: () => ['model', 'info'] }],
  ['segment', 1, 'no image can be read', { args: () => ['segment', at('broken.png'), '--classes', 'a', ...tiny, '--into', at('s')] }],
  [
    'segment',
    1,
    'a folder that cannot be made',
    { args: () => ['segment', at('one.png'), '--classes', 'a', ...tiny, '--into', at('one.png/x')] },
  ],
  ['segment', 2, 'a file to write into', { args: () => ['segment', at('one.png'), '--classes', 'a', ...tiny, '--into', at('broken.png')] }],
  ['segment', 2, 'an empty class list', { args: () => ['segment', at('one.png'), '--classes', ' , ', ...tiny, '--into', at('never')] }],
  [
    'segment',
    2,
    'a prompt without {}',
    { args: () => ['segment', at('one.png'), '--classes', 'a', '--clip', model, '--templates', 'photo'] },
  ],
  [
    'segment',
    2,
    'a size of more patches than one look can have',
    { args: () => ['segment', at('one.png'), '--classes', 'a', ...tiny, '--size', '8000', '--into', at('never')] },
  ],
  ['classify', 0, 'printed only', { args: () => ['classify', at('one.png'), '--classes', 'a,b', ...tiny] }],
  ['classify', 1, 'no image can be read', { args: () => ['classify', at('broken.png'), '--classes', 'a', ...tiny] }],
  ['classify', 2, 'no classes', { args: () => ['classify', at('one.png')] }],
  ['embed', 1, 'no image can be read', { args: () => ['embed', at('broken.png'), '--clip', model, '--into', at('e')] }],
  ['embed', 2, 'images and texts', { args: () => ['embed', at('one.png'), '--texts', at('texts.txt'), '--into', at('never')] }],
  [
    'eval',
    1,
    'no label map',
    { args: () => ['eval', at('one.png'), '--labels', folder, '--classes', 'a', '--clip', model, '--into', at('v')] },
  ],
  [
    'eval',
    2,
    'a size of more patches than one look can have',
    { args: () => ['eval', at('one.png'), '--labels', folder, '--classes', 'a', '--clip', model, '--size', '8000', '--into', at('never')] },
  ],
  ...(
    [
      ['segment', () => [...tiny, '--into', at('never')]],
      ['classify', () => tiny],
      ['eval', () => ['--labels', folder, '--clip', model, '--into', at('never')]],
    ] satisfies [string, () => string[]][]
  ).map<Row>(([command, more]) => [
    command,
    2,
    'a class file that is not there',
    { args: () => [command, at('one.png'), '--classes', at('none.txt'), ...more()] },
  ]),
  ['eval', 2, 'two kinds at once', { args: () => ['eval', at('one.png'), '--dataset', 'scenes', '--into', at('never')] }],
  ['train clip', 1, 'a pack that is not there', { args: () => ['train', 'clip', '--data', at('none.pack'), '--into', at('t')] }],
  ['train clip', 2, 'stages of another form', { args: () => ['train', 'clip', '--stages', '10'] }],
  ['run', 1, 'a file that is no run.json', { args: () => ['run', at('texts.txt')] }],
  ['run', 2, 'nothing to repeat', { args: () => ['run'] }],
  ['no command', 2, 'help on stderr', { args: () => [] }],
  ...(
    [
      ['segment', () => ['segment', at('one.png'), '--classes', 'a', ...tiny]],
      ['classify', () => ['classify', at('one.png'), '--classes', 'a', ...tiny]],
      ['embed', () => ['embed', at('one.png'), '--clip', model]],
      ['eval', () => ['eval', at('one.png'), '--labels', folder, '--classes', 'a', '--clip', model]],
      ['demo', () => ['demo', '--clip', model]],
      ['train clip', () => ['train', 'clip', '--stages', '1x2@48']],
    ] satisfies [string, () => string[]][]
  ).map<Row>(([command, args]) => [
    command,
    1,
    'an output folder below /proc, where nothing can be made',
    { args: () => [...args(), '--into', '/proc/wordmask/out'] },
  ]),
  ['setup', 1, 'a cache below /proc', { args: () => ['setup'], env: { ...bare, XDG_CACHE_HOME: '/proc/wordmask' } }],
]

describe('exit codes', () => {
  test.each(rows)('%s ends with %i: %s', async (command, expected, _, { args, env }) => {
    const { code, signal, stdout, stderr } = await wordmask(args(), { cwd: folder, env })
    expect(signal).toBeNull()
    expect(code, stderr).toBe(expected)
    expect(stderr).not.toMatch(/^\s+at /m)
    if (code !== 0 && stderr.includes('  code: ')) expect(stderr).toMatch(/^ {2}code: ERR_WORDMASK_(?!INTERNAL)\w+$/m)
    if (expected === 2) {
      expect(stdout).toBe('')
      expect(existsSync(at('never'))).toBe(false)
      if (!/^(model|no command)$/.test(command)) expect(stderr).toContain(`next: wordmask ${command} --help`)
    }
  })
  test('every command has a row that fails and one that is wrongly asked', () => {
    const commands = ['setup', 'doctor', 'demo', 'segment', 'classify', 'embed', 'eval', 'train clip', 'run']
    for (const command of commands) {
      const codes = rows.filter(([name]) => name === command).map(([, code]) => code)
      expect(codes, command).toEqual(expect.arrayContaining([1, 2]))
    }
  })
})
