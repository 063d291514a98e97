import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WordmaskError } from '../../lib/errors'
import { classesFromArgument, parseClassText, readClassFile } from '../../lib/text/class-file'
import { parseClasses } from '../../lib/text/classes'
import { vocColor } from '../../lib/text/colors'

const code = 'ERR_WORDMASK_CLASSES'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wordmask-classes-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('names', () => {
  test('a name gets its position as id and the VOC colour of it', () => {
    expect(parseClasses(['fox', ' tall  grass '])).toEqual([
      { name: 'fox', synonyms: [], prompts: undefined, negatives: [], id: 1, color: [128, 0, 0] },
      { name: 'tall  grass', synonyms: [], prompts: undefined, negatives: [], id: 2, color: [0, 128, 0] },
    ])
  })

  test('VOC colours by hand; 256 values are different, then they repeat without black', () => {
    expect([0, 1, 2, 3, 15, 255].map(vocColor)).toEqual([
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [128, 128, 0],
      [192, 128, 128],
      [224, 224, 192],
    ])
    expect(new Set(Array.from({ length: 256 }, (_, i) => vocColor(i).join())).size).toBe(256)
    expect(vocColor(256)).toEqual(vocColor(1))
  })

  test('a specification keeps what it says', () => {
    expect(
      parseClasses([{ name: 'fox', synonyms: ['vixen', 'Fox', 'vixen '], prompts: ['a {}'], negatives: ['dog'], id: 7, color: '#Ff8000' }]),
    ).toEqual([{ name: 'fox', synonyms: ['vixen'], prompts: ['a {}'], negatives: ['dog'], id: 7, color: [255, 128, 0] }])
  })

  test.each([
    [[], /empty/],
    ['fox', /array/],
    [['fox', ' FOX'], /classes\[1\] repeats the name "FOX" of classes\[0\]/],
    [['fox', { name: 'dog', synonyms: ['fox'] }], /repeats the name "fox"/],
    [['fox', '  '], /classes\[1\]: the name is empty/],
    [['a\nb'], /control character/],
    [[3], /expected a name/],
    [[null], /expected a name/],
    [[{ name: 'fox', colour: 'red' }], /unknown key "colour"/],
    [[{ name: 'fox', color: 'red' }], /#rrggbb/],
    [[{ name: 'fox', color: [1, 2, 300] }], /0\.\.255/],
    [[{ name: 'fox', id: 0 }], /id/],
    [[{ name: 'a', id: 2 }, 'b'], /repeats the id 2/],
    [[{ name: 'fox', prompts: [] }], /prompts is empty/],
    [[{ name: 'fox', synonyms: 'vixen' }], /array of strings/],
  ])('%j is refused', (classes, message) => {
    expect(() => parseClasses(classes as never)).toThrow(expect.toHaveCode(code, message))
  })

  test('65,534 names are accepted, 65,535 and 70,000 are not', () => {
    const names = (n: number) => Array.from({ length: n }, (_, i) => `name ${i}`)
    expect(parseClasses(names(65_534))).toHaveLength(65_534)
    for (const n of [65_535, 70_000]) expect(() => parseClasses(names(n))).toThrow(expect.toHaveCode(code, new RegExp(`${n} classes`)))
  })
})

describe('files', () => {
  test('a line is a name and its synonyms; comments, blank lines, CRLF and a byte order mark are no classes', () => {
    const classes = parseClassText('\ufefffox, vixen\r\n\r\n# animals\r\n grass \r\n')
    expect(classes.map(({ name, synonyms }) => [name, synonyms])).toEqual([
      ['fox', ['vixen']],
      ['grass', []],
    ])
  })

  test('JSON holds names and specifications', () => {
    expect(parseClassText(' ["fox", {"name": "grass", "id": 9}]').map(({ name, id }) => [name, id])).toEqual([
      ['fox', 1],
      ['grass', 9],
    ])
  })

  test.each([
    ['', /empty/],
    ['# nothing', /empty/],
    ['fox\nfox', /line 2 repeats the name "fox" of class list: line 1/],
    ['fox\n\ngrass,,x', /line 3 has an empty name/],
    ['[{"name": "fox"}, {"name": 1}]', /entry 2/],
    ['["fox"', /not valid JSON/],
    ['{"classes": ["fox"]}', /array of classes/],
  ])('%j is refused and says where', (text, message) => {
    expect(() => parseClassText(text)).toThrow(expect.toHaveCode(code, message))
  })

  test('from disk: missing, a folder, not UTF-8', async () => {
    const file = join(folder, 'classes.txt')
    await writeFile(file, 'fox, vixen\ngrass\n')
    expect((await readClassFile(file)).map(({ name }) => name)).toEqual(['fox', 'grass'])
    await expect(readClassFile(join(folder, 'none.txt'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /none\.txt/)
    await expect(readClassFile(folder)).rejects.toHaveCode('ERR_WORDMASK_IO')
    await writeFile(file, Buffer.from([0x66, 0xff, 0x78]))
    await expect(readClassFile(file)).rejects.toHaveCode(code, /UTF-8/)
  })

  test('an argument is a file when it names one, else a list of names; a missing file is not taken for a name', async () => {
    const file = join(folder, 'list')
    await writeFile(file, 'fox\n')
    expect((await classesFromArgument(file)).map(({ name }) => name)).toEqual(['fox'])
    expect((await classesFromArgument('fox, tall grass')).map(({ name }) => name)).toEqual(['fox', 'tall grass'])
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [piped] = await Promise.all([classesFromArgument(pipe), writeFile(pipe, 'fox, vixen\ngrass\n')])
    expect(piped.map(({ name, synonyms }) => [name, synonyms])).toEqual([
      ['fox', ['vixen']],
      ['grass', []],
    ])
    await expect(classesFromArgument('names.txt')).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /names\.txt/)
    await expect(classesFromArgument('fox,,grass')).rejects.toHaveCode(code)
  })
})

describe('fuzz', () => {
  const seeds = [
    'fox, vixen\n# c\ngrass\r\n',
    '[{"name":"fox","synonyms":["vixen"],"prompts":["a {}"],"negatives":["dog"],"id":3,"color":"#102030"},"grass"]',
    '["a","b"]',
  ]
  const pieces = [
    '[',
    ']',
    '{',
    '}',
    '"',
    ',',
    '\n',
    '\0',
    '\ufeff',
    'null',
    '1e999',
    '-1',
    '"name"',
    ':',
    '\\u0000',
    '\ud800',
    '__proto__',
    '"id":2',
    '😀',
    '[['.repeat(500),
  ]

  test('4,000 mutated files give classes or ERR_WORDMASK_CLASSES, nothing else', () => {
    let state = 12345
    const random = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * n)
    }
    let accepted = 0
    for (let round = 0; round < 4_000; round++) {
      let text = seeds[random(seeds.length)]!
      for (let edits = 1 + random(4); edits > 0; edits--) {
        const at = random(text.length + 1)
        text = text.slice(0, at) + (random(3) === 0 ? '' : pieces[random(pieces.length)]) + text.slice(at + random(4))
      }
      try {
        const classes = parseClassText(text)
        accepted++
        expect(new Set(classes.map(({ id }) => id)).size).toBe(classes.length)
        for (const { name } of classes) expect(name).toBe(name.trim())
      } catch (error) {
        if (!(error instanceof WordmaskError) || error.code !== code) throw new Error(`${JSON.stringify(text)}: ${error}`)
      }
    }
    expect(accepted).toBeGreaterThan(100)
    expect(accepted).toBeLessThan(3_900)
  })
})
