import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { SystemInfo } from '../../binding'
import { describeReport, doctor, type Report } from '../../lib/doctor'
import { cuda } from '../../lib/doctor/checks'
import { findLibTorch } from '../../lib/setup'
import { divideCores } from '../../lib/threads'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-doctor-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const find = (report: Report, name: string) => report.checks.find((check) => check.name === name)
const libtorch = findLibTorch().root

describe('doctor', () => {
  test('on a machine that was set up: all is well, and the addon in a process of its own says what it is', async () => {
    const report = await doctor({ ...process.env, WORDMASK_LIBTORCH: libtorch })
    expect(describeReport(report)).toMatch(/Everything needed is here\.$/)
    expect(report.ok).toBe(true)
    expect(find(report, 'LibTorch')?.value).toContain(`at ${libtorch} (from WORDMASK_LIBTORCH)`)
    expect(find(report, 'addon')?.value).toMatch(/loads in \d+ ms .*built from \S+ by .* for LibTorch 2\.11\.0/)
    expect(find(report, 'vector units')?.value).toMatch(/^(AVX512|AVX2|DEFAULT)/)
    expect(find(report, 'threads')?.value).toMatch(/\d+ for tensors, 1 an image in sharp, \d+ in libuv's pool/)
  })

  test('without LibTorch: broken, the last line is what to type', async () => {
    const report = await doctor({ PATH: process.env.PATH, HOME: join(scratch, 'home'), WORDMASK_PYTHON: '/bin/false' })
    expect(report.ok).toBe(false)
    expect(find(report, 'LibTorch')?.state).toBe('broken')
    expect(find(report, 'addon')?.value).toContain('LibTorch 2.11.0 is not installed')
    expect(describeReport(report)).toMatch(/Broken: LibTorch, addon\. Next: npm run build$/)
  })

  test('a LibTorch whose libraries are no libraries: what the system said, and no crash', async () => {
    const root = join(scratch, 'torch')
    mkdirSync(join(root, 'lib'), { recursive: true })
    for (const name of ['libtorch_cpu.so', 'libc10.so']) writeFileSync(join(root, 'lib', name), 'not a library')
    writeFileSync(join(root, 'build-version'), '2.11.0+cpu\n')
    const report = await doctor({ ...process.env, WORDMASK_LIBTORCH: root })
    expect(find(report, 'LibTorch')?.state).toBe('ok')
    expect(find(report, 'addon')).toMatchObject({ state: 'broken' })
    expect(find(report, 'addon')?.value).toMatch(/libc10\.so.*(file too short|invalid ELF header)/)
  })

  test('CUDA switched off is said as the first step that failed', async () => {
    const report = await doctor({ ...process.env, WORDMASK_LIBTORCH: libtorch, WORDMASK_CUDA: '0' })
    expect(find(report, 'CUDA')).toMatchObject({ state: 'absent', value: 'not used: step 1 of 6, WORDMASK_CUDA is 0' })
  })

  test.each([
    [true, 'on'],
    [false, 'off: WORDMASK_CUDA_GRAPHS is 0'],
  ])('with CUDA: the devices, whether towers run as graphs (%s), and page-locked copies', (graphs, words) => {
    const info = { cuda: { built: true, available: true, devices: ['A', 'B'], reason: '', graphs } } as SystemInfo
    expect(cuda(info)).toMatchObject([{ state: 'ok', value: `A, B; CUDA graphs ${words}; page-locked copies on` }])
  })

  test('a set-up machine is not changed by being examined', async () => {
    const home = join(scratch, 'untouched')
    cpSync(join(import.meta.dirname, 'doctor.test.ts'), join(home, 'file'))
    await doctor({ ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), WORDMASK_LIBTORCH: libtorch })
    expect(existsSync(join(home, 'cache'))).toBe(false)
  })
})

describe('divideCores', () => {
  test.each([
    [1, {}, { cores: 1, tensor: 1, decodePerImage: 1, pool: 4 }],
    [16, { UV_THREADPOOL_SIZE: '12' }, { cores: 16, tensor: 16, decodePerImage: 1, pool: 12 }],
    [8, { OMP_NUM_THREADS: '3' }, { cores: 8, tensor: 3, decodePerImage: 1, pool: 4 }],
    [8, { OMP_NUM_THREADS: '3', WORDMASK_THREADS: '5' }, { cores: 8, tensor: 5, decodePerImage: 1, pool: 4 }],
    [2, { UV_THREADPOOL_SIZE: 'many', OMP_NUM_THREADS: '-1' }, { cores: 2, tensor: 2, decodePerImage: 1, pool: 4 }],
  ])('%i cores, %o', (cores, env, expected) => {
    expect(divideCores(cores, env)).toEqual(expected)
  })
})
