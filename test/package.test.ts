import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findLibTorch } from '../lib/setup'

const root = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-package-'))
const app = join(scratch, 'app')
const home = join(scratch, 'home')
const libtorch = findLibTorch().root
/** A machine that has neither LibTorch nor a Python that could have it. */
const bare = { PATH: process.env.PATH, HOME: home, WORDMASK_PYTHON: '/bin/false' }
let files: string[]

function run(command: string, args: string[], env: Record<string, string | undefined> = bare, cwd = app) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: env as NodeJS.ProcessEnv, encoding: 'utf8', timeout: 240_000 })
  return { status, stdout, stderr, all: `${stdout}\n${stderr}` }
}
const script = (name: string, text: string) => {
  writeFileSync(join(app, name), text)
  return run(process.execPath, [name])
}
const wordmask = (...args: string[]) => run(join(app, 'node_modules', '.bin', 'wordmask'), args)

beforeAll(() => {
  for (const folder of [app, home]) mkdirSync(folder)
  const packed = run('npm', ['pack', '--json', '--pack-destination', scratch], process.env, root)
  expect(packed.status, packed.all).toBe(0)
  files = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n')))[0].files.map((file: { path: string }) => file.path)
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, dependencies: {} }))
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz')) as string
  const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', join(scratch, tarball)]
  const installed = run('npm', install, process.env)
  expect(installed.status, installed.all).toBe(0)
}, 480_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe.sequential('the package, installed with --ignore-scripts into an empty folder', () => {
  test('holds the addon, the models and the types; no sources, no test programs', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/index.js',
        'dist/index.mjs',
        'dist/index.d.ts',
        'binding.d.ts',
        'models/scenes/scenes.pack',
        ...['card.json', 'wordmask.json', 'model.safetensors'].map((file) => `models/samples/specialist/${file}`),
        'README.md',
        'LICENSE',
      ]),
    )
    const cuda = 'prebuilds/linux-x64/core/libwordmask_cuda.so' // of a checkout built with --cuda
    expect(files.filter((path) => path.startsWith('prebuilds/') && path !== cuda).sort()).toEqual([
      'prebuilds/linux-x64/core/libwordmask_core.so',
      'prebuilds/linux-x64/core/wordmask_core.node',
      'prebuilds/linux-x64/wordmask.node',
    ])
    expect(files.filter((path) => /^(native|lib|test|scripts|build)\/|\.tsbuildinfo$/.test(path))).toEqual([])
    // What the scenes are packed from stays in the checkout: eval and train clip read the pack.
    expect(files.filter((path) => path.startsWith('models/scenes/'))).toEqual(['models/scenes/scenes.pack'])
    expect([...new Set(files.map((path) => path.split('/')[0]))].sort()).toEqual([
      ...['LICENSE', 'README.md', 'THIRD_PARTY.md', 'binding.d.ts', 'dist', 'models', 'package.json', 'prebuilds'],
    ])
  })

  test('import and require give the same class objects, and need no LibTorch for that', () => {
    const { stdout, all } = script(
      'faces.mjs',
      `import { createRequire } from 'node:module'
       import * as esm from 'wordmask'
       const cjs = createRequire(import.meta.url)('wordmask')
       const same = Object.keys(cjs).filter((name) => esm[name] === cjs[name])
       console.log(JSON.stringify({ same: same.sort(), all: Object.keys(cjs).sort(), esm: Object.keys(esm).sort() }))`,
    )
    expect(all).toContain('{')
    const { same, all: names, esm } = JSON.parse(stdout)
    expect(same).toEqual(names)
    expect(esm).toEqual(names)
    expect(names).toEqual(expect.arrayContaining(['Clip', 'Segmenter', 'WordmaskError', 'writeLabelMap', 'writeOverlay']))
  })

  test.each([
    ['mts', 'import { Clip, type Segmentation, Segmenter, WordmaskError } from "wordmask"'],
    [
      'cts',
      'import wordmask = require("wordmask"); import Clip = wordmask.Clip; import Segmenter = wordmask.Segmenter; import WordmaskError = wordmask.WordmaskError; type Segmentation = wordmask.Segmentation',
    ],
  ])(
    'its types check in a .%s file',
    (ending, head) => {
      writeFileSync(
        join(app, `types.${ending}`),
        `${head}
       export async function use(): Promise<Uint8Array | Uint16Array> {
         const clip: Clip = await Clip.load('scenes')
         const width: number = clip.info.embedDim
         const segmenter = await Segmenter.create({ method: 'maskclip', clip, classes: ['fox'] })
         const result: Segmentation = await segmenter.segment('a.png')
         const error = new WordmaskError('ERR_WORDMASK_IO', String(width))
         // @ts-expect-error there is no such code
         const wrong = new WordmaskError('ERR_NO_SUCH', '')
         return error && wrong && result.labels
       }`,
      )
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node']
      const roots = ['--typeRoots', join(root, 'node_modules', '@types'), '--lib', 'es2023,esnext.disposable']
      const tsc = run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...roots, `types.${ending}`])
      expect(tsc.all.trim()).toBe('')
    },
    120_000,
  )

  test('the first call without LibTorch rejects with ERR_WORDMASK_NATIVE_LOAD and the command to type', () => {
    const { stdout } = script(
      'first.mjs',
      "import { Clip } from 'wordmask'\nClip.load('scenes').catch((e) => console.log(e.name, e.code, e.message))",
    )
    expect(stdout).toMatch(/^WordmaskError ERR_WORDMASK_NATIVE_LOAD [^]*`npx wordmask setup`/)
  })

  test('the command line says the same and exits with 1; so does the doctor', () => {
    const fox = writeImage()
    const segment = wordmask('segment', fox, '--classes', 'fox,grass', '--into', join(scratch, 'none'))
    expect(segment.all).toContain('npx wordmask setup')
    expect(segment.status).toBe(1)
    const doctor = wordmask('doctor', '--json')
    expect(doctor.status).toBe(1)
    const { ok, checks } = JSON.parse(doctor.stdout)
    expect(ok).toBe(false)
    expect(checks.find((check: { name: string }) => check.name === 'LibTorch')).toMatchObject({
      state: 'broken',
      next: 'npx wordmask setup',
    })
  })

  test('npx wordmask setup, then everything works: doctor, API from both module systems, command line', () => {
    const setup = wordmask('setup', '--from', libtorch)
    expect(setup.status, setup.all).toBe(0)
    expect(existsSync(join(home, '.cache/wordmask/libtorch/2.11.0-cpu/torch/lib/libtorch_cpu.so'))).toBe(true)
    const doctor = wordmask('doctor')
    expect(doctor.status, doctor.all).toBe(0)
    const use = `Clip.load('scenes').then(async (clip) => {
      const segmenter = await Segmenter.create({ method: 'maskclip', clip, classes: ['fox', 'grass'] })
      const data = new Uint8Array(64 * 48 * 3).fill(90)
      const s = await segmenter.segment({ data, width: 64, height: 48, channels: 3 })
      console.log(s.width, s.height, s.labels.length, s.labels.every((label) => label < 2))
      await clip.dispose()
    })`
    const esm = script('use.mjs', `import { Clip, Segmenter } from 'wordmask'\n${use}`)
    expect(esm.stdout, esm.all).toBe('64 48 3072 true\n')
    const cjs = script('use.cjs', `const { Clip, Segmenter } = require('wordmask')\n${use}`)
    expect(cjs.stdout, cjs.all).toBe('64 48 3072 true\n')
    const segment = wordmask('segment', writeImage(), '--classes', 'fox,grass', '--into', join(scratch, 'out'))
    expect(segment.status, segment.all).toBe(0)
    expect(readdirSync(join(scratch, 'out'))).toContain('run.json')
  }, 240_000)
})

/** Grey, as a plain PPM would be, but PNG: drawn by the package's own dependency. */
function writeImage(): string {
  const file = join(scratch, 'grey.png')
  const made = script(
    'image.mjs',
    `import sharp from 'sharp'
     await sharp({ create: { width: 64, height: 48, channels: 3, background: '#5a7a3a' } }).png().toFile(${JSON.stringify(file)})`,
  )
  expect(made.status, made.all).toBe(0)
  return file
}
