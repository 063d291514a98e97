import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const layers = (await import(join(root, 'scripts/check-layers.mjs'))) as {
  checkNative(name: string, text: string): string[]
  checkLibrary(name: string, text: string, dependencies: string[], peers?: string[]): string[]
}

describe('npm run lint', () => {
  test('clang-format, biome, tsc, publint and the layers are content with the checkout', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/lint.mjs'], { cwd: root, encoding: 'utf8' })
    expect(status, `${stdout.slice(-6000)}\n${stderr}`).toBe(0)
  }, 300_000)

  test.each([
    ['native/kernels/topk/topk_cpu.cc', '#include "models/vit.h"', 'native/kernels includes models/vit.h, to its left'],
    ['native/models/vit.cc', '#include "pipeline/clip.h"', 'native/models includes pipeline/clip.h, to its left'],
    ['native/pipeline/clip.cc', '#include <napi.h>', 'only bindings and loader know Node'],
    ['native/bindings/clip_wrap.cc', '#include <ATen/ops/softmax.h>', 'bindings do no arithmetic'],
    ['native/loader/loader.cc', '#include <ATen/core/Tensor.h>', 'the loader must not need LibTorch'],
    ['native/helpers/x.cc', '', 'native/helpers is not a layer'],
  ])('%s with %s is refused', (name, text, words) => {
    expect(layers.checkNative(name, text).join('\n')).toContain(words)
  })

  test.each([
    ['native/train/clip_trainer.cc', '#include "models/clip.h"\n#include "base/cancel.h"\n#include <torch/nn.h>'],
    ['native/bindings/clip_wrap.cc', '#include <napi.h>\n#include "pipeline/clip.h"\n#include <ATen/core/Tensor.h>'],
  ])('%s with includes to its right is accepted', (name, text) => {
    expect(layers.checkNative(name, text)).toEqual([])
  })

  test('an import that package.json does not name, and one from the command line, are refused in lib', () => {
    const check = (text: string) => layers.checkLibrary('lib/clip.ts', text, ['sharp']).join('\n')
    expect(check("import sharp from 'sharp'\nimport { join } from 'node:path'")).toBe('')
    expect(check("import x from 'left-pad'")).toContain('left-pad is not among the dependencies')
    expect(check("import { flags } from './cli/flags'")).toContain('only lib/cli imports from lib/cli')
  })

  test('folders are made by makeFolder: the recursive mkdir of Node hangs where a path cannot be', () => {
    const check = (text: string) => layers.checkLibrary('lib/write.ts', text, []).join('\n')
    expect(check('await mkdir(folder, { recursive: true })')).toContain('lib/write.ts:1: ')
    expect(check('await makeFolder(folder)\nawait rm(folder, { recursive: true })')).toBe('')
  })

  test('an optional peer is imported when it is needed, never at the top of a file', () => {
    const check = (text: string) => layers.checkLibrary('lib/engine/x.ts', text, ['sharp'], ['bullmq']).join('\n')
    expect(check("import type { Queue } from 'bullmq'\nconst x = await import('bullmq')")).toBe('')
    expect(check("import { Queue } from 'bullmq'")).toContain('bullmq may be missing')
  })
})

describe('the checkout', () => {
  test('package-lock.json names every optional package of every platform: npm ci refuses one that does not', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const missing = Object.values<{ optionalDependencies?: object }>(packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !packages[`node_modules/${name}`])
    expect(missing).toEqual([])
  })

  test('package-lock.json: no registry is named, and what is installed on Linux x64 is checked by its digest', () => {
    interface Entry {
      version: string
      resolved?: string
      integrity?: string
      optional?: boolean
      os?: string[]
      cpu?: string[]
      libc?: string[]
    }
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const entries = Object.entries<Entry>(packages).filter(([path]) => path !== '')
    expect(entries.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
    const here = ({ os, cpu, libc }: Entry) =>
      (os?.includes('linux') ?? true) && (cpu?.includes('x64') ?? true) && (libc?.includes('glibc') ?? true)
    const unchecked = entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))
    // Optional packages of other platforms, which no registry at hand has and no supported machine fetches.
    expect(unchecked.filter(([, entry]) => !entry.optional || here(entry)).map(([path]) => path)).toEqual([])
  })

  test('no path of a machine and no address of a package registry is in a tracked file', () => {
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
    const words = ['registry.npm' + 'js.org', 'py' + 'pi.org', 'files.python' + 'hosted.org', '/wo' + 'rk/', '/ro' + 'ot/']
    const found = spawnSync('grep', ['-lIF', ...words.flatMap((word) => ['-e', word]), '--', ...files], { cwd: root, encoding: 'utf8' })
    expect(found.stdout).toBe('')
  })
})
