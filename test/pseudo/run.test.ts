import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PseudoLabelOptions } from '../../lib/pseudo/options.js'
import type { pseudoLabel as PseudoLabel } from '../../lib/pseudo/pseudo-label.js'
import type { Segmenter as SegmenterType } from '../../lib/segmenter/segmenter.js'
import type { SourceInput } from '../../lib/sources/index.js'
import { picture, tinyModel } from '../cli/tiny.js'
import { temporary } from '../engine/fixtures.js'
import { hasRedis, RedisServer } from '../engine/redis-server.js'
import { quick, Workers } from '../engine/workers.js'

// Worker processes run what is built, so everything here does.
const require = createRequire(__filename)
const built = (name: string) => require(join(__dirname, '..', '..', 'dist', name))
const at = temporary('pseudo-run')
const count = 12
const timing = { pollMs: quick.pollMs, beatMs: quick.beatMs, offerMs: 500, collector: { images: 4, afterMs: 100 } }
// The division of work among threads moves the last bits of scores; here they are compared.
process.env.WORDMASK_THREADS = '1'
let pseudoLabel: typeof PseudoLabel
let Segmenter: typeof SegmenterType
let expected: Record<string, Buffer>

beforeAll(async () => {
  ;({ pseudoLabel } = built('pseudo/pseudo-label.js'))
  ;({ Segmenter } = built('segmenter/segmenter.js'))
  const clip = await tinyModel(at('model'))
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'grass', 'sky'] })
  await segmenter.save(at('saved'))
  segmenter.dispose()
  for (let i = 0; i < count; i++) await picture(at('photos', i % 2 ? 'odd' : 'even', `${i}.png`), 40 + i, 48, i + 1)
  writeFileSync(at('photos', 'torn.png'), 'no image')
  await label('alone')
  expected = filesOf('alone', 'labels')
}, 120_000)

function label(into: string, more: Partial<PseudoLabelOptions> = {}, sources: SourceInput | SourceInput[] = at('photos')) {
  return pseudoLabel(sources, { segmenter: at('saved'), into: at(into), shardSize: 3, devices: ['cpu'], timing, ...more })
}

/** Files below a folder of the output, with what is in them. */
function filesOf(...folder: string[]): Record<string, Buffer> {
  const found = readdirSync(at(...folder), { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    found.filter((name) => statSync(at(...folder, name)).isFile()).map((name) => [name, readFileSync(at(...folder, name))]),
  )
}

describe('the labels of a folder', () => {
  test('lie beside links to its images; classes and what was rejected are told', async () => {
    expect(Object.keys(expected)).toHaveLength(count)
    expect(Object.keys(filesOf('alone', 'images'))).toEqual(Object.keys(expected))
    expect(readlinkSync(at('alone', 'images', 'odd', '1.png'))).toBe(at('photos', 'odd', '1.png'))
    expect(JSON.parse(readFileSync(at('alone', 'classes.json'), 'utf8')).map(({ name }: { name: string }) => name)).toEqual([
      'fox',
      'grass',
      'sky',
    ])
    const [reject, ...more] = readFileSync(at('alone', 'rejects.jsonl'), 'utf8').trim().split('\n')
    expect(more).toEqual([])
    expect(JSON.parse(reject!)).toMatchObject({ image: at('photos', 'torn.png'), code: 'ERR_WORDMASK_IMAGE' })
  })

  test('are the same by two workers, and by a segmenter that lies in no folder', async () => {
    const two = await label('two', { devices: ['cpu', 'cpu'] })
    expect(two).toMatchObject({
      labelled: count,
      rejected: 1,
      background: false,
      uncertain: 0,
      run: { shards: 5, failed: 0, committed: 5 },
    })
    expect(Object.values(two.coverage).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9)
    expect(filesOf('two', 'labels')).toEqual(expected)
    const segmenter = await Segmenter.create({ clip: at('model'), classes: ['fox', 'grass', 'sky'] })
    await label('made', { segmenter })
    expect((await label('made', { segmenter })).run.images).toBe(0)
    segmenter.dispose()
    expect(filesOf('made', 'labels')).toEqual(expected)
  }, 60_000)

  test('stay as they are in a second run; what is missing is made again, and new images join', async () => {
    cpSync(at('photos'), at('more'), { recursive: true })
    await label('again', {}, at('more'))
    const before = statSync(at('again', 'labels', 'even', '0.png')).mtimeMs
    expect(await label('again', {}, at('more'))).toMatchObject({ labelled: count, rejected: 1, run: { images: 0 } })
    rmSync(at('again', 'labels', 'odd', '3.png'))
    cpSync(at('more', 'odd', '1.png'), at('more', 'odd', 'z.png'))
    expect(await label('again', {}, at('more'))).toMatchObject({ labelled: count + 1, rejected: 1 })
    const { 'odd/z.png': joined, ...rest } = filesOf('again', 'labels')
    expect(joined!.equals(expected['odd/1.png']!)).toBe(true)
    expect(rest).toEqual(expected)
    expect(statSync(at('again', 'labels', 'even', '0.png')).mtimeMs).toBe(before)
  }, 60_000)

  test('pair up where names differ in their endings alone; without copies the second one is rejected', async () => {
    mkdirSync(at('twins'))
    await picture(at('twins', 'a.png'), 40, 40, 1)
    await picture(at('twins', 'a.jpg'), 44, 40, 2)
    await label('paired', { images: 'copy' }, at('twins'))
    expect(Object.keys(filesOf('paired', 'images'))).toEqual(['a.jpg', 'a.png.png'])
    expect(Object.keys(filesOf('paired', 'labels'))).toEqual(['a.png', 'a.png.png'])
    const { labelled, rejected, images } = await label('left', { images: 'none' }, at('twins'))
    expect({ labelled, rejected, images }).toEqual({ labelled: 1, rejected: 1, images: at('twins') })
    expect(existsSync(at('left', 'images'))).toBe(false)
  }, 60_000)

  test('names are as long as a disk takes; a map whose name would be longer is told and left out', async () => {
    const longest = 'n'.repeat(251)
    mkdirSync(at('long'))
    await picture(at('long', `${longest}.png`), 40, 40, 1)
    for (const images of ['link', 'copy', 'none'] as const)
      expect(await label(`long-${images}`, { images }, at('long'))).toMatchObject({ labelled: 1, rejected: 0 })
    expect(Object.keys(filesOf('long-link', 'labels'))).toEqual([`${longest}.png`])
    await picture(at('long', `${longest}.jpg`), 40, 40, 2)
    expect(await label('long-twin', {}, at('long'))).toMatchObject({ labelled: 1, rejected: 1 })
    expect(readFileSync(at('long-twin', 'rejects.jsonl'), 'utf8')).toMatch(/ERR_WORDMASK_IO.*ENAMETOOLONG/)
  }, 60_000)

  test.each(['link', 'copy'] as const)(
    'of the output folder itself leave its images as they are (%s)',
    async (images) => {
      const into = `own-${images}`
      cpSync(at('photos', 'even'), at(into, 'images'), { recursive: true })
      const before = filesOf(into, 'images')
      expect(await label(into, { images }, at(into, 'images'))).toMatchObject({ labelled: count / 2, rejected: 0 })
      expect(filesOf(into, 'images')).toEqual(before)
      for (const name of Object.keys(before)) expect(lstatSync(at(into, 'images', name)).isFile()).toBe(true)
      expect(Object.keys(filesOf(into, 'labels'))).toEqual(Object.keys(before))
    },
    60_000,
  )

  test('never lie over files of somebody: images, label maps, a folder that is called segmenter', async () => {
    const refused = (into: string, more: Partial<PseudoLabelOptions> = {}) =>
      expect(label(into, more, at('photos', 'even'))).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', new RegExp(into))
    const mine = [
      ['mine-link', 'images/2.png'],
      ['mine-copy', 'images/2.png'],
      ['mine-labels', 'labels/deep/truth.png'],
      ['mine-code', 'segmenter/main.py'],
    ] as const
    for (const [into, file] of mine) {
      mkdirSync(join(at(into, file), '..'), { recursive: true })
      writeFileSync(at(into, file), 'precious')
    }
    const segmenter = await Segmenter.load(at('saved'))
    await refused('mine-link')
    await refused('mine-copy', { images: 'copy' })
    await refused('mine-labels')
    await refused('mine-code', { segmenter })
    segmenter.dispose()
    for (const [into, file] of mine) expect(readFileSync(at(into, file), 'utf8')).toBe('precious')
  }, 60_000)

  test('of no images at all are none, and nobody is started for them', async () => {
    const { CuratedParts, CuratedSet } = built('curate/curated-set.js')
    const chosen = new CuratedSet(new CuratedParts([], {}, () => []))
    const none = await label('none-at-all', {}, chosen)
    expect(none).toMatchObject({ labelled: 0, rejected: 0, run: { shards: 0, stopped: false } })
    expect(readdirSync(at('none-at-all', '_work'))).toEqual(['operations'])
  })

  test('of tars come with the images, written out below the name of each', async () => {
    for (const name of ['odd', 'even']) execFileSync('tar', ['-cf', at(`${name}.tar`), '-C', at('photos', name), '.'])
    expect(await label('tars', {}, [at('odd.tar'), at('even.tar')])).toMatchObject({ labelled: count, rejected: 0 })
    expect(filesOf('tars', 'labels')).toEqual(expected)
    expect(filesOf('tars', 'images')).toEqual({ ...filesOf('photos'), 'torn.png': undefined })
  }, 60_000)
})

describe('a call', () => {
  test('leaves the event loop free, ends at once when it is aborted, and goes on when it is made again', async () => {
    const abort = new AbortController()
    let ticks = 0
    let over = false
    const ticking = (async () => {
      for (; !over; await setImmediate()) ticks++
    })()
    const run = label('aborted', { signal: abort.signal, onProgress: ({ done }) => done > 0 && abort.abort() })
    await expect(run).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    over = true
    await ticking
    expect(ticks).toBeGreaterThan(100)
    expect(await label('aborted')).toMatchObject({ labelled: count, rejected: 1 })
    expect(filesOf('aborted', 'labels')).toEqual(expected)
    await expect(label('never', { signal: AbortSignal.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect(existsSync(at('never'))).toBe(false)
  }, 60_000)

  test('that is stopped returns with what is done, and says so', async () => {
    const stop = new AbortController()
    const { run, labelled } = await label('stopped', {
      stop: stop.signal,
      onProgress: ({ done }) => done > 0 && stop.abort(),
      shardSize: 1,
    })
    expect(run.stopped).toBe(labelled < count)
    expect(labelled).toBeGreaterThan(0)
    expect(await label('stopped', { shardSize: 1 })).toMatchObject({ labelled: count })
  }, 60_000)

  test.each<[Partial<PseudoLabelOptions>, string, RegExp]>([
    [{ threshold: 0.5 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /labels of another run \(other: threshold\)/],
    [{ refine: 'crf' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /other: refine/],
    [{ threshold: 1.5 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /threshold/],
    [{ threshold: 0.5, background: { threshold: 0.2 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /received both/],
    [{ into: at('photos', 'out') }, 'ERR_WORDMASK_INVALID_ARGUMENT', /outside the images/],
    [{ classes: Array.from({ length: 255 }, (_, i) => `c${i}`) }, 'ERR_WORDMASK_CLASSES', /at most 254/],
    [{ segmenter: at('none') }, 'ERR_WORDMASK_FILE_NOT_FOUND', /No segmenter in/],
    [{ segmenter: 3 as never }, 'ERR_WORDMASK_INVALID_ARGUMENT', /segmenter/],
    [{ queue: { url: 'redis://x' }, part: { index: 0, of: 2 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /part/],
    [{ thresold: 0.5 } as never, 'ERR_WORDMASK_UNKNOWN_OPTION', /threshold/],
  ])('with %j is refused: %s', async (options, code, message) => {
    await expect(label('alone', options)).rejects.toHaveCode(code as never, message)
  })

  test('is refused where images cannot stay, and where there are none', async () => {
    const none = label('no', { images: 'none' }, [at('photos', 'odd'), at('photos', 'even')])
    await expect(none).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /the only source is a local folder/)
    await expect(label('no', {}, at('nothing-there'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    const classes = { classes: ['fox', 'fox'] }
    await expect(label('no2', classes)).rejects.toHaveCode('ERR_WORDMASK_CLASSES')
  }, 60_000)

  test('says what a worker cannot begin for', async () => {
    cpSync(at('saved'), at('broken'), { recursive: true })
    writeFileSync(at('broken', 'text.safetensors'), 'x')
    await expect(label('never2', { segmenter: at('broken') })).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT')
    // It came to no label, so that its folder is free for another.
    expect(await label('never2')).toMatchObject({ labelled: count })
  }, 60_000)

  test('is refused before anything is written or anybody started: what is no source, what are no templates', async () => {
    await expect(label('never3', {}, at('nothing-there'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    await expect(label('never3', { templates: 'imagnet' as never })).rejects.toHaveCode('ERR_WORDMASK_TEMPLATE')
    await expect(label('never3', { templates: 3 as never })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /templates/)
    expect(existsSync(at('never3'))).toBe(false)
  })
})

describe.skipIf(!hasRedis)('the workers of a queue', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis?.end())

  test('give the same labels, though one of them is killed', async () => {
    const queue = { url: `unix://${redis.socket}` }
    const workers = new Workers({ queue, device: 'cpu' })
    workers.start()
    const run = label('queued', { queue, shardSize: 2, devices: undefined }, at('photos'))
    await expect.poll(() => workers.events('shard').length, { timeout: 30_000 }).toBeGreaterThan(0)
    await workers.end('SIGKILL')
    workers.start()
    expect(await run).toMatchObject({ labelled: count, rejected: 1, run: { failed: 0 } })
    await workers.end()
    expect(filesOf('queued', 'labels')).toEqual(expected)
  }, 120_000)
})
