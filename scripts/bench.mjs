// npm run bench: cases of test/bench/cases, each in processes of its own; -- --help says everything.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { archiveBench } from '../test/bench/archive/run.mjs'
import { benchFolder, checkProgram } from '../test/bench/harness/folders.mjs'
import { ensureOnnx, ensurePeers, ensureWeights } from '../test/bench/harness/install.mjs'
import { chosenCases, jobsOf, reasonToSkip, rowOf } from '../test/bench/harness/jobs.mjs'
import { describeMachine, look, machineName, reasonsToWait } from '../test/bench/harness/machine.mjs'
import { measureAlone, measurePair, PLANS, reasonsAgainst } from '../test/bench/harness/measure.mjs'
import { HELP, parseOptions } from '../test/bench/harness/options.mjs'
import { start } from '../test/bench/harness/programs.mjs'
import { inUnit, line, writeTable } from '../test/bench/harness/table.mjs'
import { build } from './build.mjs'
import { capture, main, root, run, StepError, say } from './steps.mjs'

/** What is found, not how fast: programs with options of their own. */
const STUDIES = {
  camvid: 'camvid/run.mjs',
  curation: 'curation/run.mjs',
  onnx: 'onnx/run.mjs',
  reco: 'reco/components.mjs',
  'reco-curves': 'reco/curves.mjs',
  'reco-sites': 'reco/sites.mjs',
  'reco-cost': 'reco/cost.mjs',
  specialist: 'specialist/run.mjs',
}

await main(async () => {
  const [word, ...rest] = process.argv.slice(2)
  if (Object.hasOwn(STUDIES, word ?? '')) return study(STUDIES[word], rest)
  if (word === 'archive') return archiveBench(rest)
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return void process.stdout.write(HELP)
  const cases = chosen(options.only)
  if (options.list) return list(cases)
  await build()
  if (options.peers) await ensurePeers()
  const jobs = await possible(cases.flatMap((item) => jobsOf(item, options)))
  await prepare(jobs)

  const seen = await quiet(options)
  const environment = await describe(options, seen)
  const rows = []
  const failed = []
  for (const job of jobs) {
    try {
      const row = await measure(job, options, seen.reasons)
      rows.push(row)
      process.stdout.write(`${options.json ? JSON.stringify(row) : line(row)}\n`)
      for (const reason of row.against) say('bench', `  ${reason}`)
    } catch (error) {
      failed.push(job)
      say('bench', `${job.title}${job.peer ? ` against ${job.peer.name}` : ''}: FAILED: ${error.message}`)
    }
  }
  writeFileSync(join(root, 'build', 'bench.json'), JSON.stringify({ format: 1, environment, rows }, null, 1))
  say('bench', 'all figures of this run: build/bench.json')
  return finish(options, environment, rows, failed)
})

async function study(program, args) {
  await build()
  const { status } = await run(process.execPath, [join(root, 'test/bench', program), ...args], { stdio: 'inherit' })
  if (status !== 0) throw new StepError(`${program} failed (its words are above)`)
}

function chosen(words) {
  try {
    return chosenCases(words)
  } catch (error) {
    throw new StepError(`${error.message}. Next: npm run bench -- --list`)
  }
}

function list(cases) {
  for (const { group, id, title, peers = [], limit, unit, points } of cases) {
    const wanted = peers.map(({ name, goal }) => (goal ? `${name} ≥ ${goal}x` : name))
    const rest = points ? `at ${points.join(', ')}` : (limit && `≤ ${limit.toFixed(0)} ${unit}`) || `against ${wanted.join(', ')}`
    process.stdout.write(`${group.padEnd(7)} ${id.padEnd(20)} ${title}: ${rest}\n`)
  }
}

/** Jobs that can run here; says which cannot and why. */
async function possible(jobs) {
  const { status, stdout, stderr } = await capture(checkProgram, ['bench', '--list'])
  if (status !== 0) throw new StepError(`${checkProgram} bench --list failed: ${stderr}. Next: npm run build`)
  const ops = [
    ...new Set(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((text) => JSON.parse(text).op),
    ),
  ]
  const freeBytes = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024
  return jobs.filter((job) => {
    const reason = reasonToSkip(job, { ops, freeBytes })
    if (reason) say('bench', `left out: ${job.title}${job.point ? ` at ${job.point}` : ''}: ${reason}`)
    return reason === undefined
  })
}

async function prepare(jobs) {
  for (const architecture of new Set(jobs.flatMap(({ models }) => models))) await ensureWeights(architecture)
  for (const architecture of new Set(jobs.map(({ peer }) => peer?.onnx).filter(Boolean))) await ensureOnnx(architecture)
}

/** Waits for a quiet machine as long as asked; then refuses, unless forced or quick. */
async function quiet({ wait, force, quick }) {
  const until = Date.now() + wait * 60_000
  for (;;) {
    const seen = await look()
    const reasons = reasonsToWait(seen)
    if (reasons.length === 0 || force || quick) {
      for (const reason of reasons) say('bench', `going on although ${reason}`)
      return { ...seen, reasons }
    }
    if (Date.now() >= until)
      throw new StepError(
        `Nothing was measured: ${reasons.join('; ')}.\nNext: --wait MINUTES, --quick to try things out, or --force (rows are marked)`,
      )
    say('bench', `waiting: ${reasons.join('; ')}`)
    await sleep(15_000)
  }
}

async function describe({ threads }, seen) {
  const { stdout } = await capture('git', ['describe', '--always', '--dirty'])
  const machine = describeMachine()
  const { load, busy, steal } = seen
  const environment = {
    machine,
    threads,
    commit: stdout.trim() || 'unknown',
    date: new Date().toISOString().slice(0, 10),
    seen: { load, busy, steal },
  }
  const { cpu, cores, extensions, governor, memoryGiB } = machine
  say(
    'bench',
    `${cpu} (${machine.family}), ${cores} cores, ${extensions.join(' ')}, governor ${governor}, ${memoryGiB} GiB, Node ${machine.node}`,
  )
  say(
    'bench',
    `${threads} threads, commit ${environment.commit}, load ${load.toFixed(2)}, others ${(busy * 100).toFixed(1)}%, steal ${(steal * 100).toFixed(1)}%`,
  )
  return environment
}

async function measure(job, { threads, quick }, before) {
  const plan = quick ? { ...PLANS.quick, ...(job.plan?.seconds === 0 ? job.plan : {}) } : { ...PLANS.full, ...job.plan }
  const ours = () => start('wordmask', job.ours, threads)
  const measured = job.peer
    ? await measurePair(ours, () => start(job.peer.name, job.peer.program, threads), plan, job.check)
    : await measureAlone(ours, plan)
  const against = [...before, ...reasonsAgainst(measured, job.anySpread ? Number.POSITIVE_INFINITY : undefined)]
  const { stdout } = await capture('git', ['describe', '--always', '--dirty'])
  return rowOf(job, measured, inUnit, against, { commit: stdout.trim(), at: new Date().toISOString() })
}

function finish({ quick, force, into = join(benchFolder, 'results') }, environment, rows, failed) {
  const loud = rows.filter(({ against }) => against.length > 0)
  if (failed.length > 0)
    say('bench', `${failed.length} of ${rows.length + failed.length} failed: ${failed.map((job) => job.case).join(', ')}`)
  if (rows.length === 0 || (quick && !force)) return failed.length > 0 ? 1 : 0
  if (loud.length > 0 && !force) {
    say('bench', `no table is written: ${loud.length} of ${rows.length} rows cannot stand in one (reasons above). Next: repeat, or --force`)
    return 1
  }
  for (const file of writeTable(into, machineName(environment.machine), { environment, rows })) say('bench', `wrote ${file}`)
  return failed.length > 0 ? 1 : 0
}
