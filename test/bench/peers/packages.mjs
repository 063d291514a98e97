// Packages of the peers, which lie in the cache (WORDMASK_BENCH_PEERS) and not in this checkout.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const folder = join(process.env.WORDMASK_BENCH_PEERS, 'node')
const require = createRequire(join(folder, 'package.json'))
export const load = (name) => require(name)
/** Installed versions by name. */
export const versionOf = (...names) =>
  Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version]),
  )
/** Said once for all programs (harness/programs.mjs). */
export const threads = Number(process.env.OMP_NUM_THREADS)
