import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a Python program with the public tools. -> what it printed after "RESULT " */
export type Read = (program: string, ...args: string[]) => any

/**
 * The public tools' own readers, in an environment that scripts/readers.mjs makes on first use. Where it cannot be had `missing` says
 * why, for `skip(!readers.read, readers.missing)`; in CI that is a failure.
 */
export function withReaders(): { read?: Read; missing?: string } {
  const found: { read?: Read; missing?: string } = {}
  beforeAll(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/readers.mjs'], { cwd: root, encoding: 'utf8' })
    if (status === 0) found.read = (program, ...args) => run(stdout.trim(), program, args)
    else if (process.env.CI) throw new Error(`node scripts/readers.mjs failed:\n${stderr.trim()}`)
    else found.missing = `no readers here: ${stderr.trim()}`
  }, 600_000)
  return found
}

function run(python: string, program: string, args: string[]): any {
  const { stdout, stderr, status } = spawnSync(python, [program, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28, cwd: root })
  const result = /^RESULT (.*)$/m.exec(stdout)?.[1]
  if (status !== 0 || result === undefined) throw new Error(`${program} ended with ${status}:\n${stderr || stdout}`)
  return JSON.parse(result)
}
