import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { harness } from './load'

const { curveLines, inUnit, isMet, line, markdown, merge, writeTable } = await harness('table')
const { parseOptions, HELP } = await harness('options')
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-table-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const machine = { cpu: 'CPU', family: '1/2/3', cores: 2, extensions: ['avx2'], governor: 'x', memoryGiB: 8, kernel: '6', node: 'v20' }
const environment = { machine, threads: 2, commit: 'abc', date: '2026-11-21', seen: { load: 0.1, busy: 0, steal: 0 } }
const row = (more: object = {}): any => ({
  case: 'a',
  kind: 'peer',
  title: 'work a',
  unit: 'images/s',
  goal: 2,
  ours: { name: 'wordmask', value: 20, spread: 0.01, extraBytes: 2 ** 20, versions: { LibTorch: '2.11.0' } },
  peer: { name: 'peer', value: 10, spread: 0.02, extraBytes: 2 ** 21, versions: { peer: '1.0' } },
  ratio: { median: 2.01, spread: 0.02 },
  against: [],
  ...more,
})
const point = (x: number, value: number) => ({
  ...row({ case: 'c', kind: 'curve', title: 'curve', unit: 'ms', point: x, x, xName: 'rows', bend: 'the cache ends', goal: undefined }),
  peer: undefined,
  ratio: undefined,
  ours: { ...row().ours, value },
})

describe('figures of a row', () => {
  test('milliseconds, rates and sizes', () => {
    expect([inUnit(0.25, 'ms'), inUnit(0.25, 'images/s', 8), inUnit(640, 'MiB')]).toEqual([250, 32, 640])
  })
  test('reached, not reached, nothing asked', () => {
    expect(isMet(row())).toBe(true)
    expect(isMet(row({ goal: 2.1 }))).toBe(false)
    expect(isMet(row({ goal: undefined }))).toBeUndefined()
    expect(isMet(row({ memoryLimit: 1000 }))).toBe(false)
    expect(isMet({ ours: { value: 51 }, limit: 50 })).toBe(false)
  })
  test('one line says everything that the terminal needs', () => {
    expect(line(row())).toBe('work a: 20.0 images/s ±1%  peer 10.0 ±2%  ratio 2.01 ±2%  (≥ 2x: reached)')
  })
})

describe('the table', () => {
  test('environment first, then rows with ratio, goal and memory; versions of everyone', () => {
    const text = markdown({ environment, rows: [row()] })
    expect(text.indexOf('2 threads everywhere; commit abc')).toBeLessThan(text.indexOf('## Against peers'))
    expect(text).toContain('LibTorch 2.11.0, peer 1.0')
    expect(text).toContain('| work a | 20.0 images/s ±1% | peer | 10.0 images/s ±2% | **2.01x** ±2% | ≥ 2x | 1 MiB / 2 MiB | reached |')
    expect(text).not.toContain('†')
  })
  test('a row measured by force is marked, with the reason below', () => {
    const text = markdown({ environment, rows: [row({ against: ['the spread of peer is 20%'] })] })
    expect(text).toContain('hints only')
    expect(text).toContain('**2.01x** ±2% †')
    expect(text).toContain('† work a against peer: the spread of peer is 20%')
  })
  test('a straight curve is called so, and a bent one gives its reason', () => {
    expect(curveLines([1, 10, 100].map((x) => point(x, 5 + x)))[0]).toMatch(/by rows: 1\.00: 6\.00 ms, .* a straight line/)
    expect(curveLines([1, 10, 100].map((x) => point(x, x * x)))[0]).toMatch(/not a straight line .*: the cache ends/)
  })
  test('a row measured again replaces its elder, of the same peer and point only', () => {
    const newer = row({ ratio: { median: 3, spread: 0 } })
    const other = row({ peer: { ...row().peer, name: 'other' } })
    expect(merge([row(), other], [newer])).toEqual([newer, other])
    expect(merge([point(1, 1), point(2, 2)], [point(2, 3)]).map(({ ours }: any) => ours.value)).toEqual([1, 3])
    expect(merge([], [newer])).toEqual([newer])
  })
  test('written in pieces, JSON and markdown hold all of them', () => {
    const files = writeTable(scratch, 'machine', { environment, rows: [row()] })
    writeTable(scratch, 'machine', { environment, rows: [row({ case: 'b', title: 'work b', commit: 'def' })] })
    expect(files.map((file: string) => file.slice(scratch.length + 1))).toEqual(['machine-2026-11-21.md', 'machine-2026-11-21.json'])
    expect(JSON.parse(readFileSync(files[1], 'utf8')).rows.map((r: any) => r.case)).toEqual(['a', 'b'])
    expect(readFileSync(files[0], 'utf8')).toMatch(/commits abc, def;[^]*work a[^]*work b/)
  })
})

describe('the command line', () => {
  test('defaults, and every option', () => {
    expect(parseOptions([])).toMatchObject({ peers: false, only: [], quick: false, force: false, wait: 0, threads: 2 })
    expect(parseOptions(['--peers', '--only', 'a', '--only', 'b', '--wait', '5', '--threads', '4'])).toMatchObject({
      peers: true,
      only: ['a', 'b'],
      wait: 5,
      threads: 4,
    })
  })
  test('what is misspelt or no number is refused with a way on', () => {
    expect(() => parseOptions(['--peer'])).toThrow(/--peer.*--help/)
    expect(() => parseOptions(['--threads', '0'])).toThrow(/whole number >= 1 after --threads, not '0'/)
    expect(() => parseOptions(['--wait', 'long'])).toThrow(/--wait, not 'long'/)
  })
  test('--help names every option and the limits that refuse a table', () => {
    for (const name of ['peers', 'only', 'quick', 'wait', 'force', 'threads', 'into', 'json', 'list']) expect(HELP).toContain(`--${name}`)
    expect(HELP).toMatch(/0\.25 a core/)
    expect(HELP).toMatch(/above 10%/)
  })
})
