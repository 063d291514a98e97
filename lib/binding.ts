import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Loader } from '../binding'
import { openCuda } from './cuda'
import { WordmaskError } from './errors'
import { describeTried, searchLibTorch } from './setup'
import { threadsWanted } from './threads'

/** The native half of the package, as binding.d.ts writes it. */
export type Binding = typeof import('../binding')

const root = join(__dirname, '..')
const requireNative = createRequire(__filename)
const nodeGypBuild = requireNative('node-gyp-build') as { resolve(folder: string): string }
let loaded: Binding | undefined

/**
 * The native addon, loaded on the first call (about 0.3 s): the Torch-free loader, then LibTorch, then the addon proper.
 * @throws ERR_WORDMASK_NATIVE_LOAD with what was tried and the command to type next
 */
export function binding(): Binding {
  loaded ??= load()
  return loaded
}

function load(): Binding {
  threadsWanted() // The addon reads it too, and would fail to load.
  const path = loaderPath()
  const loader = attempt(`loading ${path}`, () => requireNative(path) as Loader)
  const { found, tried } = searchLibTorch()
  if (!found) throw failure(`LibTorch ${loader.torch} is not installed. Looked at:\n${describeTried(tried)}`, setupCommand())
  if (found.version.split('+')[0] !== loader.torch) {
    throw failure(`wordmask was built against LibTorch ${loader.torch}, but ${found.root} is ${found.version}`, setupCommand())
  }
  attempt(`opening LibTorch at ${found.root}`, () => loader.open(found.libraries))
  const folder = join(dirname(path), 'core')
  const cudaReason = openCuda(loader, found, folder)
  const core = join(folder, 'wordmask_core.node')
  const addon = attempt(`loading ${core}`, () => requireNative(core) as Binding)
  addon.setErrorClass(WordmaskError)
  addon.setCudaReason(cudaReason)
  return addon
}

function loaderPath(): string {
  try {
    return nodeGypBuild.resolve(root)
  } catch (error) {
    const platform = `${process.platform}-${process.arch}, Node ${process.version}`
    throw failure(
      `No wordmask.node for ${platform} under ${join(root, 'build', 'Release')} or ${join(root, 'prebuilds')}`,
      buildCommand(),
      error,
    )
  }
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw failure(`${what} failed: ${reason}`, reason.includes('core') ? buildCommand() : setupCommand(), error)
  }
}

function failure(problem: string, command: string, cause?: unknown): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_NATIVE_LOAD', `${problem}\nRun \`${command}\`, or \`npx wordmask doctor\` to see every step.`, {
    cause,
  })
}

const inCheckout = (): boolean => existsSync(join(root, 'native'))
// The build fetches LibTorch where it is missing.
const setupCommand = (): string => (inCheckout() ? 'npm run build' : 'npx wordmask setup')
const buildCommand = (): string => (inCheckout() ? 'npm run build' : 'npm install wordmask@latest')
