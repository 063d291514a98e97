import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { casesOf, harness } from './load'

const { everyCase, jobsOf } = await harness('jobs')
const { checkProgram } = await harness('folders')
const { start } = await harness('programs')
const { compare } = await harness('measure')
const { rows } = await casesOf('rows')
const { uniform, picture } = (await import('./data.mjs' as string)) as any

const check = (...args: string[]) => spawnSync(checkProgram, ['bench', ...args], { encoding: 'utf8' })
const listed = check('--list')
  .stdout.split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as { op: string; case: string })
const ops = [...new Set(listed.map(({ op }) => op))]

/** Sizes that take no time, for every name an op knows. */
const tiny: Record<string, Record<string, number>> = {
  label_map: { classes: 7, grid: 3, side: 20 },
  max_affinity: { images: 3, positions: 5, channels: 8 },
  topk_similarity: { rows: 500, dim: 16, queries: 3, k: 9 },
  resize_normalize: { images: 2, width: 50, height: 37, side: 22 },
  mask_pool: { masks: 3, side: 12, grid: 3, channels: 8 },
  confusion: { side: 40, classes: 5 },
  packed_conv: { images: 2, side: 9, channels: 64, out: 48 },
  dense_crf: { width: 50, height: 30, classes: 5 },
  pamr: { width: 50, height: 30, classes: 5 },
}

async function result(program: object) {
  const live = start('op', program, 2)
  await live.expect('ready')
  const answer = await live.ask('output')
  await live.stop()
  return answer
}

describe('wordmask_check bench', () => {
  test('lists its ops, label_map among them, each with cases', () => {
    expect(ops).toContain('label_map')
    expect(listed.find(({ op }) => op === 'label_map')?.case).toBe('classes=171 device=cpu grid=32 side=512')
  })

  test('draws the inputs that data.mjs draws: of one cell and one pixel the label is the largest of five numbers', async () => {
    const scores = [...uniform(5, 1)] as number[]
    const answer = await result({ op: 'label_map', side: 'ours', set: { classes: 5, grid: 1, side: 1 } })
    expect(answer).toMatchObject({ shape: [1, 1], values: [scores.indexOf(Math.max(...scores))] })
  })

  // An op that is not there yet has no case to test; it joins by itself.
  test.each(ops)('%s: ours and the plain composition agree on tiny sizes', async (op) => {
    const row = rows.find((one: any) => one.op === op)
    const { check: own, program } = row.peers.find((peer: any) => peer.program.side === 'plain')
    const mine = await result({ ...row.ours, set: { ...row.ours.set, ...tiny[op] } })
    const theirs = await result({ ...program, set: { ...program.set, ...tiny[op] } })
    compare('ours', mine, 'plain', theirs, own ?? row.check)
    expect(mine.shape).toEqual(theirs.shape)
  })

  test.each(ops)('%s: every row and curve sets names that the op knows', async (op) => {
    const jobs = everyCase.flatMap((item: any) => jobsOf(item, { peers: true })).filter((job: any) => job.op === op)
    const sets = jobs.flatMap(({ ours, peer }: any) => [ours.set, peer?.program.set]).filter(Boolean)
    const names = [...new Set<string>(sets.flatMap((set: object) => Object.keys(set)))]
    expect(names.length).toBeGreaterThan(0)
    const known = (listed.find((one) => one.op === op)?.case ?? '').split(' ').map((pair) => pair.split('=')[0])
    expect(names.filter((name) => !known.includes(name))).toEqual([])
  })

  test('measures in one process, as a table and as JSON', () => {
    const short = ['label_map', '--set', 'classes=3', '--set', 'side=8', '--rounds', '1', '--milliseconds', '1']
    const { stdout, status } = check(...short, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      op: 'label_map',
      ours: { seconds: expect.any(Number) },
      ratio: { median: expect.any(Number) },
    })
    expect(check(...short).stdout).toMatch(/^label_map +classes=3 .* ms .* plain .* x\d/)
  })

  test.each([
    [['nothing'], /Expected one of .*label_map.* but received 'nothing'/],
    [['label_map', '--set', 'clases=3'], /Expected one of classes, device, grid, side but received 'clases'/],
    [['label_map', '--set', 'classes=0'], /Expected a whole number >= 1 for classes but received '0'/],
    [['label_map', '--set', 'classes'], /Expected NAME=VALUE after --set but received 'classes'/],
    [['label_map', '--serve', 'theirs'], /Expected ours or plain after --serve but received 'theirs'/],
    [['label_map', '--speed', '3'], /unknown option '--speed'/],
  ])('%j is refused', (args, words) => {
    const { status, stderr } = check(...args)
    expect(stderr).toMatch(words)
    expect(status).toBe(1)
  })
})

describe('inputs', () => {
  test('the first numbers of seed 1, and a picture of two pixels (peers/data.py and native/check draw the same)', () => {
    expect([...uniform(3, 1)]).toEqual([-0.1525072455406189, 0.32170790433883667, 0.2929670214653015])
    expect([...picture(2, 1, 3).data]).toEqual([103, 247, 212, 86, 23, 225])
  })
})
