import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { setupLibTorch } from '../../lib/setup'
import { events, wordmask } from '../cli/cli'
import { machineIn, strays } from './machine'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-pip-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const machine = (extra?: Record<string, string>) => machineIn(scratch, extra)

describe('setup by pip', () => {
  /** Stands in for python3: "downloads" 270 MB of a wheel into pip's temporary folder, then fails as pip does. */
  function fakePip(): string {
    const file = join(scratch, 'python3')
    const script = [
      '#!/bin/sh',
      'case "$1" in -c) exit 0;; esac',
      'mkdir "$TMPDIR/pip-unpack-1"',
      'for part in 80 160 270; do truncate -s "$part"000000 "$TMPDIR/pip-unpack-1/torch-2.11.0-cp312-cp312-x.whl"; sleep 0.6; done',
      'echo "ERROR: the index went away"',
      'exit 2',
    ]
    writeFileSync(file, `${script.join('\n')}\n`)
    chmodSync(file, 0o755)
    return file
  }

  test('tells how far the download is, in lines or by onProgress; a failure shows what pip said and leaves nothing', async () => {
    const { env, log, lines, folder } = machine({ WORDMASK_PYTHON: fakePip() })
    const failed = setupLibTorch({ env, log })
    await expect(failed).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD', /pip failed with status 2.*run the same command again.*--from/)
    expect(lines.filter((line) => /MB$/.test(line)).at(-1)).toBe('270 of 531 MB')
    expect(lines.join('\n')).toMatch(/fetching torch==2\.11\.0 \(531 MB\) with pip[^]*ERROR: the index went away/)
    expect(readdirSync(join(folder, 'downloads'))).toEqual([])
    expect(strays(folder)).toEqual([])
    const seen: [number, number | undefined][] = []
    await expect(setupLibTorch({ env, log, onProgress: (...p) => seen.push(p) })).rejects.toHaveCode('ERR_WORDMASK_DOWNLOAD')
    expect(seen.at(-1)).toEqual([270e6, 531e6])
  })

  test('wordmask setup --json tells it as events on stdout and ends with an error event and 1', async () => {
    const { env } = machine({ WORDMASK_PYTHON: fakePip(), WORDMASK_LIBTORCH: '' })
    const { code, stdout, stderr } = await wordmask(['setup', '--json'], { env: { ...env, PATH: env.PATH ?? '' } })
    const told = events(stdout)
    expect(told.slice(0, -1).every(({ event, total }) => event === 'progress' && total === 531e6)).toBe(true)
    expect(told.slice(-2)).toEqual([
      { event: 'progress', done: 270e6, total: 531e6 },
      expect.objectContaining({ event: 'error', code: 'ERR_WORDMASK_DOWNLOAD' }),
    ])
    expect(stderr).toMatch(/^setup: fetching torch/m)
    expect(code).toBe(1)
  })
})
