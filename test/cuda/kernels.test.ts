import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { root, withLibrary } from './library'

/** wordmask_check, and its standard output in lines. */
function check(args: string[], env: NodeJS.ProcessEnv = {}) {
  const program = join(root, 'build/Release/core/wordmask_check')
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 600_000,
    env: { ...process.env, ...env },
  })
  return { status, stderr, lines: stdout.trim().split('\n') }
}
const failures = (lines: string[]) => lines.filter((line) => !line.startsWith('ok '))

describe('the kernel cases of wordmask_check', () => {
  test('hold on the CPU', () => {
    const { status, lines } = check(['cases'])
    expect(failures(lines)).toEqual([expect.stringMatching(/^cpu: \d+ passed, 0 failed$/)])
    expect(lines.length).toBeGreaterThan(15)
    expect(status).toBe(0)
  })

  test('an op that has none is named', () => {
    const { status, stderr } = check(['cases', '--op', 'nothing'])
    expect(stderr).toBe("ERR_WORDMASK_INVALID_ARGUMENT: no cases of an op 'nothing'\n")
    expect(status).toBe(1)
  })

  test('on a machine without CUDA are refused on it, not run on the CPU', ({ skip }) => {
    const { status, stderr, lines } = check(['cases', '--device', 'cuda'])
    skip(status === 0, `there is a GPU here: ${lines.at(-1)}`)
    expect(stderr).toMatch(/^ERR_WORDMASK_DEVICE: CUDA cannot be used: /)
  })
})

describe('the CUDA kernels, emulated on the CPU (test/cuda/emulator)', () => {
  let library = ''
  beforeAll(() => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/cuda.mjs', '--emulated'], { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr.slice(-4000))
    library = stdout.trim()
  }, 900_000)

  // One op a process: what the towers need beside them is not emulated.
  const ops = ['confusion', 'label_map', 'mask_pool', 'max_affinity', 'resize_normalize', 'topk_similarity']
  test.each(ops.flatMap((op) => ['1', '2'].map((seed) => [op, seed] as const)))(
    '%s agrees with its reference in every case, blocks and threads in order %s',
    (op, seed) => {
      const { status, lines, stderr } = check(['cases', '--kernels', library, '--op', op], { WORDMASK_EMULATOR_SEED: seed })
      expect({ status, said: status === 0 ? '' : stderr.slice(-2000), failed: failures(lines) }).toEqual({
        status: 0,
        said: '',
        failed: [expect.stringMatching(/^cpu: \d+ passed, 0 failed$/)],
      })
      expect(lines.filter((line) => new RegExp(`^ok +${op}\\b`).test(line)).length).toBeGreaterThan(3)
    },
  )
})

describe('libwordmask_cuda.so opened without a GPU', () => {
  const library = withLibrary(beforeAll)

  test('all its symbols are found, and what it has a kernel of is an op of the core', ({ skip }) => {
    skip(!library.path, library.missing)
    const { lines } = check(['ops', '--cuda', library.path!])
    const both = lines.filter((line) => line.endsWith(' cpu cuda')).map((line) => line.split(' ')[0])
    expect(both).toEqual([
      'confusion',
      'label_map',
      'label_map_product',
      'label_scores',
      'mask_weights',
      'mask_weights_backward',
      'max_affinity',
      'resize_normalize',
      'topk_similarity',
    ])
    expect(lines.filter((line) => !/^\w+ cpu( cuda)?$/.test(line))).toEqual([])
  })

  test('its recorder of graphs is found and answers across the libraries; WORDMASK_CUDA_GRAPHS=0 hides it', ({ skip }) => {
    skip(!library.path, library.missing)
    const args = ['cases', '--op', 'cuda_graph', '--cuda', library.path!]
    expect(check(args, { WORDMASK_CUDA_GRAPHS: '1' }).lines).toEqual([
      expect.stringMatching(/^ok +cuda_graph the recorder refuses /),
      'cpu: 1 passed, 0 failed',
    ])
    expect(check(args, { WORDMASK_CUDA_GRAPHS: '0' }).lines).toEqual(['cpu: 0 passed, 0 failed'])
  })
})
