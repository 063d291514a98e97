// npm run -s wordmask -- ARGUMENTS: the command line from a checkout, built first where it is out of date.
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, run } from './steps.mjs'

await main(async () => {
  await build()
  const { status } = await run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...process.argv.slice(2)], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: 'inherit',
  })
  return status
})
