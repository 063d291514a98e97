// npm run bench [-- WORD...] [--json]: each case in a process of its own; words choose cases. Median, 10th and 90th percentile.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, hostname } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { capture, main, root, say } from './steps.mjs'

const folder = join(root, 'test', 'bench')
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const json = process.argv.includes('--json')

await main(async () => {
  await build()
  const environment = {
    machine: hostname(),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    date: new Date().toISOString(),
  }
  say('bench', `${environment.cpu}, ${environment.cores} cores, Node ${environment.node}`)
  const cases = []
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.bench.mjs'))
    .sort()) {
    const { default: listed } = await import(join(folder, file))
    for (const { name } of listed) if (words.every((word) => name.includes(word))) cases.push({ file, name })
  }
  const results = []
  for (const { file, name } of cases) {
    const { status, stdout, stderr } = await capture(process.execPath, [join(folder, 'child.mjs'), join(folder, file), name])
    if (status !== 0) {
      say('bench', `${name}: FAILED with ${status}\n${stderr.trim()}`)
      results.push({ name, failed: true })
      continue
    }
    const result = JSON.parse(stdout)
    results.push(result)
    if (!json) process.stdout.write(`${line(result)}\n`)
  }
  if (json) process.stdout.write(`${JSON.stringify({ format: 1, environment, results }, null, 2)}\n`)
  const check = await kernels()
  mkdirSync(join(root, 'build'), { recursive: true })
  writeFileSync(join(root, 'build', 'bench.json'), JSON.stringify({ format: 1, environment, results, kernels: check }, null, 2))
  say('bench', 'all figures: build/bench.json')
  return results.some((result) => result.failed) ? 1 : 0
})

function line({ name, unit, median, low, high, note }) {
  const figure = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
  return `${name.padEnd(52)} ${figure(median).padStart(8)} ${unit.padEnd(9)} (${figure(low)} .. ${figure(high)})${note ? `  ${note}` : ''}`
}

/** Kernels are measured by wordmask_check, which needs no Node. */
async function kernels() {
  if (words.length > 0 && !words.includes('kernel')) return undefined
  const program = join(root, 'build', 'Release', 'core', 'wordmask_check')
  const report = join(root, 'build', 'bench-kernels.txt')
  const { status, stdout } = await capture(program, ['bench']).catch(() => ({ status: 1, stdout: '' }))
  if (status !== 0) {
    say('bench', `no kernel figures: ${program} bench ended with ${status}`)
    return undefined
  }
  writeFileSync(report, stdout)
  if (!json) process.stdout.write(stdout)
  return readFileSync(report, 'utf8')
}
