import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-readme-'))
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map((match) => match[1] as string)
const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: scratch, encoding: 'utf8' })

beforeAll(async () => {
  mkdirSync(join(scratch, 'node_modules'))
  symlinkSync(root, join(scratch, 'node_modules', 'wordmask'))
  await sharp({ create: { width: 96, height: 72, channels: 3, background: '#7a9a4a' } })
    .png()
    .toFile(join(scratch, 'picture.png'))
  const drawn = node(join(root, 'scripts/scenes.mjs'), 'render', '--into', 'scenes', '--count', '200')
  expect(drawn.status, drawn.stderr).toBe(0)
  symlinkSync(join(scratch, 'scenes', 'images'), join(scratch, 'photos'))
  symlinkSync(join(scratch, 'scenes'), join(scratch, 'street'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('README', () => {
  test.each(blocks('js').map((code, i) => [i + 1, code] as const))(
    'JavaScript snippet %i runs as it stands',
    (number, code) => {
      const file = join(scratch, `snippet${number}.mjs`)
      writeFileSync(file, code)
      const { status, stderr } = spawnSync(process.execPath, [file], { cwd: scratch, encoding: 'utf8' })
      expect(status, stderr).toBe(0)
    },
    120_000,
  )

  /** The commands of the first shell block under a heading, one after the other. */
  function runSection(title: string, change: (words: string[]) => string[] = (words) => words): string[] {
    const section = readme.slice(readme.indexOf(`## ${title}`))
    const commands = /```sh\n([^]*?)```/.exec(section)![1]!.trim().split('\n')
    for (const command of commands) {
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string))
      expect(words[0]).toBe('wordmask')
      const { status, stderr } = node(join(root, 'dist/cli/main.js'), ...change(words.slice(1)))
      expect(status, `${command}\n${stderr}`).toBe(0)
    }
    return commands
  }

  test('"Curate a dataset" runs as it stands, on 200 scenes', () => {
    expect(runSection('Curate a dataset').length).toBeGreaterThan(4)
    const coco = JSON.parse(readFileSync(join(scratch, 'masks', 'coco.json'), 'utf8'))
    expect(coco.images.length).toBeGreaterThan(10)
    expect(existsSync(join(scratch, 'dataset', '00000.tar'))).toBe(true)
  }, 300_000)

  test('"Segment with ReCo" runs as it stands, on 200 scenes', () => {
    expect(runSection('Segment with ReCo').length).toBeGreaterThan(2)
    const { classes } = JSON.parse(readFileSync(join(scratch, 'refs', 'wordmask.json'), 'utf8'))
    expect(classes.map(({ name }: { name: string }) => name)).toEqual(['dog', 'car', 'house'])
    expect(existsSync(join(scratch, 'segmented', 'labels', 'picture.png'))).toBe(true)
  }, 300_000)

  const short = ['--size', '48', '--width', '0.25', '--batch-size', '4', '--steps', '6', '--samples', '1']
  /** Trainings of six steps. */
  const small = (words: string[]) => [...words, ...(words[0] === 'train' ? short : [])]

  test('"Train a small segmenter" runs, six steps of it', () => {
    expect(runSection('Train a small segmenter', small).length).toBe(2)
    expect(existsSync(join(scratch, 'roads', 'metrics.svg'))).toBe(true)
    expect(existsSync(join(scratch, 'roads-out', 'segments.csv'))).toBe(true)
  }, 300_000)

  test('"Train it without labels (ReCo+)" runs on 200 scenes: the student has the names of its teacher', () => {
    expect(runSection('Train it without labels (ReCo+)', small).length).toBe(5)
    const [teacher, student] = ['teacher', 'student'].map((name) => JSON.parse(readFileSync(join(scratch, name, 'wordmask.json'), 'utf8')))
    const names = ({ classes }: { classes: { name: string }[] }) => classes.map(({ name }) => name)
    expect(names(student)).toEqual(names(teacher))
    expect(student.method).toBe('deeplabv3plus')
    expect(existsSync(join(scratch, 'student-out', 'labels', 'picture.png'))).toBe(true)
  }, 300_000)

  test('"Build a specialist for a rare class" runs with words that scenes show, and a training of 10 steps', () => {
    const shown = new Map([['pangolin', 'grass'], ['porcupine,armadillo', 'sand,snow']]) // biome-ignore format: pairs
    const tiny = ['--steps', '10', '--width', '0.25', '--size', '48', '--batch-size', '4', '--without', '60', '--composites', '30']
    const change = (words: string[]) => [...words.map((word) => shown.get(word) ?? word), ...(words[0] === 'specialist' ? tiny : [])]
    expect(runSection('Build a specialist for a rare class', change).length).toBe(3)
    const folder = join(scratch, 'grass')
    for (const file of ['card.html', 'card.json', 'review.html', 'wordmask.json']) expect(existsSync(join(folder, file)), file).toBe(true)
    expect(
      readFileSync(join(scratch, 'found', 'segments.csv'), 'utf8')
        .trim()
        .split('\n').length,
    ).toBe(201)
  }, 300_000)

  test('"Evaluate" runs as it stands, and the maps of a run score what the run scored', () => {
    const section = readme.slice(readme.indexOf('## Evaluate'))
    const commands = /```sh\n([^]*?)```/.exec(section)![1]!.trim().split('\n')
    expect(commands.length).toBe(2)
    for (const command of commands) {
      const { status, stderr } = node(join(root, 'dist/cli/main.js'), ...command.split(' ').slice(1))
      expect(status, `${command}\n${stderr}`).toBe(0)
    }
    const [scores, again] = ['scores', 'again'].map((folder) => JSON.parse(readFileSync(join(scratch, folder, 'eval.json'), 'utf8')))
    expect(scores.counts.images).toBe(40)
    expect(scores.figures.mIoU).toBeGreaterThan(10)
    expect(again.figures).toEqual(scores.figures)
  }, 120_000)

  test('every command it names is one, and the other way round', () => {
    const named = new Set([...readme.matchAll(/`(?:npx )?wordmask ([a-z-]+)/g)].map((match) => match[1] as string))
    const { stdout } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), '--help'], { encoding: 'utf8' })
    const commands = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+)\b/gm)].map((match) => match[1] as string)
    expect([...named].sort()).toEqual([...new Set(commands)].filter((name) => name !== 'help' && name !== 'wordmask').sort())
  })

  test('every npm script it names exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const named = [...readme.matchAll(/npm (?:run (?:-s )?)?(demo|test|build|lint|doctor|bench|parity|wordmask)\b/g)].map(
      (match) => match[1] as string,
    )
    expect(named.length).toBeGreaterThan(2)
    expect(named.filter((name) => !scripts[name])).toEqual([])
  })

  test('usage and platforms are in the first screen', () => {
    const screen = readme.split('\n').slice(0, 40).join('\n')
    expect(screen).toMatch(/npm install wordmask/)
    expect(screen).toMatch(/Segmenter\.create/)
    expect(screen).toMatch(/\*\*Platforms\*\*/)
  })
})
