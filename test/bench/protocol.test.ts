import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { harness } from './load'

const { parseMessage, Program } = await harness('protocol')
const { measureAlone, measurePair } = await harness('measure')
const { evenly } = await harness('serve')
const { commandOf, environmentOf } = await harness('programs')

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-bench-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const server = join(import.meta.dirname, 'harness', 'serve.mjs')

/** A live program with this body; `serve` is in scope. */
function program(name: string, body: string, args = {}): any {
  const file = join(scratch, `${name}.mjs`)
  writeFileSync(file, `import { serve } from ${JSON.stringify(server)}\n${body}`)
  return new Program(name, process.execPath, [file, JSON.stringify(args)], { cwd: scratch, env: process.env })
}
const answering = (values: string, more = '') =>
  `await serve(async (args) => ({ versions: { x: '1' }, threads: 2, ${more} run: async () => ({ data: ${values}, shape: [2] }) }))`

describe('messages', () => {
  test('a line is a message when it is an object with an event, and talk otherwise', () => {
    expect(parseMessage('{"bytes":1,"event":"ready"}')).toEqual({ event: 'ready', bytes: 1 })
    for (const talk of ['', 'warning: x', '{"a":1}', '{"event":', '[1]', '{"event":7}']) expect(parseMessage(talk)).toBeUndefined()
  })
  test('at most 4096 values are sent, evenly spaced, as the native side does it', () => {
    expect(evenly([5, 6, 7])).toEqual([5, 6, 7])
    expect(evenly([])).toEqual([])
    expect(evenly([0, 1, 2, 3, 4], 2)).toEqual([0, 2])
    expect(evenly(new Float32Array(10_000))).toHaveLength(4096)
  })
})

describe('a program', () => {
  test('is ready, calls as often as asked, shows its result and its memory, and stops', async () => {
    const live = program('good', answering('[args.a, 2]'), { a: 1 })
    expect(await live.expect('ready')).toMatchObject({ versions: { x: '1', node: process.version }, threads: 2 })
    const { samples } = await live.ask('turn', { seconds: 0, atLeast: 3 })
    expect(samples).toHaveLength(3)
    expect(await live.ask('output')).toMatchObject({ values: [1, 2], shape: [2] })
    const { resident, peak } = await live.ask('memory', { reset: true })
    expect(resident).toBeGreaterThan(1e6)
    expect(peak).toBeGreaterThanOrEqual(resident)
    await live.stop()
    await live.stop()
  })
  test('gives its own samples where a call’s time is not what is measured', async () => {
    const live = program('own', answering('[1, 2]', 'measure: async () => 0.25,'))
    await live.expect('ready')
    expect(await live.ask('turn', { seconds: 0, atLeast: 2 })).toMatchObject({ samples: [0.25, 0.25] })
    await live.stop()
  })
  test('may talk: libraries do', async () => {
    const live = program('talking', `console.log('loading'); console.log('{"a": 1}')\n${answering('[1, 2]')}`)
    await live.expect('ready')
    expect(live.talk).toContain('loading')
    await live.stop()
  })
  test('that cannot prepare says why', async () => {
    const live = program('broken', `await serve(async () => { throw new Error('no such model') })`)
    await expect(live.expect('ready')).rejects.toThrow(/broken: Error: no such model/)
  })
  test('that dies is not waited for, and its last words are told', async () => {
    const live = program('dying', `console.error('out of memory'); process.exit(3)`)
    await expect(live.expect('ready')).rejects.toThrow(/ended with 3 instead of answering 'ready':\nout of memory/)
  })
  test('that is not there is an error', async () => {
    const live = new Program('none', join(scratch, 'none'), [], { cwd: scratch, env: process.env })
    await expect(live.expect('ready')).rejects.toThrow(/cannot run/)
  })
})

describe('measuring', () => {
  const plan = { rounds: 2, seconds: 0, atLeast: 1, warm: 0 }
  const fine = () => undefined
  test('a pair takes turns and gives the ratio of its times', async () => {
    const a = () => program('a', answering('[1, 2]', 'measure: async () => 0.5,'))
    const b = () => program('b', answering('[1, 2]', 'measure: async () => 1.5,'))
    const row = await measurePair(a, b, plan, fine)
    expect(row.ratio).toEqual({ median: 3, spread: 0, count: 2 })
    expect(row.ours).toMatchObject({ name: 'a', seconds: 0.5, threads: 2 })
    expect(row.agreement).toEqual({ relative: 0, cosine: 1, equal: 1 })
  })
  test('a peer that computes something else is not timed at all', async () => {
    const a = () => program('a2', answering('[1, 2]', `measure: async () => { throw new Error('timed') },`))
    const b = () => program('b2', answering('[1, 3]'))
    const check = ({ equal }: any) => (equal === 1 ? undefined : `${equal} equal`)
    await expect(measurePair(a, b, plan, check)).rejects.toThrow(/a2 and b2 do not compute the same: 0.5 equal/)
  })
  test('results of different lengths are not compared', async () => {
    const b = () => program('b3', answering('[1, 3, 4]'))
    await expect(measurePair(() => program('a3', answering('[1, 2]')), b, plan, fine)).rejects.toThrow(/different shapes/)
  })
  test('a case alone has one more turn than rounds', async () => {
    const row = await measureAlone(() => program('alone', answering('[1, 2]', 'measure: async () => 2,')), plan)
    expect(row).toMatchObject({ ours: { seconds: 2, spread: 0 } })
    expect(row.peer).toBeUndefined()
  })
})

describe('commands', () => {
  test('an op, a Python program, a Node program', () => {
    const [check, opArgs] = commandOf({ op: 'label_map', side: 'plain', set: { classes: 3 } })
    expect(check).toMatch(/wordmask_check$/)
    expect(opArgs).toEqual(['bench', 'label_map', '--serve', 'plain', '--set', 'classes=3'])
    expect(commandOf({ python: 'x.py', args: { a: 1 } })[1]).toEqual([expect.stringMatching(/peers\/x\.py$/), '{"a":1}'])
    expect(commandOf({ node: 'ours/x.mjs', args: {} })).toEqual([process.execPath, [expect.stringMatching(/ours\/x\.mjs$/), '{}']])
  })
  test('everyone gets the same number of threads', () => {
    expect(environmentOf(3, { HOME: '/h' })).toMatchObject({ HOME: '/h', OMP_NUM_THREADS: '3', MKL_NUM_THREADS: '3' })
  })
})
