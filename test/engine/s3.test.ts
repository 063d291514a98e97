import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BullEngine } from '../../lib/engine/bullmq.js'
import { coordinate } from '../../lib/engine/coordinate.js'
import { jobOf } from '../../lib/engine/job.js'
import { LocalEngine } from '../../lib/engine/local.js'
import { finish, readManifest, readOutput } from '../../lib/engine/manifest.js'
import { connectQueue } from '../../lib/engine/redis.js'
import { Runner } from '../../lib/engine/runner.js'
import { runStatus } from '../../lib/engine/status.js'
import { WorkFolder } from '../../lib/engine/work-folder.js'
import { withS3 } from '../helpers/s3-server.js'
import { Digest, expectedLines, Lines, planned, shardsOf, spec, stream } from './fixtures.js'
import { hasRedis, RedisServer } from './redis-server.js'
import { quick, Workers } from './workers.js'

const s3 = withS3('archive')
const base = (name: string) => `s3://archive/${name}.lance/_work`
const timing = { pollMs: 50, beatMs: 500 }

describe('on an object store', () => {
  test('of many writers of one shard exactly one counts; the others leave nothing', async ({ skip }) => {
    skip(!s3.server, s3.missing)
    const folder = await planned(base('writers'), shardsOf(1))
    const job = jobOf(spec, shardsOf(1)[0]!)
    const output = (i: number) => ({ files: [{ name: 'rows', data: Buffer.from(`writer ${i}`) }], images: 1, rejects: {} })
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, i) => finish(folder, job, output(i), { worker: 'w', attempt: 1, seconds: 0 })),
    )
    expect(all.filter(({ first }) => first)).toHaveLength(1)
    const manifest = (await readManifest(folder, job.id))!
    expect(await readOutput(folder, manifest, 'rows')).toBeDefined()
    const left: string[] = []
    for await (const { uri } of folder.store.list(`${folder.uri}/outputs`)) left.push(uri.slice(uri.lastIndexOf('/') + 1))
    expect(left).toEqual(manifest.files.map(({ file }) => file))
  })

  test('workers that share nothing else take shards by leases, and each is done once', async ({ skip }) => {
    skip(!s3.server, s3.missing)
    const shards = shardsOf(8)
    const folder = await planned(base('leases'), shards)
    const workers = [1, 2, 3].map(() => new Digest(spec, undefined, 5))
    const crew = workers.map(async (operation) => {
      const runner = await Runner.start(folder, operation, timing)
      await new LocalEngine(folder, timing).work(runner.handle)
      await runner.close()
    })
    const lines = new Lines()
    const summary = await coordinate(folder, { shards: stream(shards), engine: new LocalEngine(folder), collect: lines.collect, ...timing })
    await Promise.all(crew)
    expect(summary).toMatchObject({ shards: 8, done: 8, committed: 8 })
    expect(lines.sorted()).toEqual(expectedLines(shards))
    expect(workers.flatMap(({ runs }) => runs).sort()).toEqual(shards.map(({ id }) => id).sort())
    expect((await runStatus(folder)).shards).toMatchObject({ total: 8, done: 8, committed: 8, waiting: 0 })
  })

  describe.skipIf(!hasRedis)('with a queue', () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await RedisServer.start()
    })
    afterAll(() => server?.end())

    test('three workers, killed in the middle together with Redis, give what one process gives', async ({ skip }) => {
      skip(!s3.server, s3.missing)
      const shards = shardsOf(12)
      const folder = await WorkFolder.create(base('queue'), { ...spec, config: { ms: 30 } })
      const queue = await connectQueue({ url: server.url })
      const workers = new Workers({ queue: { url: server.url }, digest: true, beatMs: 500, attempts: 100 })
      const engine = new BullEngine(folder, queue)
      const lines = new Lines()
      try {
        for (let i = 0; i < 3; i++) workers.start()
        const done = coordinate(folder, { shards: stream(shards), engine, collect: lines.collect, ...quick, offerMs: 1000 })
        while ((await folder.names('done')).length < 3) await delay(50)
        workers.living[0]?.child.kill('SIGKILL')
        await server.kill()
        workers.living[0]?.child.kill('SIGKILL')
        await server.begin(true)
        workers.start()
        expect(await done).toMatchObject({ shards: 12, done: 12, committed: 12 })
        expect(lines.sorted()).toEqual(expectedLines(shards))
      } finally {
        await workers.end('SIGKILL')
        await engine.close()
        await queue.close()
      }
    }, 120_000)
  })
})
