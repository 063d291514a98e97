// lib/ -> dist/, and the ES module face of the package: one build, so that both faces hold the same class objects.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { ensureModules, filesBelow, fingerprint, root, run, StepError, say, step } from './steps.mjs'

const dist = join(root, 'dist')

export async function ensureTypeScript() {
  await ensureModules()
  const sources = filesBelow(['lib', 'binding.d.ts', 'package-lock.json', 'scripts/typescript.mjs'])
  const outputs = ['dist/setup/index.js', ...(existsSync(join(root, 'lib', 'index.ts')) ? ['dist/index.mjs', 'dist/index.d.mts'] : [])]
  await step('typescript', fingerprint(sources), outputs, async () => {
    say('typescript', 'compiling lib/ to dist/')
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { status } = await run(process.execPath, [tsc, '-p', 'lib/tsconfig.json', '--noEmitOnError'])
    if (status !== 0) throw new StepError('The TypeScript build failed (tsc says where, above). Correct it, then: npm run build')
    removeStale()
    writeModuleFace()
  })
}

/** A file whose source has gone would be packed and tested for ever. */
function removeStale() {
  if (!existsSync(dist)) return
  for (const name of readdirSync(dist, { recursive: true })) {
    const match = /^(.*?)(\.d\.ts|\.js)$/.exec(name)
    if (match && !existsSync(join(root, 'lib', `${match[1]}.ts`))) rmSync(join(dist, name))
  }
}

function writeModuleFace() {
  const index = join(dist, 'index.js')
  if (!existsSync(index)) return
  const names = Object.keys(createRequire(import.meta.url)(index)).sort()
  writeFileSync(join(dist, 'index.mjs'), `import wordmask from './index.js'\n\nexport const { ${names.join(', ')} } = wordmask\n`)
  writeFileSync(join(dist, 'index.d.mts'), "export * from './index.js'\n")
  say('typescript', `${relative(root, dist)}/index.mjs exports ${names.length} names`)
}
