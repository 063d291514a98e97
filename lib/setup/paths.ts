import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { LIBTORCH_VERSION } from './pins'

export type Environment = Record<string, string | undefined>
export type Flavour = 'cpu' | 'cuda'

/** The user cache: `$XDG_CACHE_HOME/wordmask`, by default `~/.cache/wordmask`. */
export function cacheFolder(env: Environment = process.env): string {
  const base = env.XDG_CACHE_HOME
  return join(base && isAbsolute(base) ? base : join(env.HOME || homedir(), '.cache'), 'wordmask')
}

/** Holds `torch/` (include, lib) and, for a CUDA wheel, `nvidia/`. */
export function libtorchFolder(flavour: Flavour, env: Environment = process.env): string {
  return join(cacheFolder(env), 'libtorch', `${LIBTORCH_VERSION}-${flavour}`)
}

export function downloadFolder(env: Environment = process.env): string {
  return join(cacheFolder(env), 'downloads')
}
