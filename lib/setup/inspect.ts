import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LIBTORCH_VERSION } from './pins'

export const MANIFEST = 'wordmask-libtorch.json'
export const MANIFEST_FORMAT = 1

/** Written last into an unpacked LibTorch, so that a folder that has it is whole. */
export interface Manifest {
  format: number
  version: string
  source: string
  /** Size in bytes of every shared library, by path relative to the manifest. */
  libraries: Record<string, number>
  created: string
}

export interface Inspection {
  /** The folder that holds lib/ and include/. */
  root: string
  /** As LibTorch states it, such as 2.11.0+cu130. */
  version: string
  /** Shared libraries to open, in this order, by absolute path. */
  libraries: string[]
  /** Those to open before them for CUDA; empty where LibTorch has none. */
  cudaLibraries: string[]
  /** Whether a C++ build can use it. */
  headers: boolean
}

/** Looks at a folder without loading anything. A string says why it cannot be used. */
export function inspectLibTorch(folder: string): Inspection | string {
  const root = [folder, join(folder, 'torch'), join(folder, 'libtorch')].find((f) => existsSync(join(f, 'lib', 'libtorch_cpu.so')))
  if (!root) return existsSync(folder) ? 'holds no lib/libtorch_cpu.so' : 'does not exist'
  const torn = checkManifest(dirname(root))
  if (torn) return torn
  const version = readVersion(root)
  if (!version) return 'does not say its version (no version.py, build-version or version.h)'
  if (version.split('+')[0] !== LIBTORCH_VERSION) return `is LibTorch ${version}; this package needs ${LIBTORCH_VERSION}`
  const lib = join(root, 'lib')
  const names = readdirSync(lib)
  if (!names.includes('libc10.so')) return 'holds no lib/libc10.so'
  if (version.includes('+cu')) {
    const beside = readFolder(join(dirname(root), 'nvidia', 'cu13', 'lib'))
    for (const needed of ['libcudart', 'libcupti']) {
      if (!names.concat(beside).some((name) => name.startsWith(needed))) return `lacks ${needed}.so.13, which its libtorch_cpu.so needs`
    }
  }
  const has = (name: string) => names.includes(name)
  return {
    root,
    version,
    libraries: [...names.filter((name) => /^libgomp.*\.so/.test(name)), 'libc10.so', 'libtorch_cpu.so'].map((name) => join(lib, name)),
    cudaLibraries: ['libc10_cuda.so', 'libtorch_cuda.so'].every(has)
      ? ['libc10_cuda.so', 'libtorch_cuda.so'].map((name) => join(lib, name))
      : [],
    headers: existsSync(join(root, 'include', 'ATen', 'ATen.h')),
  }
}

function readFolder(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

function readVersion(root: string): string | undefined {
  for (const [file, pattern] of [
    ['version.py', /__version__ = '([^']+)'/],
    ['build-version', /^(\S+)/],
  ] as const) {
    const path = join(root, file)
    const found = existsSync(path) ? pattern.exec(readFileSync(path, 'utf8'))?.[1] : undefined
    if (found) return found
  }
  const header = join(root, 'include', 'torch', 'headeronly', 'version.h')
  if (!existsSync(header)) return undefined
  const text = readFileSync(header, 'utf8')
  const parts = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp(`TORCH_VERSION_${part} (\\d+)`).exec(text)?.[1])
  return parts.every(Boolean) ? parts.join('.') : undefined
}

function checkManifest(folder: string): string | undefined {
  const file = join(folder, MANIFEST)
  if (!existsSync(file)) return undefined
  let manifest: Manifest
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return `has a damaged ${MANIFEST}`
  }
  if (manifest.format !== MANIFEST_FORMAT) return `was written by another version of wordmask (format ${manifest.format})`
  for (const [name, size] of Object.entries(manifest.libraries)) {
    const path = join(folder, name)
    if (!existsSync(path)) return `lacks ${name}`
    if (statSync(path).size !== size) return `has a damaged ${name}: expected ${size} bytes, found ${statSync(path).size}`
  }
  return undefined
}
