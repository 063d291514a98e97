import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

/** Bytes that no zip makes smaller, the same for the same seed. */
export function noise(length: number, seed: number): Buffer {
  const data = Buffer.alloc(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = state >>> 24
  }
  return data
}

/** A small zip laid out as LibTorch's own: what setup must take, what it must leave. */
export function makeLibTorchZip(folder: string, version = '2.11.0+cpu'): { file: string; data: Buffer; core: Buffer } {
  const core = noise(400_000, 7)
  const files: Record<string, Buffer | string> = {
    'libtorch/build-version': `${version}\n`,
    'libtorch/lib/libtorch_cpu.so': core,
    'libtorch/lib/libc10.so': noise(5000, 8),
    'libtorch/lib/libgomp-24e2ab19.so.1': noise(3000, 9),
    'libtorch/lib/libdnnl.a': noise(9000, 10),
    'libtorch/bin/test_api': noise(9000, 11),
    'libtorch/include/ATen/ATen.h': '#pragma once\n',
    'libtorch/share/cmake/Torch/TorchConfig.cmake': '# cmake\n',
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const file = join(folder, 'libtorch.zip')
  execFileSync('python3', ['-m', 'zipfile', '-c', file, 'libtorch'], { cwd: folder })
  return { file, data: readFileSync(file), core }
}
