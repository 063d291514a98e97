import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Shard } from '../../lib/archive/types.js'
import { BullEngine } from '../../lib/engine/bullmq.js'
import { coordinate } from '../../lib/engine/coordinate.js'
import { connectQueue, type QueueServer } from '../../lib/engine/redis.js'
import { listRuns } from '../../lib/engine/runs.js'
import { indexStatus, runStatus } from '../../lib/engine/status.js'
import { WorkFolder, workBase } from '../../lib/engine/work-folder.js'
import { expectedLines, Lines, shardsOf, spec, stream, temporary } from './fixtures.js'
import { hasRedis, RedisServer } from './redis-server.js'
import { quick, Workers } from './workers.js'

const at = temporary('queue')
let server: RedisServer | undefined
let queue: QueueServer | undefined
let workers: Workers | undefined
let runs = 0

afterEach(async () => {
  await workers?.end('SIGKILL')
  await queue?.close()
  await server?.end()
  workers = queue = server = undefined
})

async function begin(config: Record<string, unknown>, attempts = 3) {
  server = await RedisServer.start()
  queue = await connectQueue({ url: server.url })
  workers = new Workers({ queue: { url: server.url }, digest: true, attempts })
  const archive = at(`run-${runs++}`)
  const folder = await WorkFolder.create(workBase(archive), { ...spec, config })
  return { server, queue, workers, folder, archive }
}

function over(folder: WorkFolder, shards: Shard[], lines: Lines, more: object = {}) {
  const engine = new BullEngine(folder, queue as QueueServer)
  return coordinate(folder, { shards: stream(shards), engine, collect: lines.collect, ...quick, offerMs: 500, ...more }).finally(() =>
    engine.close(),
  )
}

describe.skipIf(!hasRedis)('three workers', () => {
  test('of a queue give what a single process gives, each shard once', async () => {
    const { folder, workers, queue } = await begin({ ms: 5 })
    const shards = shardsOf(24)
    const lines = new Lines()
    for (let i = 0; i < 3; i++) workers.start()
    expect(await over(folder, shards, lines)).toMatchObject({ shards: 24, done: 24, committed: 24, failed: 0, images: 96 })
    expect(lines.sorted()).toEqual(expectedLines(shards))
    // The coordinator looks at storage, and is there before a worker has told the queue and us.
    await workers.end()
    expect(
      workers
        .events('shard')
        .map(({ shard }) => shard)
        .sort(),
    ).toEqual(shards.map(({ name }) => name).sort())
    expect(await BullEngine.unfinished(queue, folder.uri)).toBe(0)
    expect(await folder.names('workers')).toEqual([])
    expect(workers.all.map(({ child }) => child.exitCode)).toEqual([0, 0, 0])
  })

  test('killed again and again, and the Redis server twice, once with all it knew: every image is there once', async () => {
    const { folder, workers, server } = await begin({ ms: 40 }, 100) // so many kills may meet one shard three times
    const shards = shardsOf(40)
    const lines = new Lines()
    for (let i = 0; i < 3; i++) workers.start()
    const done = over(folder, shards, lines)
    const settled = done.then(() => true)
    for (let kill = 0; kill < 12 && !(await Promise.race([settled, delay(300, false)])); kill++) {
      const { living } = workers
      living[randomBytes(1)[0]! % living.length]?.child.kill('SIGKILL')
      workers.start()
      if (kill === 2 || kill === 5) {
        await server.kill()
        await delay(200)
        await server.begin(kill === 5)
      }
    }
    expect(await done).toMatchObject({ shards: 40, done: 40, committed: 40 })
    expect(lines.sorted()).toEqual(expectedLines(shards))
    expect(await folder.names('committed')).toHaveLength(40)
    expect(workers.all.filter(({ child }) => child.signalCode === 'SIGKILL').length).toBeGreaterThan(3)
  }, 120_000)
})

describe.skipIf(!hasRedis)('a queue', () => {
  test('that is told of everything again, by two coordinators, does nothing twice', async () => {
    const { folder, workers } = await begin({ ms: 10 })
    const shards = shardsOf(12)
    const lines = [new Lines(), new Lines()] as const
    workers.start()
    await Promise.all(lines.map((each) => over(folder, shards, each, { offerMs: 1 })))
    expect([...lines[0].lines, ...lines[1].lines].sort()).toEqual(expectedLines(shards))
    await over(folder, shards, lines[0])
    await workers.end()
    expect(workers.events('shard')).toHaveLength(12)
  })

  test('of a shard that kills its workers: it is given up with the image named, all others are done', async () => {
    const { folder, workers } = await begin({ ms: 5, crash: 'i1-2' })
    const shards = shardsOf(6)
    const lines = new Lines()
    const done = over(folder, shards, lines)
    let ended = false
    void done.finally(() => {
      ended = true
    })
    for (; !ended; await delay(50)) if (workers.living.length < 2) workers.start()
    const summary = await done
    expect(summary).toMatchObject({ done: 5, failed: 1 })
    expect(summary.failures).toMatchObject([{ image: 'i1-2', attempts: 3, shard: { name: 's1.tar' } }])
    expect(lines.sorted()).toEqual(expectedLines(shards.filter(({ id }) => id !== 'shard-1')))
  }, 90_000)

  test('is left alone by a machine without the model, which says how to get it; others do the work', async () => {
    const { folder, workers, queue } = await begin({ missing: true })
    const shards = shardsOf(3)
    const without = workers.start()
    const done = over(folder, shards, new Lines())
    while (without.events.length === 0) await delay(50)
    expect(without.events).toMatchObject([{ type: 'cannot', work: folder.uri, code: 'ERR_WORDMASK_MODEL_NOT_FOUND' }])
    expect(without.events[0]?.message).toContain('npx wordmask model pull ViT-B/32')
    expect(await BullEngine.unfinished(queue, folder.uri)).toBe(3)
    workers.start({ HAS_MODEL: '1' })
    expect(await done).toMatchObject({ done: 3 })
    expect(without.events).toHaveLength(1)
  })

  test('whose worker is asked to stop: it ends the shard in hand, and the rest waits', async () => {
    const { folder, workers } = await begin({ ms: 100 })
    const worker = workers.start()
    const stop = new AbortController()
    const done = over(folder, shardsOf(5), new Lines(), { stop: stop.signal })
    while ((await folder.names('attempts')).length === 0) await delay(20)
    await workers.end()
    expect(worker.child.exitCode).toBe(0)
    stop.abort()
    const summary = await done
    expect(summary).toMatchObject({ stopped: true, done: worker.events.at(-1)?.shards })
    expect(summary.done).toBeGreaterThan(0)
    expect(await folder.names('attempts')).toEqual([])
  })

  test('and storage tell what goes on', async () => {
    const { folder, archive, server, workers, queue } = await begin({ ms: 100 })
    const done = over(folder, shardsOf(6), new Lines())
    workers.start()
    workers.start()
    while ((await folder.names('done')).length < 2 || (await runStatus(folder)).workers.length < 2) await delay(20)
    const status = await runStatus(folder)
    expect(status.shards).toMatchObject({ total: 6, failed: 0 })
    expect(status.shards.done + status.shards.running + status.shards.waiting).toBe(6)
    expect(status.workers).toHaveLength(2)
    expect(status.imagesPerSecond).toBeGreaterThan(1)
    expect(status.timeLeftMs).toBeGreaterThan(0)
    expect(await listRuns(queue)).toMatchObject([{ work: folder.uri }])
    const [told] = await indexStatus(archive, { queue: { url: server.url } })
    expect(told).toMatchObject({ operation: 'digest', work: folder.uri, shards: { total: 6 } })
    expect(told?.queued).toBeLessThanOrEqual(6)
    await done
    expect(await runStatus(folder)).toMatchObject({ images: 24, timeLeftMs: 0, shards: { done: 6, committed: 6, waiting: 0 } })
  })
})
