import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isDiskFull, writeAtomic } from '../../lib/run/atomic.js'
import { OutputFolder } from '../../lib/run/output-folder.js'
import type { RunFacts } from '../../lib/run/run-file.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-output-'))
afterAll(() => rmSync(folder, { recursive: true }))
const facts = (settings = {}): RunFacts => ({
  ...{
    command: 'embed',
    argv: ['embed'],
    cwd: '/',
    device: 'cpu',
    dtype: 'float32',
    threads: 1,
    classes: [],
    seed: 0,
    settings,
    notes: [],
  },
  ...{ model: { name: 'm', family: 'f', licence: 'MIT', weights: [] }, libtorch: '2', addon: 'a' },
})
const image = { path: '/a.png', name: 'a', bytes: 1, modified: 2 }
const status = (into: string) => JSON.parse(readFileSync(join(into, 'run.json'), 'utf8')).status

describe('an output folder', () => {
  test('is one run at a time: a second one waits, and finds what the first one did', async () => {
    const into = join(folder, 'two')
    const first = await OutputFolder.open(into, facts(), false)
    let opened = false
    const second = OutputFolder.open(into, facts(), false).finally(() => {
      opened = true
    })
    await first.finished(image, {})
    expect(opened).toBe(false)
    await first.close('done')
    const other = await second
    expect(other.lineCount).toBe(1)
    await other.close('done')
    expect(existsSync(join(into, '.lock'))).toBe(false)
  })
  test('waiting ends with the signal', async () => {
    const into = join(folder, 'aborted')
    const first = await OutputFolder.open(into, facts(), false)
    const stop = new AbortController()
    const second = OutputFolder.open(into, facts(), false, stop.signal)
    stop.abort()
    await expect(second).rejects.toHaveProperty('code', 'ERR_WORDMASK_ABORTED')
    await first.close('done')
  })
  test('one that waited for a run of another kind is refused, and holds nothing', async () => {
    const into = join(folder, 'other')
    const first = await OutputFolder.open(into, facts(), false)
    await expect(OutputFolder.open(into, facts({ top: 3 }), false)).rejects.toThrow(/another run \(other: top\)/)
    await first.close('done')
    await (await OutputFolder.open(into, facts(), false)).close('done')
  })
  test('a failure is recorded; where it cannot be, the failure is still the error to tell', async () => {
    const into = join(folder, 'failed')
    const run = await OutputFolder.open(into, facts(), false)
    await run.fail()
    expect(status(into)).toBe('failed')
    const again = await OutputFolder.open(into, facts(), false)
    rmSync(into, { recursive: true })
    writeFileSync(into, 'a file where the folder was')
    await expect(again.fail()).resolves.toBeUndefined()
  })
})

describe('files written beside and renamed', () => {
  test.each([
    ['of 255 letters', 'x'.repeat(251)],
    ['of 255 bytes in letters of three', `x${'\u6f22'.repeat(83)}y`],
    ['of letters beyond 16 bits', '\u{1f600}'.repeat(62)],
  ])('take a name %s, the longest that a disk takes', async (_, name) => {
    const file = join(folder, `${name}.png`)
    await writeAtomic(file, 'whole')
    expect(readFileSync(file, 'utf8')).toBe('whole')
  })
  test('a disk that is full is told from a file that cannot be written', async () => {
    const error = (code: string) => Object.assign(new Error(code), { code })
    expect(isDiskFull(error('ENOSPC'))).toBe(true)
    expect(isDiskFull(new Error('Cannot write', { cause: error('EROFS') }))).toBe(true)
    expect(isDiskFull(error('ENAMETOOLONG'))).toBe(false)
    expect(isDiskFull(undefined)).toBe(false)
    const tooLong = await writeAtomic(join(folder, 'x'.repeat(300)), '').catch((cause) => cause)
    expect(tooLong).toHaveProperty('code', 'ERR_WORDMASK_IO')
    expect(isDiskFull(tooLong)).toBe(false)
  })
})
