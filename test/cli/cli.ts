import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(__dirname, '..', '..')
const main = join(root, 'dist', 'cli', 'main.js')

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  /** Resolves once stdout or stderr matches. */
  saw(pattern: RegExp): Promise<void>
}

export interface StartOptions {
  cwd?: string
  env?: Record<string, string>
  node?: string[]
  /** A signal that the process sends itself when it first writes what matches: sent from here it may come when all is done. */
  raise?: { signal: NodeJS.Signals; at: RegExp }
}

/** Starts `wordmask ...args` from dist/, as an installed package runs it. */
export function start(args: string[], { cwd = root, env, node = [], raise }: StartOptions = {}): Running {
  if (!existsSync(main)) throw new Error('dist/ is missing: npm run build')
  const raising = raise && { WORDMASK_TEST_RAISE: JSON.stringify({ signal: raise.signal, at: raise.at.source }) }
  const loaded = raise ? ['--require', join(__dirname, 'children', 'raise.cjs')] : []
  const child = spawn(process.execPath, [...loaded, ...node, main, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env, ...raising },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      out[name] += text
      for (const watcher of watchers) watcher()
    })
  }
  const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...out })))
  const saw = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(out.stdout) && !pattern.test(out.stderr)) return
        watchers.delete(look)
        resolve()
      }
      watchers.add(look)
      look()
      void ended.then((end) => reject(new Error(`ended (${end.code}) before ${pattern}: ${end.stderr}`)))
    })
  return { child, ended, saw }
}

export const wordmask = (args: string[], options?: StartOptions): Promise<Ended> => start(args, options).ended

/** Every line of --json output; throws where a line is no JSON. */
export function events(stdout: string): Record<string, any>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
