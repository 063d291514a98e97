import { describe, expect, test } from 'vitest'
import { harness } from './load'

const machine = await harness('machine')
const { reasonsAgainst } = await harness('measure')
const { reasonsToWait } = machine

const quiet = { load: 0.1, cores: 2, busy: 0.01, steal: 0 }

describe('before the start', () => {
  test('a quiet machine is measured on', () => {
    expect(reasonsToWait(quiet)).toEqual([])
    expect(reasonsToWait({ ...quiet, load: 0.5, busy: 0.05, steal: 0.02 })).toEqual([])
  })
  test.each([
    ['load', { load: 0.51 }, /1-minute load is 0\.51, at most 0\.5 on 2 cores/],
    ['other programs', { busy: 0.06 }, /other programs use 6\.0% of the cores/],
    ['steal', { steal: 0.03 }, /steal/],
  ])('%s above its limit is a reason to wait', (_, more, words) => {
    const reasons = reasonsToWait({ ...quiet, ...more })
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatch(words)
  })
  test('the load is counted a core: what is too much for 2 is not for 16', () => {
    expect(reasonsToWait({ ...quiet, load: 2 })).toHaveLength(1)
    expect(reasonsToWait({ ...quiet, load: 2, cores: 16 })).toEqual([])
  })
})

describe('while measuring', () => {
  const row = (more: object) => ({ ours: { name: 'wordmask', spread: 0.02 }, noise: { busy: 0, steal: 0 }, ...more })
  test('small spreads on a quiet machine stand', () => {
    expect(reasonsAgainst(row({ peer: { name: 'faiss', spread: 0.1 }, ratio: { spread: 0.09 } }))).toEqual([])
  })
  test.each([
    ['ours', { ours: { name: 'wordmask', spread: 0.101 } }, /spread of wordmask is 10\.1%/],
    ['the peer', { peer: { name: 'faiss', spread: 0.2 }, ratio: { spread: 0 } }, /spread of faiss is 20\.0%/],
    ['the ratio', { peer: { name: 'faiss', spread: 0 }, ratio: { spread: 0.3 } }, /spread of the ratio is 30\.0%/],
    ['others', { noise: { busy: 0.2, steal: 0 } }, /other programs use 20\.0%/],
    ['the host', { noise: { busy: 0, steal: 0.05 } }, /steal/],
  ])('%s can spoil a row', (_, more, words) => {
    const reasons = reasonsAgainst(row(more))
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatch(words)
  })
})

describe('readings of /proc', () => {
  test('ticks of the first line, guests not counted twice', () => {
    expect(machine.parseTicks('cpu  10 1 5 80 2 1 1 4 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n')).toEqual({ busy: 18, steal: 4, total: 104 })
    expect(machine.parseTicks('')).toBeUndefined()
  })
  test('what our own processes used is not others’', () => {
    const before = { busy: 100, steal: 0, total: 1000 }
    const after = { busy: 160, steal: 10, total: 1200 }
    expect(machine.shares(before, after, 50)).toEqual({ busy: 0.05, steal: 0.05 })
    expect(machine.shares(before, after, 999).busy).toBe(0)
    expect(machine.shares(before, before)).toEqual({ busy: 0, steal: 0 })
  })
  test('a process whose name holds brackets and blanks', () => {
    const fields = ['S', ...Array(10).fill(0), 7, 5, 2, 1, 20]
    expect(machine.parseProcessTicks(`42 (a (b) c) ${fields.join(' ')}`)).toBe(15)
  })
  test('this process has used some', () => {
    const until = performance.now() + 60
    while (performance.now() < until);
    expect(machine.processTicks(process.pid)).toBeGreaterThan(0)
    expect(machine.processTicks(2 ** 30)).toBe(0)
  })
  test('a machine has a name that is a file name', () => {
    expect(machine.machineName({ cpu: 'AMD EPYC', family: '25/17/1', cores: 2 })).toBe('amd-epyc-25-17-2-cores')
    expect(machine.machineName(machine.describeMachine())).toMatch(/^[a-z0-9-]+$/)
  })
})
