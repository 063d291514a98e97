import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Loader } from '../binding'
import type { LibTorch } from './setup'
import type { Environment } from './setup/paths'

/**
 * Opens what CUDA needs, between LibTorch and the addon: LibTorch looks for CUDA once, at the first ATen call of the process.
 * @param core folder of the addon proper
 * @returns empty when it is open, else 'step N of 6, why': the same steps that `doctor` names (the sixth is the addon's own look)
 */
export function openCuda(loader: Loader, libtorch: LibTorch, core: string, env: Environment = process.env): string {
  if (env.WORDMASK_CUDA === '0') return 'step 1 of 6, WORDMASK_CUDA is 0'
  const driver = loader.cudaDriver()
  if (driver) return `step 2 of 6, no NVIDIA device: ${driver}`
  const kernels = join(core, 'libwordmask_cuda.so')
  if (!existsSync(kernels)) return `step 3 of 6, this build of wordmask has no CUDA (no ${kernels})`
  if (libtorch.cudaLibraries.length === 0) return `step 4 of 6, LibTorch at ${libtorch.root} holds no libtorch_cuda.so`
  try {
    loader.open([...libtorch.cudaLibraries, kernels])
  } catch (error) {
    return `step 5 of 6, ${error instanceof Error ? error.message : String(error)}`
  }
  return ''
}
