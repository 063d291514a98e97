import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where nvcc can be neither found nor fetched, tests that need it are skipped with the reason; in CI that is a failure. */
export function withLibrary(beforeAll: (work: () => void, timeout: number) => void): { path?: string; missing?: string } {
  const library: { path?: string; missing?: string } = {}
  beforeAll(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/cuda.mjs'], { cwd: root, encoding: 'utf8' })
    if (status === 0) library.path = stdout.trim()
    else {
      const unavailable = /pip failed|Cannot run .*pip|holds no libc10_cuda\.so|CUDACXX cannot be used/.test(stderr)
      if (!unavailable || process.env.CI) throw new Error(`node scripts/cuda.mjs failed:\n${stderr.slice(-4000)}`)
      library.missing = `no nvcc here: ${stderr.trim().split('\n').pop()}`
    }
  }, 900_000)
  return library
}
