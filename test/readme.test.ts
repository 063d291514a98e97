import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-readme-'))
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map((match) => match[1] as string)

beforeAll(async () => {
  mkdirSync(join(scratch, 'node_modules'))
  symlinkSync(root, join(scratch, 'node_modules', 'wordmask'))
  await sharp({ create: { width: 96, height: 72, channels: 3, background: '#7a9a4a' } })
    .png()
    .toFile(join(scratch, 'picture.png'))
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

  test('every command it names is one, and the other way round', () => {
    const named = new Set([...readme.matchAll(/`(?:npx )?wordmask ([a-z]+)/g)].map((match) => match[1] as string))
    const { stdout } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), '--help'], { encoding: 'utf8' })
    const commands = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1] as string)
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
