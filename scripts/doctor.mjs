// npm run doctor: what this machine has and what is missing. Works before a build, and says then what to run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, run, StepError } from './steps.mjs'
import { ensureTypeScript } from './typescript.mjs'

await main(async () => {
  await ensureTypeScript()
  const command = join(root, 'dist', 'cli', 'main.js')
  if (!existsSync(command)) throw new StepError('dist/cli/main.js is missing. Next: npm run build')
  return (await run(process.execPath, [command, 'doctor', ...process.argv.slice(2)], { stdio: 'inherit' })).status
})
