// npm test: builds what is missing, runs vitest, ends with one plain line: N passed, N failed, N skipped.
// Arguments go to vitest: npm test -- test/setup
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, run } from './steps.mjs'

const report = join(root, 'build', 'test-report.json')

await main(async () => {
  let status = 1
  try {
    const libtorch = await build()
    rmSync(report, { force: true })
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const args = ['run', '--config', 'test/vitest.config.ts', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const env = { ...process.env, WORDMASK_LIBTORCH: libtorch.root }
    status = (await run(process.execPath, [vitest, ...args, ...process.argv.slice(2)], { env, stdio: 'inherit' })).status
  } finally {
    const { passed, failed, skipped } = count()
    if (passed + failed === 0 || failed > 0) status ||= 1
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  }
  return status
})

/** A file that could not even be collected counts as one failure. */
function count() {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0 }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests }
}
