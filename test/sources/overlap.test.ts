import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { planShards, type SourceInput } from '../../lib/sources'
import type { FilesPiece } from '../../lib/sources/piece'
import { parseShardSource } from '../../lib/sources/piece'
import { opened, type TarEntry, tarOf, temporaryFolder, writeFiles } from './files'

const members: TarEntry[] = [
  ['x.jpg', 'x'],
  ['y.jpg', 'y'],
]

async function tree(): Promise<string> {
  const folder = await temporaryFolder()
  const run = JSON.stringify({ format: 'wordmask-run' }, null, 2)
  await writeFiles(folder, {
    ...{ '1.jpg': '1', 'a/2.png': '2', 'a/b/3.png': '3', 'a.b/4.png': '4', '.h/5.jpg': '5', 'odd.bin': '6' },
    ...{ 'out/run.json': run, 'out/7.png': '7', 't.tar': await tarOf(members), 'list.txt': '1.jpg\na/2.png\n', 'none/notes.txt': '' },
  })
  return folder
}

type Sources = (at: (name: string) => string) => SourceInput[]
const whole = ['1.jpg', 'a.b/4.png', 'a/2.png', 'a/b/3.png', 't.tar#x.jpg', 't.tar#y.jpg']
const cases: [string, Sources, string[]][] = [
  ['a file twice, spelled in two ways', (at) => [at('1.jpg'), `file://${at('a')}/../1.jpg`, at('1.jpg')], ['1.jpg']],
  ['a file and its folder', (at) => [at('a/2.png'), at('a')], ['a/2.png', 'a/b/3.png']],
  ['a folder and its file', (at) => [at('a'), at('a/2.png'), { uri: at('a/b/3.png'), as: 'image' }], ['a/2.png', 'a/b/3.png']],
  ['a folder and one below it', (at) => [at(''), at('a/b'), at('a/')], whole],
  ['a folder after one below it', (at) => [at('a/b'), at('a'), at('a')], ['a/b/3.png', 'a/2.png']],
  ['globs that overlap', (at) => [at('*/*.png'), at('**/[23].png')], ['a.b/4.png', 'a/2.png', 'a/b/3.png']],
  ['a glob, and a folder of which it took a part', (at) => [at('a/*.png'), at('a')], ['a/2.png', 'a/b/3.png']],
  [
    'a tar and its folder',
    (at) => [at('t.tar'), at(''), at('t.tar'), at('{s,t}.tar')],
    ['t.tar#x.jpg', 't.tar#y.jpg', ...whole.slice(0, 4)],
  ],
  ['a folder and its tar', (at) => [at(''), { uri: at('t.tar'), members: 'x.*' }], whole],
  ['parts of a tar', (at) => ['x.*', 'y.*', 'x.*'].map((members) => ({ uri: at('t.tar'), members })), ['t.tar#x.jpg', 't.tar#y.jpg']],
  ['a list twice', (at) => [at('list.txt'), at('list.txt')], ['1.jpg', 'a/2.png']],
  [
    'what a folder does not take by itself',
    (at) => [at(''), at('.h/5.jpg'), { uri: at('odd.bin'), as: 'image' }],
    [...whole, '.h/5.jpg', 'odd.bin'],
  ],
  ['results of ours that are named', (at) => [at(''), at('out'), at('out/7.png')], [...whole, 'out/7.png']],
]

describe('an image that several sources have is one image', () => {
  test.each(cases)('%s', async (_, sources, expected) => {
    const folder = await tree()
    const given = sources((name) => (name === '' ? folder : path.join(folder, name)))
    const { images } = await opened(given)
    expect(images.map(({ uri, key }) => `${path.relative(folder, uri)}${key === undefined ? '' : `#${key}`}`)).toEqual(expected)
    const planned: string[] = []
    for await (const { name, source } of planShards(given, { shardSize: 2 })) {
      const { piece } = parseShardSource(name, source)
      if (piece.kind === 'files') planned.push(...filesOf(piece))
    }
    const files = expected.filter((name) => !name.includes('#'))
    if (!given.some((source) => String(source).endsWith('.txt'))) expect(planned.map((uri) => path.relative(folder, uri))).toEqual(files)
  })

  test('a source that gives nothing new is none that is empty', async () => {
    const folder = await tree()
    await expect(opened([folder, path.join(folder, 'none')])).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /no image in .*none/)
  })
})

const filesOf = ({ folder, files }: FilesPiece) => files.flatMap(([below, names]) => names.map((name) => path.resolve(folder, below, name)))
