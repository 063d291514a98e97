import { readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Archive as ArchiveType } from '../../lib/archive/archive.js'
import type { ArchiveRow } from '../../lib/archive/types.js'
import type { Clip as ClipType } from '../../lib/clip/clip.js'
import type { IndexOptions } from '../../lib/engine/index-sources.js'
import { picture, tinyModel } from '../cli/tiny.js'
import { temporary } from './fixtures.js'
import { hasRedis, RedisServer } from './redis-server.js'
import { quick, Workers } from './workers.js'

// Worker processes run what is built, so everything here does.
const require = createRequire(__filename)
const built = (name: string) => require(join(__dirname, '..', '..', 'dist', name))
const at = temporary('index')
const count = 60
const timing = { pollMs: quick.pollMs, beatMs: quick.beatMs, offerMs: 500 }
let clip: ClipType
let Archive: typeof ArchiveType
let indexSources: typeof import('../../lib/engine/index-sources.js').indexSources
let expected: Row[]
type Row = Omit<ArchiveRow, 'addedAt' | 'vector'> & { vector: Float32Array }

beforeAll(async () => {
  ;({ Archive } = built('archive/archive.js'))
  ;({ indexSources } = built('engine/index-sources.js'))
  const { Clip } = built('clip/clip.js') as { Clip: typeof ClipType }
  clip = await Clip.load(await tinyModel(at('model')))
  for (let i = 0; i < count; i++) await picture(at('images', `${String(i).padStart(3, '0')}.png`), 40 + i, 48, i)
  writeFileSync(at('images', 'torn.png'), 'no image')
  const archive = await Archive.open(at('single'), { clip })
  await archive.add(at('images'))
  expected = await rowsOf(archive)
  await archive.close()
}, 300_000)
afterAll(() => clip?.dispose())

/** All there is, without times, by id. */
async function rowsOf(archive: ArchiveType): Promise<Row[]> {
  const rows: Row[] = []
  for await (const { addedAt: _, ...row } of archive.rows({ return: [...fields] }))
    rows.push({ ...row, vector: Float32Array.from(row.vector as Float32Array) })
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
}
/** Equal; vectors to the last bit of half precision, since images that share a batch move it. */
function expectSame(rows: Row[]): void {
  const plain = (all: Row[]) => all.map(({ vector: _, ...row }) => row)
  expect(plain(rows)).toEqual(plain(expected))
  for (const [i, { vector }] of rows.entries()) {
    const truth = expected[i]?.vector as Float32Array
    expect(Math.max(...vector.map((value, k) => Math.abs(value - (truth[k] as number))))).toBeLessThanOrEqual(2 ** -11)
  }
}

const fields = ['id', 'uri', 'width', 'height', 'bytes', 'sha256', 'phash', 'vector', 'version'] as const

async function index(name: string, options: IndexOptions = {}) {
  const archive = await Archive.open(at(name), { clip })
  const summary = await indexSources(archive, at('images'), { shardSize: 5, timing, ...options })
  const rows = await rowsOf(archive)
  const rejects: string[] = []
  for await (const { id, code } of archive.rejects()) rejects.push(`${code} ${id.slice(id.lastIndexOf('/') + 1)}`)
  await archive.close()
  return { summary, rows, rejects }
}

describe('worker processes of this machine', () => {
  test('give the archive that a single process gives, row for row, rejects too', async () => {
    const { summary, rows, rejects } = await index('two', { devices: ['cpu', 'cpu'] })
    expect(summary).toMatchObject({ shards: 13, done: 13, failed: 0, committed: 13, images: count + 1, rejects: { ERR_WORDMASK_IMAGE: 1 } })
    expectSame(rows)
    expect(rejects).toHaveLength(1)
    expect((await index('two')).summary).toMatchObject({ shards: 13, done: 13, images: 0 })
  }, 300_000)

  test('as parts of a job array, one after the other, give the whole', async () => {
    for (let i = 0; i < 3; i++) await index('parts', { part: { index: i, of: 3 }, devices: ['cpu'] })
    expectSame((await index('parts', { part: { index: 0, of: 3 } })).rows)
  }, 300_000)
})

describe.skipIf(!hasRedis)('a queue', () => {
  test('of three workers, one killed, gives the same archive', async () => {
    const server = await RedisServer.start()
    const queue = { url: server.url }
    const workers = new Workers({ queue, device: 'cpu' })
    try {
      for (let i = 0; i < 3; i++) workers.start()
      const done = index('queue', { queue })
      while (workers.events('shard').length === 0) await delay(20)
      workers.living[0]?.child.kill('SIGKILL')
      const { summary, rows } = await done
      expect(summary).toMatchObject({ shards: 13, done: 13, committed: 13 })
      expectSame(rows)
    } finally {
      await workers.end()
      await server.end()
    }
  }, 300_000)
})

describe('an index that is stopped', () => {
  test('goes on where it was, and ends equal to one that was not', async () => {
    const stop = new AbortController()
    const onProgress = ({ done }: { done: number }) => done > 0 && stop.abort()
    // Many small shards, looked at often: when the first is seen to be done, most are not.
    const small = { shardSize: 2, timing: { ...timing, pollMs: 10 } }
    const first = await index('stopped', { ...small, stop: stop.signal, onProgress })
    expect(first.summary.stopped).toBe(true)
    expect(first.summary.committed).toBe(first.summary.done)
    const second = await index('stopped', small)
    expect(second.summary).toMatchObject({ done: 31, stopped: false })
    expectSame(second.rows)
  }, 300_000)

  test('leaves nothing behind where one of its sources is none', async () => {
    const archive = await Archive.open(at('misspelt'), { clip })
    const before = readdirSync(at('misspelt'))
    for (const sources of [at('nowhere'), [at('images'), at('nowhere')]])
      await expect(indexSources(archive, sources, { shardSize: 5, devices: ['cpu'], timing })).rejects.toHaveCode(
        'ERR_WORDMASK_FILE_NOT_FOUND',
        /nowhere does not exist/,
      )
    expect(readdirSync(at('misspelt'))).toEqual(before)
    await archive.close()
  }, 300_000)

  test.each(['two', 'no-device'])(
    'says that there is no such device, whether anything is left to do or nothing: %s',
    async (name) => {
      const archive = await Archive.open(at(name), { clip })
      const before = readdirSync(at(name))
      const on = (...devices: string[]) => indexSources(archive, at('images'), { shardSize: 5, devices, timing })
      await expect(on('cpu', 'cuda:99')).rejects.toHaveCode('ERR_WORDMASK_DEVICE', /cuda:99/)
      await expect(on('gpu')).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /'cuda:N' or 'auto' for device but received 'gpu'/)
      expect(readdirSync(at(name))).toEqual(before)
      await archive.close()
    },
    300_000,
  )
})
