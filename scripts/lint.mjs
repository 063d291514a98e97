// npm run lint [-- --fix]: clang-format, biome, tsc, publint, check-layers. All run; any finding fails.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { checkLayers } from './check-layers.mjs'
import { capture, filesBelow, inCi, main, root, say } from './steps.mjs'
import { ensureTypeScript } from './typescript.mjs'

/** Debian 12's. Another version lays some code out differently. */
const CLANG_FORMAT = '14'
const fix = process.argv.includes('--fix')

const checks = {
  'clang-format': clangFormat,
  biome: () =>
    tool('node_modules/.bin/biome', [
      'check',
      '--colors=off',
      ...(fix ? ['--write'] : []),
      '--config-path=scripts/biome.json',
      '--max-diagnostics=50',
      '.',
    ]),
  tsc: () => node('typescript/bin/tsc', '-p', 'test/tsconfig.json'),
  publint,
  layers: () => {
    const { errors, long } = checkLayers()
    for (const line of long) say('lint', `to be split: ${line}`)
    return errors.join('\n')
  },
}

await main(async () => {
  await ensureTypeScript()
  let failed = 0
  for (const [name, check] of Object.entries(checks)) {
    const began = performance.now()
    const findings = await check()
    if (findings) {
      failed++
      process.stdout.write(`${findings.trimEnd()}\n`)
    }
    say('lint', `${name}: ${findings ? 'FAILED' : 'ok'} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  }
  if (failed) say('lint', 'what can be laid out by a program: npm run lint -- --fix')
  return failed ? 1 : 0
})

/** Empty when the tool is content, else its words. */
async function tool(command, args) {
  const { status, stdout, stderr } = await capture(command, args)
  return status === 0 ? '' : stdout + stderr || `${command} ended with ${status}`
}

function node(script, ...args) {
  return tool(process.execPath, [join(root, 'node_modules', script), ...args])
}

async function clangFormat() {
  const versionOf = (program) =>
    capture(program, ['--version']).then(
      ({ stdout }) => /version (\d+)/.exec(stdout)?.[1],
      () => undefined,
    )
  const programs = [`clang-format-${CLANG_FORMAT}`, 'clang-format']
  const versions = await Promise.all(programs.map(versionOf))
  const program = programs[versions.indexOf(CLANG_FORMAT)]
  if (!program) {
    const words = `clang-format ${CLANG_FORMAT} is needed, found ${versions[1] ?? 'none'}. Next: apt-get install clang-format-${CLANG_FORMAT}`
    if (inCi) return words
    say('lint', `SKIPPED clang-format: ${words}`)
    return ''
  }
  const files = filesBelow(['native', 'test/native'], (path) => /\.(h|cc|cu|cuh)$/.test(path) && !path.includes('/third_party/'))
  if (files.length === 0) return ''
  const style = `--style=file:${join(root, 'native', '.clang-format')}`
  return tool(program, [
    style,
    ...(fix ? ['-i'] : ['--dry-run', '--Werror', '--ferror-limit=3']),
    ...files.map((path) => relative(root, path)),
  ])
}

/** On what npm would publish, not on the checkout. */
async function publint() {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-lint-'))
  try {
    const packed = await tool('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder])
    if (packed) return packed
    return await node('publint/src/cli.js', join(folder, readdirSync(folder)[0]), '--strict')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
