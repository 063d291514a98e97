import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { packFile, tinyHeader } from '../helpers/tiny-pack'

const root = fileURLToPath(new URL('../../', import.meta.url))
const checkpoints = join(root, 'test/fixtures/checkpoints')
const seeds = (pattern: RegExp) =>
  readdirSync(checkpoints)
    .filter((name) => pattern.test(name))
    .map((name) => join(checkpoints, name))

/** A small valid scene pack, from which the mutations start. */
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-fuzz-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const scenePack = join(scratch, 'tiny.pack')
writeFileSync(scenePack, packFile(tinyHeader()))

interface Target {
  name: string
  sources: string[]
  seeds: string[]
  /** Mutated inputs; WORDMASK_FUZZ_RUNS runs more. */
  runs: number
}

/** Torch-free readers, each with its native/fuzz/<name>_fuzz.cc. */
const targets: Target[] = [
  { name: 'safetensors', sources: ['weights/safetensors_header.cc'], seeds: seeds(/\.safetensors$/), runs: 20_000 },
  {
    name: 'unpickler',
    sources: [
      ...['unpickler', 'pickle_globals', 'pickle_scalar', 'pickle_text', 'pickle_value', 'state_dict', 'stored_array', 'torch_tensor'],
      'numpy_array',
    ].map((name) => `weights/${name}.cc`),
    seeds: seeds(/^seed-.*\.pkl$|^detectron2.*\.pkl$|legacy\.pth$/),
    runs: 20_000,
  },
  { name: 'scene_pack', sources: ['pack_reader', 'captions'].map((name) => `train/scenes/${name}.cc`), seeds: [scenePack], runs: 20_000 },
  { name: 'scene_layout', sources: ['layout', 'noise'].map((name) => `train/scenes/${name}.cc`), seeds: [scenePack], runs: 300 },
]

const flags = '-std=c++20 -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -isystem third_party -I.'.split(' ')
const compiler = process.env.CXX ?? 'g++'
const missing = spawnSync(compiler, ['--version']).status !== 0
if (missing && process.env.CI === 'true') throw new Error(`${compiler} is needed to build the fuzzers. Run: apt-get install g++`)

// Compiling is most of the time; a second run finds the objects.
const cached = spawnSync('ccache', ['--version']).status === 0 ? ['ccache', compiler] : [compiler]
const run = promisify(execFile)
const objects = new Map<string, Promise<string>>()
let queue: Promise<unknown>[] = []

/** Object file of a source of native/; each is compiled once, as many at a time as there are cores. */
function compile(source: string): Promise<string> {
  const known = objects.get(source)
  if (known) return known
  const object = join(scratch, `${objects.size}.o`)
  const [command, ...first] = cached
  const turn = queue.length < cpus().length ? Promise.resolve() : queue[queue.length - cpus().length]!
  const built = turn
    .then(() => run(command!, [...first, ...flags, '-c', source, '-o', object], { cwd: join(root, 'native') }))
    .then(() => object)
  queue = [...queue, built.catch(() => {})]
  objects.set(source, built)
  return built
}

async function build({ name, sources }: Target): Promise<string> {
  const binary = join(scratch, name)
  const parts = await Promise.all(['fuzz/driver.cc', `fuzz/${name}_fuzz.cc`, ...sources].map(compile))
  await run(compiler, [...flags, ...parts, '-o', binary])
  return binary
}

describe.skipIf(missing)('mutated files are read or refused, with AddressSanitizer and UndefinedBehaviorSanitizer watching', () => {
  it.each(targets)(
    '$name',
    async (target) => {
      expect(target.seeds.length).toBeGreaterThan(0)
      const binary = await build(target)
      const runs = process.env.WORDMASK_FUZZ_RUNS ?? String(target.runs)
      const keep = join(tmpdir(), `wordmask-fuzz-${target.name}.input`)
      const { stdout } = await run(binary, ['--runs', runs, '--seed', '1', '--keep', keep, ...target.seeds], {
        env: { ...process.env, ASAN_OPTIONS: 'handle_abort=1:allocator_may_return_null=0' },
      })
      expect(stdout).toBe(`${Number(runs) + target.seeds.length} inputs from ${target.seeds.length} seeds\n`)
    },
    600_000,
  )
})
