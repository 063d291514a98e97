import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { searchNvcc, setupNvcc } from '../../lib/setup'
import type { PinnedWheel } from '../../lib/setup/pins'
import { sha256 } from './libtorch-zip'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-nvcc-'))
const shelf = join(scratch, 'shelf') // what the index would send
let wheels: PinnedWheel[]
let count = 0

function executable(file: string, text: string) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return file
}
const compiler = (release: string) => `echo "Cuda compilation tools, release ${release}, V${release}.88"`

function wheel(name: string, files: Record<string, string>): PinnedWheel {
  const folder = join(scratch, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const file = join(shelf, `${name}-py3-none-any.whl`)
  mkdirSync(shelf, { recursive: true })
  execFileSync('python3', ['-m', 'zipfile', '-c', file, ...readdirSync(folder)], { cwd: folder })
  return { requirement: name.replace('-', '=='), file: `${name}-`, sha256: sha256(readFileSync(file)), megabytes: 1 }
}

/** An empty home without a toolkit; its pip copies from the shelf what it is asked for, and counts. */
function machine(extra: Record<string, string> = {}) {
  const home = join(scratch, `home${count++}`)
  const pip = executable(
    join(home, 'pip'),
    `while [ $# -gt 0 ]; do case $1 in --dest) to=$2;; --requirement) list=$2;; esac; shift; done
     echo $list >>${home}/calls; base=$(basename $list); cp ${shelf}/"\${base%requirements.txt}"*.whl $to`,
  )
  const lines: string[] = []
  const env = { HOME: home, PATH: '/usr/bin:/bin', WORDMASK_PYTHON: pip, ...extra }
  const folder = join(home, '.cache', 'wordmask')
  const calls = () => (existsSync(join(home, 'calls')) ? readFileSync(join(home, 'calls'), 'utf8').trim().split('\n').length : 0)
  return { env, lines, folder, calls, log: (line: string) => lines.push(line) }
}

beforeAll(() => {
  wheels = [
    wheel('nvcc-1', { 'nvidia/cu13/bin/nvcc': `#!/bin/sh\n${compiler('13.0')}\n`, 'nvidia/cu13/bin/nvcc.profile': 'TOP = ..\n' }),
    wheel('nvvm-1', { 'nvidia/cu13/nvvm/bin/cicc': '#!/bin/sh\n', 'nvidia/cu13/lib/libnvvm.so.4': 'large' }),
  ]
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('nvcc from wheels', () => {
  test('fetched once, programs can be run, libraries stay out, the wheels are removed', async () => {
    const { env, lines, folder, calls, log } = machine()
    const nvcc = await setupNvcc({ env, log, wheels })
    expect(nvcc).toBe(join(folder, 'nvcc-13.0/nvidia/cu13/bin/nvcc'))
    expect(statSync(join(dirname(nvcc), '../nvvm/bin/cicc')).mode & 0o777).toBe(0o755)
    expect(statSync(join(dirname(nvcc), 'nvcc.profile')).mode & 0o111).toBe(0)
    expect(existsSync(join(dirname(nvcc), '../lib'))).toBe(false)
    expect(readdirSync(folder)).toEqual(['nvcc-13.0'])
    expect(lines.join('\n')).toMatch(/was not found.*\n[^]*does not exist\nfetching nvcc==1/)
    expect(await setupNvcc({ env, log, wheels })).toBe(nvcc)
    expect(calls()).toBe(2)
  })

  test('broken off after the first wheel: nothing is there, and the next try fetches only the second', async () => {
    const { env, calls, log, folder } = machine()
    const missing = [wheels[0]!, { ...wheels[1]!, file: 'absent-1-' }]
    await expect(setupNvcc({ env, log, wheels: missing })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /CUDACXX/)
    expect(searchNvcc(env)).toEqual({ tried: [{ path: join(folder, 'nvcc-13.0'), reason: 'does not exist' }] })
    await setupNvcc({ env, log, wheels })
    expect(calls()).toBe(3)
    expect(readdirSync(folder)).toEqual(['nvcc-13.0'])
  })

  test('a wheel of another digest is refused', async () => {
    const { env, lines, log } = machine()
    const other = [{ ...wheels[0]!, sha256: '0'.repeat(64) }]
    await expect(setupNvcc({ env, log, wheels: other })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /holds no nvcc-1/)
    expect(lines.join('\n')).toContain(`expected sha256 ${'0'.repeat(64)}`)
  })

  test('a program cut short later is noticed by its size and fetched again', async () => {
    const { env, log, folder } = machine()
    await setupNvcc({ env, log, wheels })
    truncateSync(join(folder, 'nvcc-13.0/nvidia/cu13/nvvm/bin/cicc'), 3)
    expect(searchNvcc(env).tried.at(-1)?.reason).toBe('has a damaged nvidia/cu13/nvvm/bin/cicc')
    expect(await setupNvcc({ env, log, wheels })).toMatch(/nvcc-13\.0/)
  })
})

describe('an installed toolkit', () => {
  test('of CUDA 13.0 on the PATH is used', () => {
    const nvcc = executable(join(scratch, 'toolkit/bin/nvcc'), compiler('13.0'))
    expect(searchNvcc(machine({ PATH: `${dirname(nvcc)}:/bin` }).env).found).toBe(nvcc)
  })

  test('of another CUDA is passed over with the reason', () => {
    const nvcc = executable(join(scratch, 'old/bin/nvcc'), compiler('12.8'))
    expect(searchNvcc(machine({ PATH: `${dirname(nvcc)}:/bin` }).env).tried[0]).toEqual({
      path: nvcc,
      reason: 'is of CUDA 12.8; CUDA 13.0 is needed',
    })
  })

  test('CUDACXX is an instruction: where it cannot be used nothing is fetched', async () => {
    const { env, log, calls } = machine({ CUDACXX: '/no/such/nvcc' })
    await expect(setupNvcc({ env, log, wheels })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /CUDACXX cannot be used:\n.*\/no\/such\/nvcc/)
    expect(calls()).toBe(0)
  })
})
