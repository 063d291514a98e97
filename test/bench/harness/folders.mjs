import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const benchFolder = dirname(dirname(fileURLToPath(import.meta.url)))
export const checkout = dirname(dirname(benchFolder))
/** Everything that is installed or made for benchmarks: peers (about 5.5 GB), models of random weights and their ONNX files. */
export const cacheFolder =
  process.env.WORDMASK_BENCH_PEERS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wordmask', 'bench-peers')
export const peerPython = join(cacheFolder, 'venv', 'bin', 'python')
export const checkProgram = join(checkout, 'build', 'Release', 'core', 'wordmask_check')
