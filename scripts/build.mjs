// npm run build [-- --cuda | --no-cuda]: node modules -> TypeScript -> LibTorch -> addon -> CUDA library -> build info.
// What is up to date is skipped.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCuda, wantsCuda } from './cuda.mjs'
import { ensureLibTorch } from './libtorch.mjs'
import { describeCheckout, ensureNative } from './native.mjs'
import { filesBelow, fingerprint, main, root, run, StepError, say, step } from './steps.mjs'
import { ensureTypeScript } from './typescript.mjs'

export async function build(args = []) {
  const began = performance.now()
  checkNode()
  await ensureTypeScript()
  const libtorch = await ensureLibTorch()
  await ensureNative(libtorch)
  if (wantsCuda(args)) await ensureCuda(libtorch)
  await ensureScenes()
  await writeInfo(libtorch)
  say('build', `ready after ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return libtorch
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new StepError(`Development needs Node >= 20.19, this is ${process.version}. Install a newer one, then run the same command again`)
}

/** The scene packs that training, tests and the demo read, made from the sprites in models/ and test/fixtures/openmoji. */
async function ensureScenes() {
  const script = join(root, 'scripts', 'scenes.mjs')
  if (!existsSync(script)) return
  const inputs = filesBelow(
    ['scripts/scenes.mjs', 'scripts/scenes', 'models/scenes', 'models/prompts', 'models/vocab', 'test/fixtures/openmoji'],
    (path) => !path.endsWith('.pack'),
  )
  await step('scenes', fingerprint(inputs), ['models/scenes/scenes.pack', 'test/fixtures/openmoji/scenes-heldout.pack'], async () => {
    const { status } = await run(process.execPath, [script, 'pack'])
    if (status !== 0) throw new StepError('Packing the scenes failed (see above). Next: node scripts/scenes.mjs pack')
  })
}

async function writeInfo(libtorch) {
  const file = join(root, 'dist', 'build.json')
  const build = await describeCheckout()
  await step('info', fingerprint([], build, libtorch.version), ['dist/build.json'], async () => {
    mkdirSync(join(root, 'dist'), { recursive: true })
    writeFileSync(file, `${JSON.stringify({ format: 1, build, libtorch: libtorch.version, node: process.version }, null, 2)}\n`)
  })
}

if (process.argv[1] === import.meta.filename) await main(() => build(process.argv.slice(2)))
