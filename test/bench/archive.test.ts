import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const load = (name: string): Promise<any> => import(`./archive/${name}.mjs`)
const { cases } = await load('cases')
const { growthTable, power } = await load('growth')
const { argumentsOf, chosen, withCount } = await load('run')
const ids = (flags: object) => chosen({ only: [], large: false, quick: false, ...flags }).map(({ id }: { id: string }) => id)

describe('the cases of npm run bench -- archive', () => {
  test('are those of issue 5 at the sizes it names, each with a program', () => {
    const sizes = Object.fromEntries(cases.map(({ id, args }: any) => [id, args.count ?? args.rows]))
    expect(sizes).toEqual({
      ...{ 'embed-scenes': 5000, 'embed-vit-b32': 5000, 'rows-10k': 1e4, 'rows-100k': 1e5, 'rows-1m': 1e6, 'rows-10m': 1e7 },
      ...{ 'curation-0': 20_000, 'curation-1': 20_000, duplicates: 300, s3: 6000, 'peer-float32': 300, 'peer-bfloat16': 200 },
    })
    for (const { program } of cases) expect(existsSync(join(__dirname, program)), program).toBe(true)
  })

  test('10 million rows only with --large; --only takes parts of names, and says where there is none', () => {
    expect(ids({})).not.toContain('rows-10m')
    expect(ids({ large: true })).toContain('rows-10m')
    expect(ids({ only: ['embed', 'dup'] })).toEqual(['embed-scenes', 'embed-vit-b32', 'duplicates'])
    expect(() => ids({ only: ['nothing'] })).toThrow(/npm run bench -- archive --list/)
  })

  test('those against a peer only with --peers, with the ratios that issue 5 asks for', () => {
    expect(ids({}).some((id: string) => id.startsWith('peer'))).toBe(false)
    expect(ids({ peers: true })).toContain('peer-float32')
    expect(Object.fromEntries(cases.flatMap(({ id, goal }: any) => (goal ? [[id, goal]] : [])))).toEqual({
      'peer-float32': 2.3,
      'peer-bfloat16': 3.5,
    })
  })

  test("--count takes the place of a case's own number of images, where it has one", () => {
    const [scenes, , , , rows] = cases
    expect(argumentsOf(withCount(scenes, '70'), false)).toEqual(['--count', '70', '--model', 'scenes'])
    expect(withCount(rows, '70')).toBe(rows)
    expect(withCount(scenes, undefined)).toBe(scenes)
    expect(() => withCount(scenes, 'many')).toThrow(/--count: expected a whole number/)
  })

  test('arguments become flags; a model of random weights is the file that was made for it', () => {
    const [scenes, vit] = cases
    expect(argumentsOf(scenes, false)).toEqual(['--count', '5000', '--model', 'scenes'])
    expect(argumentsOf(scenes, true)).toEqual(['--count', '300', '--model', 'scenes'])
    expect(argumentsOf(vit, false).at(-1)).toMatch(/vit-b-32-[0-9a-f]{8}\.safetensors$/)
  })
})

describe('the table of growth', () => {
  const of = (rows: number, seconds: number, recall: number) => ({
    figures: {
      ...{ rows, bytes: rows * 1000, add: { seconds, aboveModelMiB: { own: 100, all: 110 } } },
      search: { oneMs: rows / 1e4, textMs: 5, hundredTextsMs: 20, filteredMs: 7, aboveModelMiB: { own: 50, all: 90 } },
      index: { seconds: 3, aboveModelMiB: { own: 70, all: 80 }, approximateMs: 2, text: { at10: recall }, image: { at10: 1 } },
      dedupe: { seconds: (rows / 1e4) ** 2, aboveModelMiB: { own: 10, all: 20 }, recall: 1 },
    },
    ...{ case: `rows-${rows}`, date: '2026-11-30T00:00:00Z', machine: { cpu: 'CPU', cores: 2 } },
  })

  test('what takes ten times as long for ten times the rows grows as their first power, what takes a hundred times as the second', () => {
    const [few, many] = [of(1e4, 2, 0.9).figures, of(1e5, 20, 0.9).figures]
    expect(power(few, many, ({ add }: any) => add.seconds)).toBeCloseTo(1, 12)
    expect(power(few, many, ({ dedupe }: any) => dedupe.seconds)).toBeCloseTo(2, 12)
    expect(power(few, many, ({ search }: any) => search.textMs)).toBe(0)
  })

  test('a column an archive, the power of the two largest; recalls have none; an archive measured on a loaded machine is named', () => {
    const text = growthTable([of(1e4, 2, 0.9), of(1e5, 10, 0.95), { ...of(1e6, 100, 0.975), notQuiet: ['the load is 3'] }])
    expect(text).toContain('|  | 10,000 rows | 100,000 rows | 1,000,000 rows | power |')
    expect(text).toContain('| add, s | 2 | 10 | 100 | 1.00 |')
    expect(text).toContain('| recall of 10 by the index: texts | 0.900 | 0.950 | 0.975 |  |')
    expect(text).toContain('Not quiet: rows-1000000 (the load is 3).')
  })
})
