import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLabelMap } from '../../lib/image/labels.js'
import { events, wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-segment-'))
const images = join(folder, 'images')
const model = join(folder, 'model')
const classes = 'fox,grass,sky'
const into = (name: string) => join(folder, name)
const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const segment = (args: string[], out: string) =>
  wordmask(['segment', ...args, '--clip', model, '--templates', 'none', '--into', into(out), '--json'])

beforeAll(async () => {
  await tinyModel(model)
  await picture(join(images, 'one.png'), 48, 40, 1)
  await picture(join(images, 'deep', 'two.jpg'), 33, 70, 2)
  writeFileSync(join(images, 'broken.png'), 'this is no picture')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('segment', () => {
  test('a folder with a broken image: everything else is written, the broken one is reported, exit 0', async () => {
    const { code, stdout, stderr } = await segment([images, '--classes', classes, '--write', 'labels,overlay,cutouts,coco,jsonl'], 'all')
    expect(stderr).toMatch(/rejected: .*broken\.png/)
    expect(code).toBe(0)
    const told = events(stdout)
    expect(told.map(({ event }) => event).sort()).toEqual(['image', 'image', 'rejected', 'summary'])
    expect(told.at(-1)).toMatchObject({ event: 'summary', done: 2, skipped: 0, rejected: 1 })
    expect(lines(join(into('all'), 'rejects.jsonl'))).toEqual([
      expect.objectContaining({ code: 'ERR_WORDMASK_IMAGE', image: join(images, 'broken.png') }),
    ])

    const one = await readLabelMap(join(into('all'), 'labels', 'one.png'))
    const two = await readLabelMap(join(into('all'), 'labels', 'deep', 'two.png'))
    expect([one.width, one.height, two.width, two.height]).toEqual([48, 40, 33, 70])
    expect(Math.max(...one.labels, ...two.labels)).toBeLessThan(3)
    const overlay = await sharp(join(into('all'), 'overlay', 'deep', 'two.png')).metadata()
    expect(overlay.width).toBeGreaterThanOrEqual(33)

    const journal = lines(join(into('all'), 'images.jsonl'))
    expect(journal[0]).toEqual({ format: 'wordmask-images', version: 1 })
    const entry = journal.find(({ name }) => name === 'one')
    const shares = [0, 1, 2].map((value) => one.labels.filter((label) => label === value).length / one.labels.length)
    for (const [name, share] of Object.entries(entry.coverage)) expect(share).toBeCloseTo(shares[classes.split(',').indexOf(name)]!, 5)
    expect(entry.masks.reduce((area: number, mask: { area: number }) => area + mask.area, 0)).toBe(48 * 40)

    const coco = json(join(into('all'), 'coco.json'))
    expect(coco.images.map(({ width, height }: { width: number; height: number }) => [width, height]).sort()).toEqual([
      [33, 70],
      [48, 40],
    ])
    expect(coco.categories.map(({ name }: { name: string }) => name)).toEqual(classes.split(','))
    expect(coco.annotations.length).toBe(journal.slice(1).reduce((n, { masks }) => n + masks.length, 0))
  })

  test('run.json says how it was made', () => {
    const run = json(join(into('all'), 'run.json'))
    expect(run).toMatchObject({
      format: 'wordmask-run',
      version: 1,
      command: 'segment',
      status: 'done',
      classes: classes.split(','),
      device: 'cpu',
      dtype: 'float32',
      counts: { done: 2, rejected: 1 },
    })
    expect(run.argv).toEqual([
      'segment',
      images,
      '--classes',
      classes,
      '--write',
      'labels,overlay,cutouts,coco,jsonl',
      '--clip',
      model,
      '--templates',
      'none',
      '--into',
      into('all'),
      '--json',
    ])
    expect(run.model.weights[0].sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(run.versions).toMatchObject({ node: process.versions.node, libtorch: expect.stringMatching(/^2\.11/) })
    expect(run.threads).toBeGreaterThan(0)
  })

  test('goes on where it stopped: done images are skipped, new, changed and lost ones are made', async () => {
    const first = await segment([images, '--classes', classes], 'resume')
    expect(events(first.stdout).at(-1)).toMatchObject({ done: 2 })
    const again = await segment([images, '--classes', classes], 'resume')
    expect(events(again.stdout).at(-1)).toMatchObject({ done: 0, skipped: 2, rejected: 1 })
    rmSync(join(into('resume'), 'labels', 'one.png'))
    await picture(join(images, 'three.webp'), 40, 40, 3)
    const third = await segment([images, '--classes', classes], 'resume')
    expect(events(third.stdout).at(-1)).toMatchObject({ done: 2, skipped: 1 })
    expect(existsSync(join(into('resume'), 'labels', 'one.png'))).toBe(true)
    expect(json(join(into('resume'), 'run.json'))).toMatchObject({ sittings: 3 })
  })

  test('another list of names does not mix into the folder, unless the old results are thrown away', async () => {
    const other = await segment([images, '--classes', 'sea'], 'resume')
    expect(other.code).toBe(2)
    expect(other.stderr).toMatch(/results of another run \(other: classes\).*--overwrite/)
    const forced = await segment([images, '--classes', 'sea', '--overwrite'], 'resume')
    expect(forced.code).toBe(0)
    expect((await readLabelMap(join(into('resume'), 'labels', 'one.png'))).labels.every((label) => label === 0)).toBe(true)
  })

  test('wordmask run repeats run.json into a new folder, byte for byte', async () => {
    const { code, stderr } = await wordmask(['run', join(into('all'), 'run.json')])
    expect(stderr).not.toMatch(/differ from the recorded run/)
    expect(code).toBe(0)
    for (const file of ['labels/one.png', 'labels/deep/two.png', 'overlay/one.png']) {
      expect(readFileSync(join(`${into('all')}-2`, file)).equals(readFileSync(join(into('all'), file)))).toBe(true)
    }
    expect(json(join(`${into('all')}-2`, 'run.json')).argv).toContain(`${into('all')}-2`)
  })

  test('background names take label 0, a threshold near 1 takes everything', async () => {
    const names = await segment([join(images, 'one.png'), '--classes', 'fox', '--background', 'names:sky,grass'], 'names')
    expect(names.code).toBe(0)
    expect(Math.max(...(await readLabelMap(join(into('names'), 'labels', 'one.png'))).labels)).toBeLessThanOrEqual(1)
    await segment([join(images, 'one.png'), '--classes', 'fox,grass', '--background', 'threshold:0.9999999'], 'threshold')
    expect((await readLabelMap(join(into('threshold'), 'labels', 'one.png'))).labels.every((label) => label === 0)).toBe(true)
  })

  test('when all images fail, exit 1', async () => {
    const { code, stdout } = await segment([join(images, 'broken.png'), join(images, 'missing.png'), '--classes', 'fox'], 'failed')
    expect(code).toBe(1)
    expect(
      events(stdout)
        .filter(({ event }) => event === 'rejected')
        .map(({ code }) => code),
    ).toEqual(['ERR_WORDMASK_IMAGE', 'ERR_WORDMASK_FILE_NOT_FOUND'])
    expect(json(join(into('failed'), 'run.json'))).toMatchObject({ status: 'failed' })
  })

  test('what an earlier run wrote beside the images is no image', async () => {
    const data = into('data')
    await picture(join(data, 'one.png'), 40, 40, 1)
    for (const out of ['first', 'second']) {
      const { stdout, stderr } = await segment([data, '--classes', classes], join('data', out))
      expect(events(stdout).at(-1)).toMatchObject({ event: 'summary', done: 1, rejected: 0 })
      if (out === 'second') expect(stderr).toMatch(/^note: left out .*first, which holds results of wordmask/)
    }
  })

  test.each([
    ['a class file that is missing', ['--classes', 'names.txt'], 2, /class file is missing: names\.txt/],
    ['a name given twice', ['--classes', 'fox,Fox'], 2, /repeats the name/],
    ['a model that is not there', ['--classes', 'fox', '--clip', 'no-such-model'], 1, /no-such-model/],
  ])('%s', async (_, args, exit, message) => {
    const { code, stderr } = await wordmask([
      'segment',
      join(images, 'one.png'),
      '--clip',
      model,
      ...(args as string[]),
      '--into',
      into('never'),
    ])
    expect(stderr).toMatch(message as RegExp)
    expect(code).toBe(exit)
    expect(existsSync(into('never'))).toBe(false)
  })
})
