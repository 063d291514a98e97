// How the programs of a case are started. A case names them by data, so that they can be listed and tested without running:
//   { node: FILE, args }           a Node program of test/bench
//   { python: FILE, args }         a Python program of test/bench/peers
//   { op, side, set }              wordmask_check bench OP --serve ours|plain --set NAME=VALUE...
import { join } from 'node:path'
import { benchFolder, cacheFolder, checkout, checkProgram, peerPython } from './folders.mjs'
import { Program } from './protocol.mjs'

/** @returns {[string, string[]]} */
export function commandOf(program) {
  if (program.op) {
    const set = Object.entries(program.set ?? {}).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    return [checkProgram, ['bench', program.op, '--serve', program.side, ...set]]
  }
  if (program.python) return [peerPython, [join(benchFolder, 'peers', program.python), JSON.stringify(program.args)]]
  return [process.execPath, [join(benchFolder, program.node), JSON.stringify(program.args)]]
}

/** The same number of threads for everyone: OpenMP's variable is read by LibTorch, PyTorch, oneDNN, MKL and faiss, and by our programs
 *  for ONNX Runtime and Pillow. */
export function environmentOf(threads, env = process.env) {
  return { ...env, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads), WORDMASK_BENCH_PEERS: cacheFolder }
}

export function start(name, program, threads) {
  const [command, args] = commandOf(program)
  return new Program(name, command, args, { cwd: checkout, env: environmentOf(threads) })
}
