import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wordmask } from './cli.js'
import { picture, tinyModel } from './tiny.js'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-trouble-'))
const at = (name: string) => join(folder, name)
const tiny = ['--clip', at('model'), '--templates', 'none', '--classes', 'fox,grass']
const status = (into: string) => JSON.parse(readFileSync(join(into, 'run.json'), 'utf8')).status

beforeAll(async () => {
  await tinyModel(at('model'))
  for (let i = 0; i < 3; i++) await picture(at(`images/${i}.png`), 64, 48, i + 1)
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

describe('a full disk', () => {
  test('ends a segmentation with what to do, blames no image for it, and with room the same command goes on', async (context) => {
    const disk = at('disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=60k', 'none', disk], { stdio: 'pipe' })
    } catch (error) {
      return context.skip(`no file system can be mounted here: ${String((error as Error).message).split('\n')[0]}`)
    }
    try {
      const filler = join(disk, 'other')
      // Room for the records and not for a label map.
      writeFileSync(filler, Buffer.alloc(40 * 1024))
      const args = ['segment', at('images'), ...tiny, '--write', 'labels,overlay', '--into', join(disk, 'out')]
      const full = await wordmask(args)
      expect(full.code).toBe(1)
      expect(full.stderr).toMatch(/error: .*ENOSPC[^]*code: ERR_WORDMASK_IO\n {2}next: make room on the disk, then the same command again/)
      expect(full.stderr).not.toMatch(/rejected/)
      expect(existsSync(join(disk, 'out', 'rejects.jsonl'))).toBe(false)
      rmSync(filler)
      execFileSync('mount', ['-o', 'remount,size=1m', disk])
      expect(await wordmask(args)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d segmented/m) })
      expect(status(join(disk, 'out'))).toBe('done')
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
})

describe('what is asked amiss', () => {
  test('an output folder that is the input folder is refused and left alone', async () => {
    const { code, stderr } = await wordmask(['segment', at('images'), ...tiny, '--into', at('images')])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--into names the folder that the images are in: choose another/)])
    expect(existsSync(at('images/run.json'))).toBe(false)
  })
  test.each(['segment', 'classify', 'embed'])('%s of a glob that matches nothing leaves no folder behind', async (command) => {
    const names = command === 'embed' ? ['--clip', at('model')] : tiny
    const { code } = await wordmask([command, at('*.bmp'), ...names, '--into', at('none')])
    expect([code, existsSync(at('none'))]).toEqual([2, false])
  })
  test('label maps that are there before the first run are not written over, unless that is asked for', async () => {
    mkdirSync(at('data/labels'), { recursive: true })
    writeFileSync(at('data/labels/0.png'), 'the truth')
    const args = ['segment', at('images/0.png'), ...tiny, '--write', 'labels', '--into', at('data')]
    const { code, stderr } = await wordmask(args)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/holds labels that no run of wordmask wrote/)])
    expect(readFileSync(at('data/labels/0.png'), 'utf8')).toBe('the truth')
    expect((await wordmask([...args, '--overwrite'])).code).toBe(0)
    expect((await wordmask(args)).stdout).toMatch(/1 done before/)
  })
  test.each([
    ['labels', 'labels'],
    ['overlay', 'overlay'],
    ['cutouts', 'cutouts'],
    ['voc', 'voc/SegmentationClass'],
    ['yolo', 'yolo'],
    ['coco', 'coco.json'],
  ])('--write %s where %s is in the way: one error that names it, before any work', async (kind, place) => {
    const into = at(`in-the-way/${kind}`)
    mkdirSync(dirname(join(into, place)), { recursive: true })
    if (kind === 'coco') mkdirSync(join(into, place))
    else writeFileSync(join(into, place), 'mine')
    const { code, stdout, stderr } = await wordmask(['segment', at('images'), ...tiny, '--write', kind, '--into', into, '--overwrite'])
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(join(into, place))])
    expect(stderr).toMatch(/^error: Expected .*take it away/)
    expect(existsSync(join(into, 'run.json'))).toBe(false)
  })
  test('a demo does not go into a folder of other files, some of which it would remove', async () => {
    mkdirSync(at('project/pictures.archive'), { recursive: true })
    const { code, stderr } = await wordmask(['demo', '--into', at('project')])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/holds other files, and a demo removes what it made before/)])
    expect(existsSync(at('project/pictures.archive'))).toBe(true)
  })
  test('a folder of label maps that is not there is told once', async () => {
    const { code, stderr } = await wordmask(['eval', at('images'), '--labels', at('none'), ...tiny, '--into', at('scores')])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/The folder of label maps is missing: /)])
    expect([stderr.includes('rejected'), existsSync(at('scores'))]).toEqual([false, false])
  })
  test('a file of templates that is not there is called missing; a template without {} is called that', async () => {
    const classify = (templates: string) => wordmask(['classify', at('images/0.png'), '--classes', 'fox', '--templates', templates])
    expect((await classify('prompts.txt')).stderr).toMatch(/The file of templates is missing: prompts\.txt/)
    expect((await classify('a photo')).stderr).toMatch(/has no \{\}/)
  })
})

test('a warning of the library is a note, without what Node says around it', async () => {
  const { code, stderr } = await wordmask(['classify', at('images/0.png'), '--classes', 'fox xyzzy,grass'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^note: The model scenes does not know these words of "fox xyzzy", which are left out: xyzzy$/m)
  expect(stderr).not.toMatch(/WordmaskWarning|trace-warnings/)
})

test('many names with words that are not known are one note', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `fox zq${'abcdefghijklmnopqrst'[i % 20]}${i < 20 ? 'x' : 'y'}`)
  const { code, stderr } = await wordmask(['classify', at('images/0.png'), '--classes', names.join(',')])
  expect(code).toBe(0)
  const notes = stderr.split('\n').filter((line) => line.includes('does not know'))
  expect(notes).toEqual([expect.stringMatching(/these words of 40 texts, which are left out: zqax, zqbx, .* and 20 more$/)])
})
