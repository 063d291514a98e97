// npm pack: builds, then lays the addon out as node-gyp-build looks for it. wordmask_testing and wordmask_check stay out.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, say } from './steps.mjs'

await main(async () => {
  await build()
  const from = join(root, 'build', 'Release')
  const to = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(join(to, 'core'), { recursive: true })
  for (const file of ['wordmask.node', 'core/wordmask_core.node', 'core/libwordmask_core.so']) cpSync(join(from, file), join(to, file))
  say('prepack', `${to} holds the addon`)
})
