// npm run bench -- archive [OPTIONS]: the figures of the archive, a case after the other, each in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { build } from '../../../scripts/build.mjs'
import { capture, StepError, say } from '../../../scripts/steps.mjs'
import { weightsFile } from '../cases/models.mjs'
import { benchFolder } from '../harness/folders.mjs'
import { ensurePeers, ensureWeights } from '../harness/install.mjs'
import { describeMachine, look, machineName, reasonsToWait } from '../harness/machine.mjs'
import { cases } from './cases.mjs'
import { growthTable, rowResults } from './growth.mjs'

const HELP = `npm run bench -- archive [OPTIONS]

Embedding a folder, archives of 10,000 to 10 million rows, what curation and dedupe find, an export out of S3. Each case writes its figures, with machine, date
and command, to test/bench/results/archive-CASE-MACHINE.json.

  --only WORD      cases whose id contains WORD; may come several times
  --peers          Archive.add against a plain PyTorch loop, too (installs the peers of npm run bench -- --peers)
  --count N        images of the cases that have that number (embed, peer, duplicates ...), instead of theirs
  --large          the case of 10 million rows, too (25 GB of disk, hours)
  --quick          as little as shows that a case runs; prints, writes nothing
  --wait MINUTES   wait up to so long for the machine to become quiet
  --force          measure and write although the machine is loaded: the file says so
  --into FOLDER    where the files go
  --list           the cases; measures nothing
`

/** @param {string[]} argv */
export async function archiveBench(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'boolean', default: false },
      count: { type: 'string' },
      large: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      wait: { type: 'string', default: '0' },
      force: { type: 'boolean', default: false },
      into: { type: 'string', default: join(benchFolder, 'results') },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const wanted = chosen(values)
  if (values.list) return void process.stdout.write(wanted.map(({ id, title }) => `${id.padEnd(14)} ${title}\n`).join(''))
  await build()
  if (values.peers) await ensurePeers()
  let failed = 0
  for (const one of wanted) {
    try {
      await measure(withCount(one, values.count), values)
    } catch (error) {
      if (!(error instanceof StepError)) throw error
      failed++
      say('bench', `${one.id}: ${error.message}`)
    }
  }
  if (!values.quick) writeGrowth(values.into)
  return failed > 0 ? 1 : 0
}

export function withCount(one, count) {
  if (count === undefined || !('count' in one.args)) return one
  if (!(Number.isInteger(Number(count)) && Number(count) > 0))
    throw new StepError(`--count: expected a whole number above 0, not '${count}'`)
  return { ...one, args: { ...one.args, count: Number(count) }, quick: { ...one.quick, count: Number(count) } }
}

/** One table of the archives of all sizes that were measured on this machine. */
function writeGrowth(folder) {
  const machine = machineName(describeMachine())
  const results = rowResults(folder, machine)
  if (results.length < 2) return
  const file = join(folder, `archive-growth-${machine}.md`)
  writeFileSync(`${file}.partial`, growthTable(results))
  renameSync(`${file}.partial`, file)
  say('bench', `wrote ${file}`)
}

export function chosen({ only, large, quick, peers }) {
  const found = cases.filter(({ id }) => only.length === 0 || only.some((word) => id.includes(word)))
  if (found.length === 0) throw new StepError(`no case has ${only.join(' or ')} in its name. Next: npm run bench -- archive --list`)
  return found.filter((one) => (!one.large || large || quick) && (!one.peers || peers))
}

export function argumentsOf({ args, quick, model }, isQuick) {
  const flags = Object.entries(isQuick ? quick : args).flatMap(([name, value]) => [`--${name}`, String(value)])
  return model === undefined ? flags : [...flags, '--model', model === 'scenes' ? model : weightsFile(model)]
}

async function measure(one, { quick, wait, force, into }) {
  if (one.model !== undefined && one.model !== 'scenes') await ensureWeights(one.model)
  const before = await quietOrNot(Number(wait), quick || force)
  const command = [join(benchFolder, one.program), ...argumentsOf(one, quick)]
  say('bench', `${one.id}: ${one.title}`)
  const figures = await run(command)
  process.stdout.write(`${JSON.stringify({ case: one.id, ...figures })}\n`)
  if (quick) return
  const commit = (await capture('git', ['describe', '--always', '--dirty'])).stdout.trim()
  const machine = describeMachine()
  const shown = `node test/bench/${one.program} ${argumentsOf(one, false).join(' ')}`.replaceAll(process.env.HOME ?? '\0', '~')
  const file = join(into, `archive-${one.id}-${machineName(machine)}.json`)
  const result = {
    case: one.id,
    title: one.title,
    date: new Date().toISOString(),
    commit,
    command: shown,
    machine,
    load: before.load,
    ...(one.goal && { goal: one.goal }),
    figures,
  }
  if (before.reasons.length > 0) result.notQuiet = before.reasons
  mkdirSync(into, { recursive: true })
  writeFileSync(`${file}.partial`, `${JSON.stringify(result, null, 1)}\n`)
  renameSync(`${file}.partial`, file)
  say('bench', `wrote ${file}`)
}

async function quietOrNot(minutes, anyway) {
  for (const until = Date.now() + minutes * 60_000; ; await sleep(15_000)) {
    const seen = await look()
    const reasons = reasonsToWait(seen)
    if (reasons.length === 0 || (anyway && Date.now() >= until)) return { load: seen.load, reasons }
    if (Date.now() >= until) throw new StepError(`not measured: ${reasons.join('; ')}. Next: --wait MINUTES, or --force`)
  }
}

/** The last line of what a program prints, or all of it, as JSON. */
async function run(command) {
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new StepError(`failed with status ${code} (its words are above)`)
  const lines = text.trimEnd().split('\n')
  return JSON.parse(lines.at(-1) === '}' ? text : lines.at(-1))
}
