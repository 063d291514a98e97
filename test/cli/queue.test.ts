import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasRedis, RedisServer } from '../engine/redis-server.js'
import { withS3 } from '../helpers/s3-server.js'
import { events, type Running, start, wordmask } from './cli.js'
import { expectSameScores, scoresOf } from './hits.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-cli-queue-'))
const at = (...names: string[]) => join(folder, ...names)
const [model, images] = [at('model'), at('images')]
const s3 = withS3('queue')
const running: Running[] = []
let redis: RedisServer | undefined
/** Of a single process. */
let expected: Record<string, number>

beforeAll(async () => {
  await tinyModel(model)
  for (let i = 0; i < 12; i++) await picture(join(images, `${String(i).padStart(2, '0')}.png`), 60 + i, 48, i + 1)
  writeFileSync(join(images, 'broken.png'), 'this is no picture')
  const { code, stderr } = await wordmask(['index', images, '--into', at('single'), '--clip', model, '--json'])
  expect(code, stderr).toBe(0)
  expected = await hitsOf(at('single'))
  if (hasRedis) redis = await RedisServer.start(['--requirepass', 'hunter2'])
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await redis?.end()
  rmSync(folder, { recursive: true, force: true })
})

const url = () => `unix://:hunter2@${redis!.socket}`
const last = (stdout: string) => events(stdout).at(-1)

const hitsOf = (archive: string) => scoresOf(archive, join(images, '03.png'), '--clip', model)

function begin(...args: string[]): Running {
  const run = start([...args, '--json'])
  running.push(run)
  return run
}

describe.skipIf(!hasRedis)('index --queue with worker processes', () => {
  test('gives the rows of a single process; the workers finish on SIGINT; the password is nowhere', async () => {
    const workers = [begin('worker', '--queue', url()), begin('worker', '--queue', url(), '--batch-size', '4')]
    const index = begin('index', images, '--into', at('queued'), '--clip', model, '--queue', url(), '--shard-size', '3')
    const { code, stdout, stderr } = await index.ended
    expect(code, stderr).toBe(0)
    expect(last(stdout)).toMatchObject({ event: 'summary', done: 12, rejected: 1, failedShards: 0, stopped: false })
    for (const { child } of workers) child.kill('SIGINT')
    const ended = await Promise.all(workers.map((worker) => worker.ended))
    expect(ended.map((end) => end.code)).toEqual([130, 130])
    const shards = ended.flatMap((end) => events(end.stdout).filter(({ event }) => event === 'shard'))
    expect(shards.reduce((sum, { images: n }) => sum + n, 0)).toBe(13)
    expectSameScores(await hitsOf(at('queued')), expected)
    const status = await wordmask(['status', at('queued'), '--queue', url(), '--json'])
    expect(events(status.stdout)).toMatchObject([{ event: 'run', shards: { total: 5, done: 5, committed: 5, waiting: 0 }, queued: 0 }])
    const said = [stdout, stderr, status.stdout, ...ended.flatMap((end) => [end.stdout, end.stderr])].join('\n')
    expect(said).not.toContain('hunter2')
  }, 240_000)

  test('pictures and archive in a bucket: the same rows', async ({ skip }) => {
    skip(!s3.server, s3.missing)
    const { storeOf } = await import('../../lib/storage/index.js')
    const store = await storeOf('s3://queue')
    const names = [...Array.from({ length: 12 }, (_, i) => `${String(i).padStart(2, '0')}.png`), 'broken.png']
    for (const name of names) await store.put(`s3://queue/images/${name}`, readFileSync(join(images, name)))
    const into = 's3://queue/archive'
    const worker = begin('worker', '--queue', url())
    const index = ['index', 's3://queue/images', '--into', into, '--clip', model, '--queue', url(), '--shard-size', '5']
    const { code, stdout, stderr } = await begin(...index).ended
    expect(code, stderr).toBe(0)
    expect(last(stdout)).toMatchObject({ event: 'summary', done: 12, rejected: 1, failedShards: 0 })
    worker.child.kill('SIGINT')
    expect((await worker.ended).code).toBe(130)
    expectSameScores(await hitsOf(into), expected)
    const again = await wordmask([...index, '--json'])
    expect(again.code, again.stderr).toBe(0)
    const status = await wordmask(['status', into, '--json'])
    expect(events(status.stdout)).toMatchObject([
      { shards: { total: 3, done: 3, committed: 3 }, images: 13, rejects: { ERR_WORDMASK_IMAGE: 1 } },
    ])
  }, 240_000)

  test('a worker with --until-empty ends at once where nothing waits: exit 0', async () => {
    const { code, stdout } = await begin('worker', '--queue', url(), '--until-empty').ended
    expect(code).toBe(0)
    expect(last(stdout)).toMatchObject({ event: 'summary', shards: 0, images: 0 })
  })
})

test.each([
  [['index', images, '--into', at('no'), '--clip', model, '--queue', 'unix:///nowhere/redis.sock'], 1, /nowhere\/redis\.sock/],
  [['worker', '--queue', 'unix:///nowhere/redis.sock'], 1, /nowhere\/redis\.sock/],
  [['worker', '--queue', 'unix:///nowhere/redis.sock', '--device', 'cuda:99'], 1, /'cuda:99' was asked for/],
  [['worker', '--queue', 'http://host'], 2, /redis:\/\/.*rediss:\/\/.*unix:\/\//],
  [['worker', '--queue', 'redis://host', '--queue-ca', at('ca.pem')], 2, /rediss:\/\//],
  [['index', images, '--into', at('no'), '--clip', model, '--queue', 'redis://host', '--shard', '0/2'], 2, /part|shard/],
  [['index', images, '--into', at('no'), '--clip', model, '--shard', '2/2'], 2, /i\/n/],
])('%j: exit %i', async (args, exit, message) => {
  const { code, stderr } = await wordmask(args)
  expect(stderr).toMatch(message)
  expect(code).toBe(exit)
})
