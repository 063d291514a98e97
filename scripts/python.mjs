// Virtual environments with pinned packages: for parity (test/parity/requirements.txt) and for the benchmarks' peers.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const venv = process.env.WORDMASK_PARITY_VENV ?? `${root}.venv`
export const python = `${venv}/bin/python`

export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options })
  if (error) throw new Error(`cannot run ${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

/** The file and those it includes by `-r`, so that a change of any of them makes the environment anew. */
function wholeText(file) {
  const text = readFileSync(file, 'utf8')
  return text.replace(/^-r (.+)$/gm, (_, included) => wholeText(join(dirname(file), included)))
}

/** Makes or reuses a virtual environment in `folder`; says which. About 4 GB: the Python wheels of torch carry their CUDA libraries. */
export function makeVenv(folder, requirements) {
  const stamp = `${folder}/wordmask-requirements`
  const wanted = createHash('sha256').update(wholeText(requirements)).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    console.error(`python: ${folder} is up to date`)
    return
  }
  console.error(`python: making ${folder} from ${relative(root, requirements)} (about 4 GB, once)`)
  run('python3', ['-m', 'venv', folder])
  run(`${folder}/bin/python`, ['-m', 'pip', 'install', '-q', '-r', requirements])
  writeFileSync(stamp, wanted)
}

export const ensureVenv = () => makeVenv(venv, join(root, 'test/parity/requirements.txt'))
