import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Shard } from '../../lib/archive/types.js'
import { coordinate } from '../../lib/engine/coordinate.js'
import { LocalEngine } from '../../lib/engine/local.js'
import type { Processes as ProcessesType } from '../../lib/engine/processes.js'
import type { Heartbeat } from '../../lib/engine/pulse.js'
import { WorkFolder } from '../../lib/engine/work-folder.js'
import { expectedLines, Lines, shardsOf, spec, stream, temporary } from './fixtures.js'
import { quick } from './workers.js'

// Worker processes run what is built.
const { Processes, visibleGpu } = createRequire(__filename)(
  join(__dirname, '..', '..', 'dist', 'engine', 'processes.js'),
) as typeof import('../../lib/engine/processes.js')
const at = temporary('processes')
const timing = { pollMs: quick.pollMs, beatMs: quick.beatMs }
const operations = join(__dirname, 'children', 'digest.cjs')
let crew: ProcessesType | undefined
let runs = 0
afterEach(() => crew?.abandon())

async function begin(config: Record<string, unknown>, devices = ['cpu', 'cpu'], attempts = 3) {
  const folder = await WorkFolder.create(at(`run-${runs++}`), { ...spec, config })
  const warnings: string[] = []
  crew = new Processes(folder, { ...timing, devices, operations, attempts, onWarning: (warning) => warnings.push(warning) })
  return { folder, crew, warnings }
}

function over(folder: WorkFolder, crew: ProcessesType, shards: Shard[], lines: Lines, more: object = {}) {
  const check = () => crew.check()
  return coordinate(folder, { shards: stream(shards), engine: new LocalEngine(folder), collect: lines.collect, check, ...timing, ...more })
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('worker processes', () => {
  test('killed in the middle are started again, and every image is there once', async () => {
    const { folder, crew, warnings } = await begin({ ms: 50 }, ['cpu', 'cpu'], 100) // so many kills may meet one shard
    const shards = shardsOf(16)
    const lines = new Lines()
    crew.start()
    const done = over(folder, crew, shards, lines)
    done.catch(() => {}) // awaited below
    const killed = new Set<string>()
    while ((await folder.names('shards')).length < 16) await delay(20)
    for (let kills = 0; kills < 4 && (await folder.open()).length > 0; kills++) {
      const names = (await folder.names('workers')).filter((name) => !killed.has(name))
      const beats = await Promise.all(names.map((name) => folder.read<Heartbeat>('workers', name)))
      const busy = beats.find((beat) => beat?.job !== undefined)
      if (busy) {
        killed.add(busy.worker)
        process.kill(busy.process.pid, 'SIGKILL')
      } else kills--
      await delay(100)
    }
    expect(await done).toMatchObject({ shards: 16, done: 16, committed: 16, failed: 0 })
    expect(lines.sorted()).toEqual(expectedLines(shards))
    expect(warnings[0]).toMatch(/a worker on cpu ended \(SIGKILL\); starting it again/)
    await crew.finish()
    expect(crew.pids).toEqual([])
  }, 120_000)

  test('that a shard kills again and again give it up with the image named, and do the rest', async () => {
    const { folder, crew } = await begin({ crash: 'i2-3' })
    const shards = shardsOf(5)
    const lines = new Lines()
    crew.start()
    const summary = await over(folder, crew, shards, lines)
    expect(summary).toMatchObject({ done: 4, failed: 1 })
    expect(summary.failures).toMatchObject([{ image: 'i2-3', attempts: 3, shard: { name: 's2.tar' } }])
    expect(summary.failures[0]?.message).toMatch(/ended without a word over i2-3/)
    expect(lines.sorted()).toEqual(expectedLines(shards.filter(({ id }) => id !== 'shard-2')))
  }, 120_000)

  test('asked to stop end the shards in hand; abandoned they leave them, and nobody is blamed', async () => {
    const { folder, crew } = await begin({ ms: 100 })
    const stop = new AbortController()
    crew.start()
    const first = over(folder, crew, shardsOf(12), new Lines(), { stop: stop.signal, leave: () => crew.stop() })
    while ((await folder.names('attempts')).length < 2) await delay(20)
    stop.abort()
    const summary = await first
    expect(summary).toMatchObject({ stopped: true, failed: 0 })
    expect(summary.done).toBeGreaterThanOrEqual(2)
    expect(await folder.names('attempts')).toEqual([])
    const again = new Processes(folder, { ...timing, devices: ['cpu'], operations })
    again.start()
    while ((await folder.names('attempts')).length === 0) await delay(20)
    await again.abandon()
    const [left] = await folder.names('attempts')
    expect(await folder.read('attempts', left as string)).toMatchObject({ state: 'interrupted' })
    expect(await folder.names('workers')).toEqual([])
  }, 120_000)

  test('end with a coordinator that was killed', async () => {
    const { folder } = await begin({ ms: 200 })
    for (const shard of shardsOf(3)) await folder.plan(shard)
    const script = join(__dirname, 'children', 'coordinator.cjs')
    const parent = spawn(process.execPath, [script, JSON.stringify({ work: folder.uri, operations, timing })], { stdio: 'inherit' })
    while ((await folder.names('attempts')).length === 0) await delay(20)
    const [name] = await folder.names('workers')
    const { process: mark } = (await folder.read<Heartbeat>('workers', name as string)) as Heartbeat
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    for (let tries = 0; isRunning(mark.pid) && tries < 200; tries++) await delay(50)
    expect(isRunning(mark.pid)).toBe(false)
    expect(await folder.open()).not.toEqual([])
  }, 120_000)

  test('that cannot begin are said, with the line to type', async () => {
    const { folder, crew } = await begin({ missing: true }, ['cpu'])
    crew.start()
    await expect(over(folder, crew, shardsOf(2), new Lines())).rejects.toHaveCode(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      /npx wordmask model pull ViT-B\/32/,
    )
  }, 120_000)
})

test('of the GPUs that CUDA_VISIBLE_DEVICES leaves to the coordinator, a worker sees the one that it is for', () => {
  const seen = (visible?: string) => ['cuda:0', 'cuda:1', 'cuda:2', 'cuda', 'cpu'].map((device) => visibleGpu(device, visible))
  expect(seen('3, 5')).toEqual(['3', '5', '2', undefined, undefined])
  expect(seen(undefined)).toEqual(['0', '1', '2', undefined, undefined])
})
