import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { Attempts, type FailedRecord, forgive } from '../../lib/engine/attempts.js'
import { jobOf } from '../../lib/engine/job.js'
import { Lease } from '../../lib/engine/lease.js'
import { Liveness } from '../../lib/engine/liveness.js'
import { finish } from '../../lib/engine/manifest.js'
import { type Heartbeat, Pulse } from '../../lib/engine/pulse.js'
import type { WorkFolder } from '../../lib/engine/work-folder.js'
import { hasEnded, thisProcess } from '../../lib/run/process-mark.js'
import { planned, shardsOf, spec, temporary } from './fixtures.js'

const at = temporary('attempts')
const job = jobOf(spec, shardsOf(1)[0]!)
let runs = 0
const oneShard = () => planned(at(`run-${runs++}`), shardsOf(1))
const beatMs = 20

async function worker(folder: WorkFolder, most?: number) {
  const pulse = await Pulse.start(folder, { device: 'cpu', beatMs })
  return { pulse, attempts: new Attempts(folder, pulse.worker, new Liveness(folder), { most }) }
}

/** The heartbeat of a worker that was killed: of this machine, of a process that has ended. */
async function dead(folder: WorkFolder, name: string, more: Partial<Heartbeat> = {}): Promise<string> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  const process_ = { ...thisProcess(), pid: child.pid as number, started: 1 }
  await folder.write('workers', name, {
    worker: name,
    role: 'worker',
    process: process_,
    beatMs: 1e6,
    beat: 1,
    at: 'then',
    job: job.id,
    ...more,
  })
  return name
}

/** An attempt that a dead worker began. */
async function leave(folder: WorkFolder, n: number, more: Partial<Heartbeat> = {}) {
  await folder.write('attempts', `${job.id}.${n}`, { worker: await dead(folder, `dead-${n}`, more), at: 'then', state: 'running' })
}

describe('a shard', () => {
  test('belongs to one of many that ask at once', async () => {
    const folder = await oneShard()
    const all = await Promise.all(Array.from({ length: 8 }, () => worker(folder)))
    const turns = await Promise.all(all.map(({ attempts }) => attempts.take(job)))
    expect(turns.filter(({ kind }) => kind === 'taken')).toHaveLength(1)
    expect(turns.filter(({ kind }) => kind === 'busy')).toHaveLength(7)
    await Promise.all(all.map(({ pulse }) => pulse.stop()))
  })

  test('of a living worker is left alone, and taken over at once when its process is gone', async () => {
    const folder = await oneShard()
    const [a, b] = [await worker(folder), await worker(folder)]
    expect(await a.attempts.take(job)).toEqual({ kind: 'taken', attempt: 1, careful: false })
    expect(await b.attempts.take(job)).toEqual({ kind: 'busy' })
    await folder.remove('attempts', `${job.id}.1`)
    await leave(folder, 1, { image: 'fox.jpg' })
    expect(await b.attempts.take(job)).toEqual({ kind: 'taken', attempt: 2, careful: true })
    await Promise.all([a.pulse.stop(), b.pulse.stop()])
  })

  test('of a worker on another machine is taken over when that misses six beats, by no clock but ours', async () => {
    const folder = await oneShard()
    const b = await worker(folder)
    const far: Partial<Heartbeat> = { process: { machine: 'elsewhere', pid: 1, started: 1 }, beatMs, at: '1999-01-01T00:00:00Z' }
    await leave(folder, 1, far)
    expect(await b.attempts.take(job)).toEqual({ kind: 'busy' })
    await delay(3 * beatMs)
    await dead(folder, 'dead-1', { ...far, beat: 2 })
    expect(await b.attempts.take(job)).toEqual({ kind: 'busy' })
    await delay(8 * beatMs)
    expect(await b.attempts.take(job)).toEqual({ kind: 'taken', attempt: 2, careful: true })
    await b.pulse.stop()
  })

  test('that was finished while another asked for it is done', async () => {
    const folder = await oneShard()
    await finish(folder, job, { files: [], images: 0, rejects: {} }, { worker: 'w', attempt: 1, seconds: 0 })
    const b = await worker(folder)
    expect(await b.attempts.take(job)).toEqual({ kind: 'done' })
    expect(await folder.names('attempts')).toEqual([])
    await b.pulse.stop()
  })
})

describe('a shard that ends its workers', () => {
  test('is given up after three attempts; the image in hand is named', async () => {
    const folder = await oneShard()
    for (const n of [1, 2, 3]) await leave(folder, n, { image: `i-${n}.jpg` })
    const b = await worker(folder)
    const turn = await b.attempts.take(job)
    expect(turn).toMatchObject({ kind: 'failed', record: { attempts: 3, image: 'i-3.jpg', shard: { name: 's0.tar' } } })
    expect((await folder.read<FailedRecord>('failed', job.id))?.message).toMatch(/ended without a word over i-3\.jpg/)
    expect(await folder.open()).toEqual([])
    await b.pulse.stop()
  })

  test('is not blamed for ends that were asked for: a stop, an interruption, a worker that left in good order', async () => {
    const folder = await oneShard()
    await leave(folder, 1, { stopping: true })
    await folder.write('attempts', `${job.id}.2`, { worker: 'gone', at: 'then', state: 'interrupted' })
    await folder.write('attempts', `${job.id}.3`, { worker: 'left-no-heartbeat', at: 'then', state: 'running' })
    await leave(folder, 4, { job: 'another shard' })
    const b = await worker(folder)
    expect(await b.attempts.take(job)).toEqual({ kind: 'taken', attempt: 5, careful: false })
    await b.pulse.stop()
  })

  test('that was given up is tried again after forgive', async () => {
    const folder = await oneShard()
    const b = await worker(folder, 1)
    expect(await b.attempts.take(job)).toMatchObject({ kind: 'taken' })
    await b.attempts.giveBack(job.id, 1, { state: 'error', code: 'ERR_WORDMASK_IO', message: 'no such tar', image: 'x' })
    expect(await b.attempts.giveUp(job)).toMatchObject({ code: 'ERR_WORDMASK_IO', message: 'no such tar', image: 'x' })
    expect(await forgive(folder)).toBe(1)
    expect(await folder.open()).toEqual([job.id])
    expect(await b.attempts.take(job)).toEqual({ kind: 'taken', attempt: 1, careful: false })
    await b.pulse.stop()
  })
})

describe('a heartbeat', () => {
  test('counts up, tells the image in hand, and goes with its worker', async () => {
    const folder = await oneShard()
    const { pulse } = await worker(folder)
    await pulse.begin(job.id, 's0.tar')
    await pulse.image('i0-1', true)
    pulse.progress(3)
    const one = (await folder.read<Heartbeat>('workers', pulse.worker))!
    const later = async () => {
      const two = (await folder.read<Heartbeat>('workers', pulse.worker))!
      // The next beat may have been on its way already.
      expect(two.beat).toBeGreaterThan(one.beat + 1)
      return two
    }
    const two = await vi.waitFor(later, { timeout: 20_000, interval: beatMs })
    expect(two).toMatchObject({ job: job.id, shard: 's0.tar', image: 'i0-1', images: 3, totalImages: 3, device: 'cpu' })
    await pulse.stop()
    expect(await folder.names('workers')).toEqual([])
  })

  test('of this process is alive, of a number that another process has now it is not', () => {
    expect(hasEnded(thisProcess())).toBe(false)
    expect(hasEnded({ ...thisProcess(), started: 1 })).toBe(true)
    expect(hasEnded({ ...thisProcess(), machine: 'another machine' })).toBeUndefined()
  })

  test('watched for an answer now: one that beats is alive, one that is silent is not', async () => {
    const folder = await oneShard()
    const { pulse } = await worker(folder)
    expect((await new Liveness(folder).watch(pulse.worker)).alive).toBe(true)
    await dead(folder, 'far', { process: { machine: 'elsewhere', pid: 1, started: 1 }, beatMs })
    expect((await new Liveness(folder).watch('far')).alive).toBe(false)
    expect((await new Liveness(folder).watch('nobody')).alive).toBe(false)
    await pulse.stop()
  })
})

describe('the lease of commits', () => {
  test('is one coordinator’s, free after release, and taken over from one that died', async () => {
    const folder = await oneShard()
    const [a, b] = [(await worker(folder)).pulse, (await worker(folder)).pulse]
    const [first, second] = [new Lease(folder, a, 'commit'), new Lease(folder, b, 'commit')]
    expect(await first.take()).toBe(true)
    expect(await first.take()).toBe(true)
    expect(await second.take()).toBe(false)
    await first.release()
    expect(await second.take()).toBe(true)
    expect(await first.take()).toBe(false)
    await b.stop() // its heartbeat is gone, its lease was never released
    expect(await first.take()).toBe(true)
    await a.stop()
  })

  test('is one of many coordinators’ that ask at once', async () => {
    const folder = await oneShard()
    const pulses = await Promise.all(Array.from({ length: 6 }, async () => (await worker(folder)).pulse))
    const taken = await Promise.all(pulses.map((pulse) => new Lease(folder, pulse, 'commit').take()))
    expect(taken.filter(Boolean)).toHaveLength(1)
    await Promise.all(pulses.map((pulse) => pulse.stop()))
  })
})
