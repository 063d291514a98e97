// LibTorch for a build: found or fetched by the same code as `wordmask setup` (lib/setup), which is compiled first.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { main, root, say } from './steps.mjs'
import { ensureTypeScript } from './typescript.mjs'

/** @param {object} [options] as SetupOptions of lib/setup/install.ts */
export async function ensureLibTorch(options = {}) {
  const { setupLibTorch } = createRequire(import.meta.url)(join(root, 'dist', 'setup', 'index.js'))
  return await setupLibTorch({ headers: true, log: (line) => say('libtorch', line), ...options })
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    await ensureTypeScript()
    const [from, sha256] = process.argv.slice(2)
    process.stdout.write(`${(await ensureLibTorch({ from, sha256 })).root}\n`)
  })
}
