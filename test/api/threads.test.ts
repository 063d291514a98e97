import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { Clip } from '../../lib'
import { binding } from '../../lib/binding'
import { threadsWanted } from '../../lib/threads'
import { addonEnvironment } from '../helpers/native'

const helper = fileURLToPath(new URL('../helpers/native.cjs', import.meta.url))

/** Threads of the addon in a process with this setting, or the last line of its error. */
function threadsOf(WORDMASK_THREADS: string): number | string {
  const script = `process.stdout.write(String(require(${JSON.stringify(helper)}).open().systemInfo().threads))`
  try {
    return Number(
      execFileSync(process.execPath, ['-e', script], { env: { ...addonEnvironment(), WORDMASK_THREADS }, encoding: 'utf8', stdio: 'pipe' }),
    )
  } catch (error) {
    return String((error as { stderr: string }).stderr)
  }
}

describe('WORDMASK_THREADS', () => {
  test.each([
    ['1', 1],
    ['3', 3],
    ['', binding().systemInfo().threads],
  ])('%j: the addon computes on %i', (text, threads) => {
    expect(threadsOf(text)).toBe(threads)
  })

  test.each(['0', '-1', 'two', '1025', '1.5'])('%j is refused by the addon and before it', (text) => {
    expect(threadsOf(text)).toMatch(`Expected a whole number from 1 to 1024 for WORDMASK_THREADS but received '${text}'`)
    expect(() => threadsWanted({ WORDMASK_THREADS: text })).toThrow(/whole number from 1 to 1024 for WORDMASK_THREADS/)
  })

  test('unset or empty: no wish', () => {
    expect(threadsWanted({})).toBeUndefined()
    expect(threadsWanted({ WORDMASK_THREADS: '' })).toBeUndefined()
    expect(threadsWanted({ WORDMASK_THREADS: '12' })).toBe(12)
  })
})

describe('the threads option of Clip.load', () => {
  const before = binding().systemInfo().threads
  afterAll(() => binding().setThreads(before))

  test('holds for the process', async () => {
    const clip = await Clip.load('scenes', { threads: 1 })
    expect(binding().systemInfo().threads).toBe(1)
    clip.dispose()
  })

  test.each([0, 1.5, 1025, '2'])('%j is refused', async (threads) => {
    await expect(Clip.load('scenes', { threads: threads as number })).rejects.toMatchObject({ code: 'ERR_WORDMASK_INVALID_ARGUMENT' })
  })
})
