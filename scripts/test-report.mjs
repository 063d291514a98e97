// What vitest's JSON report amounts to. A test file that could not even be collected counts as one failure.
import { existsSync, readFileSync } from 'node:fs'

/** @returns {{ passed: number, failed: number, skipped: number }} */
export function countTests(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0 }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(file, 'utf8'))
  const broken = testResults.filter((one) => one.status === 'failed' && !one.assertionResults.some((test) => test.status === 'failed'))
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests }
}

/** Exit status: vitest's own, unless a test failed or none ran. */
export function statusOf({ passed, failed }, vitest) {
  return vitest !== 0 ? vitest : failed > 0 || passed === 0 ? 1 : 0
}
