// npm test: builds what is missing, runs vitest, ends with one plain line: N passed, N failed, N skipped.
// Arguments go to vitest: npm test -- test/setup
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, run } from './steps.mjs'
import { countTests, statusOf } from './test-report.mjs'

const report = join(root, 'build', 'test-report.json')
rmSync(report, { force: true })

await main(async () => {
  let status = 1
  try {
    const libtorch = await build()
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const args = ['run', '--config', 'test/vitest.config.ts', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const env = { ...process.env, WORDMASK_LIBTORCH: libtorch.root }
    status = (await run(process.execPath, [vitest, ...args, ...process.argv.slice(2)], { env, stdio: 'inherit' })).status
  } catch (error) {
    process.stderr.write(`\n${error.message}\n`)
  }
  const counts = countTests(report)
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  return statusOf(counts, status)
})
