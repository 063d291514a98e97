import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from './library'

// What the emulator must not hide: each kernel of mistakes.cc is wrong in one way, and right() in none.
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-emulator-'))
const program = join(scratch, 'mistakes')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
beforeAll(() => {
  const folder = join(root, 'test/cuda/emulator')
  const sources = ['mistakes.cc', 'emulator.cc'].map((name) => join(folder, name))
  execFileSync('c++', ['-std=c++20', '-O1', '-Wall', '-I', folder, ...sources, '-o', program])
}, 120_000)

const run = (mistake: string, seed = 1) =>
  spawnSync(program, [mistake], { encoding: 'utf8', env: { ...process.env, WORDMASK_EMULATOR_SEED: String(seed) } })
const seeds = [1, 2, 3, 4, 5]
const whole = String(4 * 2080)

describe('the emulator of CUDA blocks', () => {
  test('a kernel without mistakes answers the same in every order of its threads', () => {
    expect(seeds.map((seed) => run('right', seed).stdout)).toEqual(seeds.map(() => whole))
  })

  test.each(['read too soon', 'written too soon', 'the block before'])('%s: a missing barrier changes the answer', (mistake) => {
    expect(seeds.map((seed) => run(mistake, seed).stdout)).not.toContain(whole)
  })

  test.each([
    ['half a barrier', 'threads wait for others that never come'],
    ['two barriers', 'threads wait at different __syncthreads'],
    ['half a shuffle', 'threads wait for others that never come'],
  ])('%s ends the process with a message', (mistake, message) => {
    const { signal, stderr } = run(mistake)
    expect(stderr).toBe(`emulator: block 0: ${message}\n`)
    expect(signal).toBe('SIGABRT')
  })
})
