import { spawnSync } from 'node:child_process'
import { WordmaskError } from '../errors'
import { type Inspection, inspectLibTorch } from './inspect'
import { type Environment, libtorchFolder } from './paths'
import { LIBTORCH_VERSION } from './pins'

export interface LibTorch extends Inspection {
  source: 'WORDMASK_LIBTORCH' | 'cache' | 'python'
}

export interface Search {
  found?: LibTorch
  /** Every place that was looked at and could not be used, in order. */
  tried: { source: LibTorch['source']; path: string; reason: string }[]
}

export interface SearchOptions {
  env?: Environment
  /** Also usable for a C++ build. Default false. */
  headers?: boolean
  /** Only one that holds libtorch_cuda.so. Default false. */
  cuda?: boolean
}

/**
 * LibTorch 2.11.0, looked for in this order: WORDMASK_LIBTORCH, the user cache, an installed Python torch. Loads nothing.
 * WORDMASK_LIBTORCH is an instruction: where it is set and cannot be used, nothing else is tried.
 */
export function searchLibTorch(options: SearchOptions = {}): Search {
  const env = options.env ?? process.env
  const tried: Search['tried'] = []
  const use = (source: LibTorch['source'], path: string): LibTorch | undefined => {
    const inspection = inspectLibTorch(path)
    const reason =
      typeof inspection === 'string'
        ? inspection
        : options.headers && !inspection.headers
          ? 'holds no headers (include/ATen/ATen.h)'
          : options.cuda && inspection.cudaLibraries.length === 0
            ? 'holds no libtorch_cuda.so'
            : undefined
    if (reason === undefined) return { ...(inspection as Inspection), source }
    tried.push({ source, path, reason })
    return undefined
  }
  const named = env.WORDMASK_LIBTORCH
  if (named) return { found: use('WORDMASK_LIBTORCH', named), tried }
  for (const flavour of env.WORDMASK_CUDA === '0' ? (['cpu', 'cuda'] as const) : (['cuda', 'cpu'] as const)) {
    const found = use('cache', libtorchFolder(flavour, env))
    if (found) return { found, tried }
  }
  const python = pythonTorch(env)
  if (python.path) return { found: use('python', python.path), tried }
  tried.push({ source: 'python', path: env.WORDMASK_PYTHON || 'python3', reason: python.reason })
  return { tried }
}

/** As searchLibTorch, but not finding it is ERR_WORDMASK_NATIVE_LOAD, whose message is what to type. */
export function findLibTorch(options: SearchOptions = {}): LibTorch {
  const { found, tried } = searchLibTorch(options)
  if (found) return found
  throw new WordmaskError(
    'ERR_WORDMASK_NATIVE_LOAD',
    `LibTorch ${LIBTORCH_VERSION} is not installed: run \`npx wordmask setup\`. Looked at:\n${describeTried(tried)}`,
  )
}

export function describeTried(tried: Search['tried']): string {
  return tried.map(({ source, path, reason }) => `  ${source}: ${path} ${reason}`).join('\n')
}

// find_spec does not import torch, which would take seconds.
const PROBE = `
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.submodule_search_locations[0] if spec else '')
`

function pythonTorch(env: Environment): { path?: string; reason: string } {
  const python = env.WORDMASK_PYTHON || 'python3'
  const child = spawnSync(python, ['-c', PROBE], { encoding: 'utf8', timeout: 10_000, env: env as NodeJS.ProcessEnv })
  if (child.error) return { reason: `could not be run (${child.error.message})` }
  if (child.status !== 0) return { reason: `ended with ${child.status ?? child.signal} ${child.stderr.trim().split('\n').pop()}`.trim() }
  const path = child.stdout.trim()
  return path ? { path, reason: '' } : { reason: 'has no torch installed' }
}
