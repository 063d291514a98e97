import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Shard } from '../../lib/archive/types.js'
import { coordinate, type RunSummary } from '../../lib/engine/coordinate.js'
import { LocalEngine } from '../../lib/engine/local.js'
import { readManifest } from '../../lib/engine/manifest.js'
import { Runner } from '../../lib/engine/runner.js'
import { idsOfPart, StaticEngine } from '../../lib/engine/static.js'
import { runStatus } from '../../lib/engine/status.js'
import { WorkFolder } from '../../lib/engine/work-folder.js'
import { Digest, expectedLines, Lines, planned, shardsOf, spec, stream, temporary } from './fixtures.js'

const at = temporary('local')
const timing = { pollMs: 20, beatMs: 500 }
let runs = 0
const base = () => at(`run-${runs++}`)

/** A worker in this process: works until nothing is open, or as long as `expectMore` says. */
async function workerOf(
  folder: WorkFolder,
  operation: Digest,
  options: { stop?: AbortSignal; signal?: AbortSignal; expectMore?: () => boolean } = {},
) {
  const runner = await Runner.start(folder, operation, { ...timing, ...options })
  try {
    await new LocalEngine(folder, timing).work(runner.handle, options)
  } finally {
    await runner.close()
  }
}

/** Coordinator and workers in this process. */
async function run(
  folder: WorkFolder,
  shards: Shard[],
  workers: Digest[],
  more: object = {},
): Promise<{ summary: RunSummary; lines: Lines }> {
  const lines = new Lines()
  let over = false
  const crew = workers.map((operation) => workerOf(folder, operation, { expectMore: () => !over }))
  const engine = new LocalEngine(folder)
  const summary = await coordinate(folder, { shards: stream(shards), engine, collect: lines.collect, ...timing, ...more }).finally(() => {
    over = true
  })
  await Promise.all(crew)
  return { summary, lines }
}

describe('a run', () => {
  test('of one worker gives every image once and leaves nothing but the books', async () => {
    const shards = shardsOf(7)
    const folder = await WorkFolder.create(base(), spec)
    const { summary, lines } = await run(folder, shards, [new Digest(spec)])
    expect(lines.sorted()).toEqual(expectedLines(shards))
    expect(summary).toMatchObject({ planned: true, shards: 7, done: 7, failed: 0, committed: 7, images: 28, failures: [], stopped: false })
    for (const kind of ['attempts', 'workers', 'failed'] as const) expect(await folder.names(kind)).toEqual([])
    expect(await folder.names('committed')).toHaveLength(7)
  })

  test('of four workers does every shard once', async () => {
    const shards = shardsOf(30)
    const workers = Array.from({ length: 4 }, () => new Digest(spec, undefined, 1))
    const { lines } = await run(await WorkFolder.create(base(), spec), shards, workers)
    expect(lines.sorted()).toEqual(expectedLines(shards))
    expect(workers.flatMap(({ runs }) => runs).sort()).toEqual(shards.map(({ id }) => id).sort())
  })

  test('of no shard, and of shards without images, ends', async () => {
    const folder = await WorkFolder.create(base(), spec)
    expect((await run(folder, [], [new Digest(spec)])).summary).toMatchObject({ shards: 0, done: 0 })
    expect((await run(folder, shardsOf(2, 0), [new Digest(spec)])).summary).toMatchObject({ shards: 2, done: 2, images: 0 })
  })

  test('again does nothing again, and with more shards only those', async () => {
    const folder = await WorkFolder.create(base(), spec)
    await run(folder, shardsOf(4), [new Digest(spec)])
    const again = new Digest(spec)
    const { summary, lines } = await run(folder, shardsOf(4), [again])
    expect(again.runs).toEqual([])
    expect(lines.calls).toBe(0)
    expect(summary).toMatchObject({ shards: 4, done: 4, committed: 4 })
    const more = new Digest(spec)
    await run(folder, shardsOf(6), [more])
    expect(more.runs.sort()).toEqual(['shard-4', 'shard-5'])
  })

  test('by two coordinators at once commits every output once', async () => {
    const shards = shardsOf(20)
    const folder = await WorkFolder.create(base(), spec)
    const lines = new Lines()
    let committed = 0
    const collect: Lines['collect'] = async (outputs) => {
      committed += outputs.length
      await delay(5)
      await lines.collect(outputs)
    }
    let over = false
    const crew = [1, 2].map(() => workerOf(folder, new Digest(spec, undefined, 1), { expectMore: () => !over }))
    const both = [1, 2].map(() =>
      coordinate(folder, { shards: stream(shards), engine: new LocalEngine(folder), collect, collector: { images: 8 }, ...timing }),
    )
    for (const summary of await Promise.all(both)) expect(summary).toMatchObject({ done: 20, committed: 20 })
    over = true
    await Promise.all(crew)
    expect(committed).toBe(20)
    expect(lines.sorted()).toEqual(expectedLines(shards))
  })

  test('does shards again whose outputs are torn, before and after the coordinator began', async () => {
    const shards = shardsOf(5)
    const folder = await planned(base(), shards)
    await workerOf(folder, new Digest(spec))
    const [first, second] = await folder.names('done')
    await folder.store.put(folder.place('outputs', (await readManifest(folder, first!))!.files[0]!.file), 'torn')
    await folder.store.put(folder.place('done', second!), '{"version":1,')
    const worker = new Digest(spec)
    const { lines } = await run(folder, shards, [worker])
    expect(worker.runs).toHaveLength(2)
    expect(lines.sorted()).toEqual(expectedLines(shards))
  })

  test('whose collect fails rejects with that, and loses nothing', async () => {
    const shards = shardsOf(3)
    const folder = await WorkFolder.create(base(), spec)
    const collect = () => Promise.reject(new Error('the disk is full'))
    await expect(run(folder, shards, [new Digest(spec)], { collect })).rejects.toThrow('the disk is full')
    const again = new Digest(spec)
    expect((await run(folder, shards, [again])).lines.sorted()).toEqual(expectedLines(shards))
    expect(again.runs).toEqual([])
  })

  test('whose source of shards fails rejects with that', async () => {
    const folder = await WorkFolder.create(base(), spec)
    async function* broken() {
      yield* shardsOf(2)
      throw new Error('the list is torn')
    }
    await expect(run(folder, [], [new Digest(spec)], { shards: broken() })).rejects.toThrow('the list is torn')
  })
})

describe('a shard that fails', () => {
  test('is tried three times, then given up with its image named; the others are done', async () => {
    const shards = shardsOf(4)
    const attempts: number[] = []
    const worker = new Digest(spec, (image, { attempt, careful }) => {
      if (image !== 'i2-1') return
      attempts.push(attempt)
      expect(careful).toBe(attempt > 1)
      throw new Error('unreadable')
    })
    const folder = await WorkFolder.create(base(), spec)
    const { summary, lines } = await run(folder, shards, [worker])
    expect(attempts).toEqual([1, 2, 3])
    expect(summary).toMatchObject({ done: 3, failed: 1, committed: 3, stopped: false })
    expect(summary.failures).toMatchObject([
      { image: 'i2-1', message: 'unreadable', attempts: 3, shard: { id: 'shard-2', name: 's2.tar' } },
    ])
    expect(lines.sorted()).toEqual(expectedLines(shards.filter(({ id }) => id !== 'shard-2')))
    const status = await runStatus(folder)
    expect(status.shards).toMatchObject({ total: 4, done: 3, failed: 1, waiting: 0 })
    expect(status.failures[0]?.image).toBe('i2-1')
  })

  test('gets another chance with the next run', async () => {
    const shards = shardsOf(2)
    const folder = await WorkFolder.create(base(), spec)
    await run(folder, shards, [new Digest(spec, () => Promise.reject(new Error('away')))])
    const { summary, lines } = await run(folder, shards, [new Digest(spec)])
    expect(summary).toMatchObject({ done: 2, failed: 0 })
    expect(lines.sorted()).toEqual(expectedLines(shards))
  })
})

describe('a stop', () => {
  test('lets the shard in hand end, commits it, and the next run goes on', async () => {
    const shards = shardsOf(10)
    const folder = await WorkFolder.create(base(), spec)
    const stop = new AbortController()
    const worker = new Digest(spec, (image) => image === 'i0-0' || stop.abort(), 5)
    const crew = workerOf(await planned(folder.uri.replace(/\/[^/]+$/, ''), shards), worker, { stop: stop.signal })
    const lines = new Lines()
    const summary = await coordinate(folder, {
      shards: stream(shards),
      engine: new LocalEngine(folder),
      collect: lines.collect,
      stop: stop.signal,
      leave: () => crew,
      ...timing,
    })
    expect(summary.stopped).toBe(true)
    expect(worker.runs.length).toBeLessThan(10)
    expect(summary.committed).toBe(worker.runs.length)
    const rest = new Digest(spec)
    const { lines: others } = await run(folder, shards, [rest])
    expect(rest.runs.length + worker.runs.length).toBe(10)
    expect([...lines.lines, ...others.lines].sort()).toEqual(expectedLines(shards))
  })

  test('at once leaves the shard to the next run and blames nobody', async () => {
    const folder = await planned(base(), shardsOf(1))
    const abort = new AbortController()
    const worker = new Digest(spec, () => abort.abort(), 1)
    await expect(workerOf(folder, worker, { signal: abort.signal })).rejects.toThrow()
    const [attempt] = await folder.names('attempts')
    expect(await folder.read('attempts', attempt!)).toMatchObject({ state: 'interrupted' })
    expect(await folder.names('done')).toEqual([])
  })
})

describe('parts of a job array', () => {
  test('together give what a single run gives', async () => {
    const shards = shardsOf(11)
    const folder = await planned(base(), shards)
    const ids = await folder.names('shards')
    const parts = [0, 1, 2].map((index) => idsOfPart(ids, { index, of: 3 }))
    const workers = parts.map(() => new Digest(spec))
    const lines = new Lines()
    for (const [i, part] of parts.entries()) {
      const runner = await Runner.start(folder, workers[i]!, timing)
      const crew = new StaticEngine(part).work(runner.handle)
      const options = { shards: stream(shards), engine: new StaticEngine([]), part: { index: i, of: 3 }, collect: lines.collect, ...timing }
      const summary = await coordinate(folder, options)
      await crew
      await runner.close()
      expect(summary).toMatchObject({ shards: part.length, done: part.length, committed: part.length })
    }
    expect(workers.map(({ runs }) => runs.length)).toEqual([4, 4, 3])
    expect(lines.sorted()).toEqual(expectedLines(shards))
  })
})
