import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './pictures'

/** What an archive may need above the model, in MiB: 1.5 GB. */
const most = 1430

/** -> MiB above the loaded model, the most of each tenth of the work */
async function tenthsOf(kind: 'records' | 'images', count: number): Promise<number[]> {
  if (!existsSync(join(__dirname, '../../dist/index.js'))) throw new Error('dist/ is missing: npm run build')
  const folder = await temporaryFolder()
  const child = join(__dirname, 'children', 'memory.cjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, join(folder, 'archive'), kind, String(count)], {
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  const { rows, tenths } = JSON.parse(stdout)
  expect(rows).toBe(count)
  return tenths
}

describe('resident memory above the model, in a process of its own', () => {
  test('200,000 rows in eight commits: below 1.5 GB, and no more at the end than when LanceDB has filled its caches (lance.ts)', async () => {
    const tenths = await tenthsOf('records', 200_000)
    expect(Math.max(...tenths), `MiB by tenth: ${tenths}`).toBeLessThan(most)
    expect(Math.max(...tenths.slice(8)) - Math.max(...tenths.slice(5, 7)), `MiB by tenth: ${tenths}`).toBeLessThan(100)
  }, 180_000)

  test('160 pictures through the built-in model, in eight commits: below 1.5 GB', async () => {
    const tenths = await tenthsOf('images', 160)
    expect(Math.max(...tenths), `MiB by tenth: ${tenths}`).toBeLessThan(most)
  }, 120_000)
})
