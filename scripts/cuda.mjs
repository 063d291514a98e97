// CUDA code: nvcc found or fetched (lib/setup/nvcc.ts), then libwordmask_cuda.so in a build folder of its own (native/cuda.cmake).
// npm run build -- --cuda puts it beside the addon; `node scripts/cuda.mjs [--emulated]` alone compiles it, which needs no GPU.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { ensureLibTorch } from './libtorch.mjs'
import { filesBelow, fingerprint, hasProgram, main, root, run, StepError, say, step } from './steps.mjs'
import { ensureTypeScript } from './typescript.mjs'

const built = 'build/cuda/Release/core/libwordmask_cuda.so'
const emulated = 'build/cuda-emulated/Release/core/libwordmask_cuda_emulated.so'
const beside = join(root, 'build', 'Release', 'core', 'libwordmask_cuda.so')

/** Whether this build is one with CUDA: asked for now, or the last time and not withdrawn since. */
export function wantsCuda(args) {
  if (args.includes('--no-cuda')) rmSync(beside, { force: true })
  if (args.includes('--cuda')) return true
  if (!existsSync(beside)) return false
  say('cuda', 'CUDA code is part of this build since an earlier --cuda (npm run build -- --no-cuda takes it out)')
  return true
}

/** nvcc of CUDA 13.0, fetched where there is none. */
export async function ensureNvcc(options = {}) {
  const { setupNvcc } = createRequire(import.meta.url)(join(root, 'dist', 'setup', 'index.js'))
  return await setupNvcc({ log: (line) => say('cuda', line), ...options })
}

/** Compiles what is out of date; resolves with the path of the library. */
export async function compileCuda(libtorch) {
  if (!existsSync(join(libtorch.root, 'lib', 'libc10_cuda.so'))) {
    throw new StepError(
      `${libtorch.root} (LibTorch ${libtorch.version}) holds no libc10_cuda.so, which CUDA code is linked to: it is for the CPU alone or was set up by an older wordmask. Next: rm -r ${dirname(libtorch.root)} and the same command again`,
    )
  }
  const nvcc = await ensureNvcc()
  await make('cuda', 'wordmask_cuda', libtorch, { WORDMASK_NVCC: nvcc }, built)
  return join(root, built)
}

/** The same sources for the CPU, under test/cuda/emulator: what can be shown of them without a GPU. */
export async function compileEmulated(libtorch) {
  await make('cuda-emulated', 'wordmask_cuda_emulated', libtorch, { WORDMASK_EMULATE_CUDA: 'ON' }, emulated)
  return join(root, emulated)
}

async function make(name, target, libtorch, settings, output) {
  const sources = filesBelow([
    'CMakeLists.txt',
    'native/cuda.cmake',
    'native/kernels',
    'native/base',
    'test/cuda/emulator',
    'scripts/cuda.mjs',
  ])
  await step(name, fingerprint(sources, settings, libtorch.root, libtorch.version, process.env.CXX), [output], async () => {
    const folder = join('build', name)
    const generator = (await hasProgram('ninja')) ? ['-G', 'Ninja'] : []
    const all = Object.entries({ WORDMASK_NODE: 'OFF', WORDMASK_LIBTORCH: libtorch.root, ...settings })
    rmSync(join(root, folder, 'CMakeCache.txt'), { force: true }) // of another nvcc, LibTorch or generator
    for (const args of [
      ['-S', '.', '-B', folder, ...generator, ...all.map(([key, value]) => `-D${key}=${value}`)],
      ['--build', folder, '--target', target, '--parallel', String(availableParallelism())],
    ]) {
      const { status } = await run('cmake', args)
      if (status !== 0) throw new StepError(`Building ${target} failed (its words are above). Next: npm run doctor`)
    }
  })
}

/** Puts the library beside the addon, where it is opened on a machine with CUDA. */
export async function ensureCuda(libtorch) {
  const library = await compileCuda(libtorch)
  mkdirSync(dirname(beside), { recursive: true })
  copyFileSync(library, `${beside}.new`)
  renameSync(`${beside}.new`, beside)
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    await ensureTypeScript()
    const compile = process.argv[2] === '--emulated' ? compileEmulated : compileCuda
    process.stdout.write(`${await compile(await ensureLibTorch())}\n`)
  })
}
