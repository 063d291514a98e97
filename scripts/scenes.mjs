// node scripts/scenes.mjs pack | render | card: the scene packs, scenes as a data set on disk, a built-in model of a training run.
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const defaultPack = join(root, 'models/scenes/scenes.pack')
const defaultHeldout = join(root, 'test/fixtures/openmoji/scenes-heldout.pack')
const usage = `usage: node scripts/scenes.mjs pack [--into FILE] [--heldout FILE]
         builds ${defaultPack} and the pack of the held-out style
       node scripts/scenes.mjs render --into DIR [--split train|unseen|heldout] [--count 600] [--first 0] [--indices 3,17]
         [--size 96] [--seed 0] [--pack FILE] [--heldout FILE]
         writes images/, labels/, captions.jsonl, classes.txt, README.md
       node scripts/scenes.mjs card --run DIR --name scenes|scenes-clip [--seeds 0,1]
         makes models/weights/NAME.safetensors and the card's figures from a folder of "wordmask train clip"`

class UsageError extends Error {}

function integer(values, name, fallback, low, high) {
  const text = values[name] ?? String(fallback)
  if (!/^\d+$/.test(text) || Number(text) < low || Number(text) > high)
    throw new UsageError(`Expected an integer of ${low} .. ${high} for --${name} but received ${text}`)
  return Number(text)
}

async function pack(args) {
  const { values } = parseArgs({ args, options: { into: { type: 'string' }, heldout: { type: 'string' } } })
  const { buildPacks } = await import('./scenes/pack.mjs')
  for (const { file, bytes, sprites, tokens } of await buildPacks({
    into: values.into ?? defaultPack,
    heldout: values.heldout ?? defaultHeldout,
  }))
    console.log(`${file}: ${sprites} sprites${tokens ? `, ${tokens} tokens` : ''}, ${(bytes / 2 ** 20).toFixed(1)} MiB`)
}

async function render(args) {
  const names = ['into', 'split', 'count', 'first', 'indices', 'size', 'seed', 'pack', 'heldout']
  const { values } = parseArgs({ args, options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) })
  const split = values.split ?? 'unseen'
  if (!['train', 'unseen', 'heldout'].includes(split))
    throw new UsageError(`Expected train, unseen or heldout for --split but received ${split}`)
  if (!values.into) throw new UsageError('--into DIR is missing')
  const packs = [values.pack ?? defaultPack, ...(split === 'heldout' || values.heldout ? [values.heldout ?? defaultHeldout] : [])]
  const indices = values.indices?.split(',').map((text) => integer({ indices: text }, 'indices', 0, 0, 2 ** 53 - 1))
  const { render: write } = await import('./scenes/render.mjs')
  const written = await write({
    split,
    packs,
    indices,
    into: values.into,
    size: integer(values, 'size', 96, 48, 512),
    seed: integer(values, 'seed', 0, 0, 2 ** 53 - 1),
    first: integer(values, 'first', 0, 0, 2 ** 52),
    count: integer(values, 'count', 600, 1, 10_000_000),
  })
  console.log(`${written} scenes in ${values.into}`)
}

async function card(args) {
  const { values } = parseArgs({ args, options: { run: { type: 'string' }, name: { type: 'string' }, seeds: { type: 'string' } } })
  if (!values.run || !values.name) throw new UsageError('--run DIR or --name is missing')
  const seeds = (values.seeds ?? '0,1').split(',').map((text) => integer({ seeds: text }, 'seeds', 0, 0, 2 ** 53 - 1))
  const { writeModel } = await import('./scenes/card.mjs')
  console.log(await writeModel({ run: values.run, name: values.name, seeds }))
}

const [command, ...rest] = process.argv.slice(2)
try {
  if (command === 'pack') await pack(rest)
  else if (command === 'render') await render(rest)
  else if (command === 'card') await card(rest)
  else throw new UsageError(command ? `unknown command ${command}` : 'no command given')
} catch (error) {
  const misused = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS')
  console.error(`${error.code ? `${error.code}: ` : ''}${error.message}${misused ? `\n${usage}` : ''}`)
  process.exitCode = misused ? 2 : 1
}
