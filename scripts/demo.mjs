// npm run demo: installs what is missing, then segments the sample images that ship with the project (scripts/demo/).
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, run } from './steps.mjs'

await main(async () => {
  await build()
  return (await run(process.execPath, [join(root, 'scripts', 'demo', 'run.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' })).status
})
