import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClipConfig, ComputeOptions, Pixels, ResizeOptions, TrainClipOptions } from '../../binding'
import { searchLibTorch } from '../../lib/setup'

const require = createRequire(import.meta.url)
interface Shared {
  tiny: ClipConfig
  middling: ClipConfig
  compute: ComputeOptions
  resize: ResizeOptions
  encode: ResizeOptions & { normalize: boolean; batchSize: number }
  picture(width: number, height: number, seed?: number): Pixels
  training(folder: string, steps: number): TrainClipOptions
}
export const { tiny, middling, compute, resize, encode, picture, training } = require('./native.cjs') as Shared

/** What native.cjs needs to open the addon in another process. */
export function addonEnvironment(): NodeJS.ProcessEnv {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const loader: string = require('node-gyp-build').resolve(root)
  const { found } = searchLibTorch()
  if (!found) throw new Error('LibTorch is not installed: run `npm run build`')
  const addon = { loader, core: join(dirname(loader), 'core', 'wordmask_core.node'), libraries: found.libraries }
  return { ...process.env, WORDMASK_TEST_ADDON: JSON.stringify(addon) }
}

/** A temporary folder for the time of `work`. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'wordmask-test-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  seconds: number
}

/** Runs test/api/children/<file> to its end. `onLine` sees every whole line of its standard output as it comes. */
export function runChild(
  file: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; node?: string[]; onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void } = {},
): Promise<Ended> {
  const script = fileURLToPath(new URL(`../api/children/${file}`, import.meta.url))
  const started = performance.now()
  const child = spawn(process.execPath, [...(options.node ?? []), script, ...args], { env: { ...addonEnvironment(), ...options.env } })
  let stdout = ''
  let stderr = ''
  let seen = 0
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    for (let end = stdout.indexOf('\n', seen); end >= 0; end = stdout.indexOf('\n', seen)) {
      options.onLine?.(stdout.slice(seen, end), (signal) => child.kill(signal))
      seen = end + 1
    }
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, seconds: (performance.now() - started) / 1000 }))
  })
}
