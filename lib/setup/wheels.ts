import { spawn } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WordmaskError } from '../errors'
import { sha256File } from './hash'
import { makeFolderSync } from './make-folder'
import type { Environment } from './paths'
import { CUDA_BYTES, PIP_TARGET, type PinnedWheel } from './pins'
import { watchFolder } from './watch'

export interface WheelOptions {
  env: Environment
  log: (line: string) => void
  /** Bytes of this download so far, and about how many it has. */
  onProgress?: (done: number, total: number | undefined) => void
  signal?: AbortSignal
  /** What else to do where pip fails. Default: how to bring LibTorch oneself. */
  advice?: string
}

/** The wheel in `folder`, checked; fetched by pip where it is not there. A finished wheel is not fetched twice. */
export async function fetchWheel(wheel: PinnedWheel, folder: string, options: WheelOptions): Promise<string> {
  const present = await findWheel(wheel, folder, options.log)
  if (present) return present
  options.log(`fetching ${wheel.requirement} (${wheel.megabytes} MB) with pip`)
  makeFolderSync(folder)
  const list = join(folder, `${wheel.file}requirements.txt`)
  writeFileSync(list, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`)
  try {
    const args = ['download', '--no-deps', '--require-hashes', ...PIP_TARGET, '--dest', folder, '--requirement', list]
    await pip(args, folder, wheel.megabytes * 1e6, options)
  } finally {
    rmSync(list, { force: true })
  }
  const fetched = await findWheel(wheel, folder, options.log)
  if (fetched) return fetched
  throw new WordmaskError(
    'ERR_WORDMASK_DOWNLOAD',
    `pip ended without an error but ${folder} holds no ${wheel.file}*.whl. Run the same command again`,
  )
}

/** A wheel of this name with this digest; another digest is said and not used. */
export async function findWheel(wheel: PinnedWheel, folder: string, log: (line: string) => void): Promise<string | undefined> {
  for (const name of readdirSync(folder).filter((n) => n.startsWith(wheel.file) && n.endsWith('.whl'))) {
    const file = join(folder, name)
    const actual = await sha256File(file)
    if (actual === wheel.sha256) return file
    log(`not using ${file}: expected sha256 ${wheel.sha256}, found ${actual}`)
  }
  return undefined
}

/** Fetches requirements with all they depend on, chosen by pip among wheels for this target and checked against its index. */
export async function fetchWithDependencies(requirements: string[], folder: string, options: WheelOptions): Promise<string[]> {
  makeFolderSync(folder)
  await pip(['download', ...PIP_TARGET, '--dest', folder, ...requirements], folder, CUDA_BYTES, options)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.whl'))
    .map((name) => join(folder, name))
}

const OWN_LIBTORCH = 'Or fetch LibTorch yourself and run: npx wordmask setup --from FILE|FOLDER|URL'

/** Pip says nothing of its progress where it has no terminal, so its temporary folder is watched, which lies in `folder`. */
async function pip(args: string[], folder: string, total: number, options: WheelOptions): Promise<void> {
  const temporary = join(folder, 'pip')
  makeFolderSync(temporary)
  const watch = watchFolder(temporary, (bytes) => options.onProgress?.(Math.min(bytes, total), total))
  try {
    await runPip(args, { ...options, env: { ...options.env, TMPDIR: temporary } })
  } finally {
    watch.stop()
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
}

function runPip(args: string[], { env, log, signal, advice = OWN_LIBTORCH }: WheelOptions): Promise<void> {
  const python = env.WORDMASK_PYTHON || 'python3'
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args], {
      env: env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
    let tail = ''
    const keep = (chunk: Buffer) => {
      tail = (tail + chunk).slice(-2000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => {
      reject(
        signal?.aborted
          ? new WordmaskError('ERR_WORDMASK_ABORTED', 'Setup was aborted')
          : new WordmaskError(
              'ERR_WORDMASK_DOWNLOAD',
              `Cannot run ${python} (${error.message}): install Python with pip (Debian: apt-get install python3-pip), then run the same command again. ${advice}`,
              { cause: error },
            ),
      )
    })
    child.on('close', (status) => {
      if (status === 0) return resolve()
      if (signal?.aborted) return // rejected by 'error'
      if (tail.trim() !== '') log(tail.trim())
      const missing = /No module named '?pip/.test(tail) ? 'install pip (Debian: apt-get install python3-pip) and run' : 'run'
      reject(
        new WordmaskError(
          'ERR_WORDMASK_DOWNLOAD',
          `pip failed with status ${status} (its words are above): ${missing} the same command again. ${advice}`,
        ),
      )
    })
  })
}
