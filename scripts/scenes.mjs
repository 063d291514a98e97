// node scripts/scenes.mjs pack: builds the scene packs from models/scenes (sprite sheets, concepts, captions).
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPacks } from './scenes/pack.mjs'

const root = join(import.meta.dirname, '..')
const usage = `usage: node scripts/scenes.mjs pack [--into models/scenes/scenes.pack] [--heldout test/fixtures/openmoji/scenes-heldout.pack]`

const [command, ...rest] = process.argv.slice(2)
try {
  if (command === 'pack') {
    const { values } = parseArgs({ args: rest, options: { into: { type: 'string' }, heldout: { type: 'string' } } })
    const into = values.into ?? join(root, 'models/scenes/scenes.pack')
    const heldout = values.heldout ?? join(root, 'test/fixtures/openmoji/scenes-heldout.pack')
    for (const { file, bytes, sprites, tokens } of await buildPacks({ into, heldout }))
      console.log(`${file}: ${sprites} sprites${tokens ? `, ${tokens} tokens` : ''}, ${(bytes / 2 ** 20).toFixed(1)} MiB`)
  } else {
    console.error(usage)
    process.exitCode = 2
  }
} catch (error) {
  console.error(`${error.code ? `${error.code}: ` : ''}${error.message}\n${usage}`)
  process.exitCode = 1
}
