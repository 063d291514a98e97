import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

let count = 0

/** An empty home, below `scratch`, on a machine whose Python has no torch. */
export function machineIn(scratch: string, extra: Record<string, string> = {}) {
  const home = join(scratch, `home${count++}`)
  mkdirSync(home)
  const lines: string[] = []
  const env = { HOME: home, PATH: process.env.PATH, WORDMASK_PYTHON: '/bin/false', ...extra }
  const folder = join(home, '.cache', 'wordmask')
  return { env, lines, folder, libtorch: join(folder, 'libtorch', '2.11.0-cpu'), log: (line: string) => lines.push(line) }
}

/** Everything below the cache but what is meant to stay. */
export const strays = (folder: string) => readdirSync(join(folder, 'libtorch')).filter((name) => name !== '2.11.0-cpu')
