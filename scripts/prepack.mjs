// npm pack: builds, then lays the addon out as node-gyp-build looks for it. wordmask_testing and wordmask_check stay out.
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, say } from './steps.mjs'

await main(async () => {
  await build()
  const from = join(root, 'build', 'Release')
  const to = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(join(to, 'core'), { recursive: true })
  const cuda = 'core/libwordmask_cuda.so' // there after npm run build -- --cuda
  const files = ['wordmask.node', 'core/wordmask_core.node', 'core/libwordmask_core.so', ...(existsSync(join(from, cuda)) ? [cuda] : [])]
  for (const file of files) cpSync(join(from, file), join(to, file))
  say('prepack', `${to} holds the addon`)
})
