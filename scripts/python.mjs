// The Python side of parity: a virtual environment with the pinned packages of test/parity/requirements.txt.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const venv = process.env.WORDMASK_PARITY_VENV ?? `${root}.venv`
export const python = `${venv}/bin/python`

export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options })
  if (error) throw new Error(`cannot run ${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

/** Makes or reuses the environment; says which. About 4 GB: the Python wheels of torch carry their CUDA libraries. */
export function ensureVenv() {
  const requirements = readFileSync(`${root}test/parity/requirements.txt`, 'utf8')
  const stamp = `${venv}/wordmask-requirements`
  const wanted = createHash('sha256').update(requirements).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    console.log(`python: ${venv} is up to date`)
    return
  }
  console.log(`python: making ${venv} from test/parity/requirements.txt (about 4 GB, once)`)
  run('python3', ['-m', 'venv', venv])
  run(python, ['-m', 'pip', 'install', '-q', '-r', 'test/parity/requirements.txt'])
  writeFileSync(stamp, wanted)
}
