// npm run demo [-- FLAGS]: installs and builds what is missing, then `wordmask demo FLAGS`: the sample pictures segmented by a
// list of names with the built-in model, label maps, overlays and one page that shows them side by side.
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, run } from './steps.mjs'

await main(async () => {
  const libtorch = await build()
  const { status } = await run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'demo', ...process.argv.slice(2)], {
    env: { ...process.env, WORDMASK_LIBTORCH: libtorch.root },
    stdio: 'inherit',
  })
  return status
})
