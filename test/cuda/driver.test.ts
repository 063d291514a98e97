import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Loader } from '../../binding'
import { openCuda } from '../../lib/cuda'
import { findLibTorch, type LibTorch } from '../../lib/setup'
import { root } from './library'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-driver-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const loaderFile: string = createRequire(import.meta.url)('node-gyp-build').resolve(root)

/** A process whose libcuda.so.1 is compiled from `source`. */
function withDriver(name: string, source: string) {
  const folder = join(scratch, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'driver.c'), source)
  execFileSync('c++', ['-x', 'c', '-shared', '-fPIC', '-o', join(folder, 'libcuda.so.1'), join(folder, 'driver.c')])
  return { ...process.env, LD_LIBRARY_PATH: folder }
}
const inChild = (env: NodeJS.ProcessEnv, script: string) => execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' })
const asked = (env: NodeJS.ProcessEnv) => inChild(env, `process.stdout.write(require(${JSON.stringify(loaderFile)}).cudaDriver())`)

const init = (error: number) => `int cuInit(unsigned flags) { return ${error}; }\n`
const count = (devices: number) => `int cuDeviceGetCount(int *n) { *n = ${devices}; return 0; }\n`
const names = 'int cuGetErrorName(int error, const char **name) { *name = "CUDA_ERROR_OF_THE_TEST"; return 0; }\n'

describe('the NVIDIA driver, asked by the loader', () => {
  test('a driver with a device: nothing is wrong', () => {
    expect(asked(withDriver('works', init(0) + count(2)))).toBe('')
  })

  test('a driver that sees no device', () => {
    expect(asked(withDriver('empty', init(0) + count(0)))).toMatch(/sees no device/)
  })

  test('a driver that fails says where and its own name for it', () => {
    expect(asked(withDriver('fails', init(100) + count(0) + names))).toBe(
      'the driver answers cuInit with error 100 (CUDA_ERROR_OF_THE_TEST)',
    )
  })

  test('a library that is no driver', () => {
    expect(asked(withDriver('other', 'int other;\n'))).toBe('libcuda.so.1 has no cuInit or no cuDeviceGetCount')
  })

  test('a file that is no library: the words of the system', () => {
    const folder = join(scratch, 'text')
    mkdirSync(folder)
    writeFileSync(join(folder, 'libcuda.so.1'), 'text')
    expect(asked({ ...process.env, LD_LIBRARY_PATH: folder })).toMatch(/libcuda\.so\.1/)
  })
})

describe('the steps before CUDA is open', () => {
  const core = join(scratch, 'core')
  const kernels = join(core, 'libwordmask_cuda.so')
  const opened: string[] = []
  const loader = (driver: string, failure?: string): Loader => ({
    torch: '2.11.0',
    cudaDriver: () => driver,
    open: (libraries) => {
      if (failure) throw new Error(failure)
      opened.push(...libraries)
    },
  })
  const libtorch = (cudaLibraries: string[]): LibTorch => ({ ...findLibTorch(), cudaLibraries })
  const both = libtorch(['/x/libc10_cuda.so', '/x/libtorch_cuda.so'])

  test('each says its number and what is missing', () => {
    expect(openCuda(loader(''), both, core, { WORDMASK_CUDA: '0' })).toBe('step 1 of 6, WORDMASK_CUDA is 0')
    expect(openCuda(loader('no such file'), both, core, {})).toBe('step 2 of 6, no NVIDIA device: no such file')
    expect(openCuda(loader(''), both, core, {})).toMatch(/^step 3 of 6, this build of wordmask has no CUDA .*libwordmask_cuda\.so/)
    mkdirSync(core)
    writeFileSync(kernels, '')
    expect(openCuda(loader(''), libtorch([]), core, {})).toMatch(/^step 4 of 6, LibTorch at .* holds no libtorch_cuda\.so$/)
    expect(openCuda(loader('', 'libcudnn.so.9: cannot open'), both, core, {})).toBe('step 5 of 6, libcudnn.so.9: cannot open')
    expect(opened).toEqual([])
  })

  test("LibTorch's libraries are opened first, ours last", () => {
    expect(openCuda(loader(''), both, core, {})).toBe('')
    expect(opened).toEqual([...both.cudaLibraries, kernels])
  })
})

describe('where CUDA cannot be had', () => {
  test('device cuda is refused with the step that failed, and systemInfo says the same', () => {
    const script = `
      const { binding } = require(${JSON.stringify(join(root, 'dist', 'binding.js'))})
      const { tiny } = require(${JSON.stringify(join(root, 'test', 'helpers', 'native.cjs'))})
      binding().Clip.random(tiny, 1, { device: 'cuda', dtype: 'float32' }, {}).catch(({ code, message }) =>
        process.stdout.write(JSON.stringify({ code, message, cuda: binding().systemInfo().cuda })))`
    const reason = 'step 2 of 6, no NVIDIA device: the driver sees no device (is CUDA_VISIBLE_DEVICES set?)'
    expect(JSON.parse(inChild(withDriver('absent', init(0) + count(0)), script))).toMatchObject({
      code: 'ERR_WORDMASK_DEVICE',
      message: expect.stringContaining(`Device 'cuda' was asked for but CUDA cannot be used: ${reason}`),
      cuda: { built: false, available: false, devices: [], reason },
    })
  })
})
