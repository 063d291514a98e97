import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const { countTests, statusOf } = (await import(join(root, 'scripts/test-report.mjs'))) as {
  countTests(file: string): { passed: number; failed: number; skipped: number }
  statusOf(counts: { passed: number; failed: number }, vitest: number): number
}
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-report-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Runs the real vitest on these files and counts its real report. */
function report(name: string, files: Record<string, string>) {
  const folder = join(scratch, name)
  mkdirSync(folder)
  for (const [file, body] of Object.entries(files)) writeFileSync(join(folder, file), body)
  writeFileSync(join(folder, 'vitest.config.mjs'), "export default { test: { include: ['*.test.mjs'], globals: true } }")
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const output = join(folder, 'report.json')
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--root', folder, '--reporter=json', `--outputFile=${output}`], {
    cwd: folder,
    env: { ...process.env, VITEST: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined } as NodeJS.ProcessEnv,
  })
  const counts = countTests(output)
  return { ...counts, status: statusOf(counts, status ?? 1) }
}

describe('the last line of npm test', () => {
  test('two passed, one skipped: status 0', () => {
    const body = "test('a', () => {})\ntest('b', () => {})\ntest.skip('c', () => {})"
    expect(report('good', { 'a.test.mjs': body })).toEqual({ passed: 2, failed: 0, skipped: 1, status: 0 })
  }, 120_000)

  test('one failed, and a file that cannot be collected counts as a failure too', () => {
    const bad = "test('a', () => {})\ntest('b', () => { throw new Error('no') })"
    expect(report('bad', { 'a.test.mjs': bad, 'b.test.mjs': "import './no-such.mjs'" })).toEqual({
      passed: 1,
      failed: 2,
      skipped: 0,
      status: 1,
    })
  }, 120_000)

  test('no report, and no test that ran, are failures although vitest said 0', () => {
    expect(countTests(join(scratch, 'none.json'))).toEqual({ passed: 0, failed: 0, skipped: 0 })
    expect(statusOf({ passed: 0, failed: 0 }, 0)).toBe(1)
    expect(statusOf({ passed: 3, failed: 0 }, 0)).toBe(0)
    expect(statusOf({ passed: 3, failed: 0 }, 130)).toBe(130)
  })
})
