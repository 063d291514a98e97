import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const load = (name: string): Promise<any> => import(`./archive/${name}.mjs`)
const { cases } = await load('cases')
const { argumentsOf, chosen } = await load('run')
const ids = (flags: object) => chosen({ only: [], large: false, quick: false, ...flags }).map(({ id }: { id: string }) => id)

describe('the cases of npm run bench -- archive', () => {
  test('are those of issue 5 at the sizes it names, each with a program', () => {
    const sizes = Object.fromEntries(cases.map(({ id, args }: any) => [id, args.count ?? args.rows]))
    expect(sizes).toEqual({
      ...{ 'embed-scenes': 5000, 'embed-vit-b32': 5000, 'rows-10k': 1e4, 'rows-100k': 1e5, 'rows-1m': 1e6, 'rows-10m': 1e7 },
      ...{ 'curation-0': 20_000, 'curation-1': 20_000, duplicates: 300 },
    })
    for (const { program } of cases) expect(existsSync(join(__dirname, program)), program).toBe(true)
  })

  test('10 million rows only with --large; --only takes parts of names, and says where there is none', () => {
    expect(ids({})).not.toContain('rows-10m')
    expect(ids({ large: true })).toContain('rows-10m')
    expect(ids({ only: ['embed', 'dup'] })).toEqual(['embed-scenes', 'embed-vit-b32', 'duplicates'])
    expect(() => ids({ only: ['nothing'] })).toThrow(/npm run bench -- archive --list/)
  })

  test('arguments become flags; a model of random weights is the file that was made for it', () => {
    const [scenes, vit] = cases
    expect(argumentsOf(scenes, false)).toEqual(['--count', '5000', '--model', 'scenes'])
    expect(argumentsOf(scenes, true)).toEqual(['--count', '300', '--model', 'scenes'])
    expect(argumentsOf(vit, false).at(-1)).toMatch(/vit-b-32-[0-9a-f]{8}\.safetensors$/)
  })
})
