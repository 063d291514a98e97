// Results as a file: JSON that holds everything, and a markdown table made from it. Rows measured later on the same day replace their
// elders, so a long table can be measured in pieces.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { straightLine } from './statistics.mjs'

/** Points within this of a straight line are called straight. */
const STRAIGHT = 0.15

/** A sample in the unit of its case; rates count `items` a call. */
export function inUnit(sample, unit, items = 1) {
  if (unit === 'ms') return sample * 1000
  return unit === 'MiB' ? sample : items / sample
}

const number = (value) => (value >= 1000 ? Math.round(value).toLocaleString('en') : value >= 100 ? value.toFixed(0) : value.toPrecision(3))
const percent = (share) => `±${(share * 100).toFixed(0)}%`
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`

/** Whether a row reaches what is asked of it; undefined where nothing is. */
export function isMet({ ours, ratio, goal, limit, memoryLimit }) {
  const asked = [
    goal === undefined ? undefined : ratio.median >= goal,
    limit === undefined ? undefined : ours.value <= limit,
    memoryLimit === undefined ? undefined : ours.extraBytes <= memoryLimit,
  ].filter((met) => met !== undefined)
  return asked.length === 0 ? undefined : asked.every(Boolean)
}

const verdict = (row) => {
  const met = isMet(row)
  return met === undefined ? '' : met ? 'reached' : '**not reached**'
}

function asked({ goal, wish, limit, memoryLimit, unit }) {
  return [
    goal && `≥ ${goal}x${wish ? ` (wish ${wish}x)` : ''}`,
    limit && `≤ ${number(limit)} ${unit}`,
    memoryLimit && `memory ≤ ${mebibytes(memoryLimit)}`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** One line for the terminal while measuring. */
export function line(row) {
  const { title, unit, ours, peer, ratio, point } = row
  const own = `${number(ours.value)} ${unit} ${percent(ours.spread)}`
  const other = peer
    ? `  ${peer.name} ${number(peer.value)} ${percent(peer.spread)}  ratio ${ratio.median.toFixed(2)} ${percent(ratio.spread)}`
    : ''
  const want = asked(row)
  return `${title}${point === undefined ? '' : ` at ${number(point)}`}: ${own}${other}${want ? `  (${want}: ${verdict(row).replaceAll('*', '')})` : ''}`
}

const marked = (row) => (row.against.length === 0 ? '' : ' †')
const cells = (list) => `| ${list.join(' | ')} |`

function versusTable(rows) {
  return [
    cells(['work', 'ours', 'peer', 'peer’s figure', 'ratio', 'asked', 'memory ours / peer', 'answer']),
    cells(Array(8).fill('---')),
    ...rows.map((row) =>
      cells([
        row.title,
        `${number(row.ours.value)} ${row.unit} ${percent(row.ours.spread)}`,
        row.peer.note ? `${row.peer.name} (${row.peer.note})` : row.peer.name,
        `${number(row.peer.value)} ${row.unit} ${percent(row.peer.spread)}`,
        `**${row.ratio.median.toFixed(2)}x** ${percent(row.ratio.spread)}${marked(row)}`,
        asked(row),
        `${mebibytes(row.ours.extraBytes)} / ${mebibytes(row.peer.extraBytes)}`,
        verdict(row),
      ]),
    ),
  ]
}

function aloneTable(rows) {
  return [
    cells(['work', 'ours', 'memory', 'asked', 'answer']),
    cells(Array(5).fill('---')),
    ...rows.map((row) =>
      cells([
        row.title,
        `${number(row.ours.value)} ${row.unit} ${percent(row.ours.spread)}${marked(row)}`,
        row.unit === 'MiB' ? '' : mebibytes(row.ours.extraBytes),
        asked(row),
        verdict(row),
      ]),
    ),
  ]
}

/** Points of one curve and what they say about its form. */
export function curveLines(rows) {
  const points = rows.map(({ x, ours }) => ({ x, y: ours.value })).sort((a, b) => a.x - b.x)
  const { title, xName, bend } = rows[0]
  const list = [...rows]
    .sort((a, b) => a.x - b.x)
    .map((row) => `${number(row.x)}: ${number(row.ours.value)} ms${marked(row)}`)
    .join(', ')
  if (points.length < 3) return [`- ${title}, by ${xName}: ${list}`]
  const { worst } = straightLine(points)
  const form =
    worst <= STRAIGHT
      ? `a straight line (no point is further than ${(worst * 100).toFixed(0)}% from it)`
      : `not a straight line (a point lies ${(worst * 100).toFixed(0)}% off): ${bend ?? 'the reason is not known yet'}`
  return [`- ${title}, by ${xName}: ${list}. ${form}.`]
}

function environmentLines({ machine, threads, commit, date, seen }, rows) {
  const commits = [...new Set([commit, ...rows.map((row) => row.commit).filter(Boolean)])]
  const { cpu, family, cores, extensions, governor, memoryGiB, kernel, node } = machine
  const load = `1-minute load ${seen.load.toFixed(2)}, others busy ${(seen.busy * 100).toFixed(1)}%, steal ${(seen.steal * 100).toFixed(1)}%`
  return [
    `- ${cpu} (family/model/stepping ${family}), ${cores} cores, ${extensions.join(' ')}; governor ${governor}; ${memoryGiB} GiB; Linux ${kernel}; Node ${node}`,
    `- ${threads} threads everywhere; ${commits.length > 1 ? 'commits' : 'commit'} ${commits.join(', ')}; ${date}; before the start: ${load}`,
  ]
}

/** @returns {string} */
export function markdown({ environment, rows }) {
  const versus = rows.filter(({ peer }) => peer)
  const groups = new Map()
  for (const row of rows.filter(({ kind }) => kind === 'curve')) groups.set(row.case, [...(groups.get(row.case) ?? []), row])
  const alone = rows.filter(({ kind, peer }) => !peer && kind !== 'curve')
  const versions = Object.assign({}, ...rows.flatMap(({ ours, peer }) => [ours.versions, peer?.versions ?? {}]))
  const loud = rows.filter(({ against }) => against.length > 0)
  return `${[
    `# ${environment.machine.cpu}, ${environment.machine.cores} cores, ${environment.date}`,
    ...(loud.length > 0
      ? ['', '**Measured by force: rows with † were measured on a machine that was not quiet, and are hints only.**']
      : []),
    '',
    ...environmentLines(environment, rows),
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    '- A figure is the median of turns, each the median of its calls; ± is half the interquartile range over the median. Ratio: seconds of the',
    '  peer over ours, each turn of the peer over the mean of our turns before and after it. Memory: what the first call adds at its peak.',
    ...(versus.length > 0 ? ['', '## Against peers', '', ...versusTable(versus)] : []),
    ...(alone.length > 0 ? ['', '## Ours', '', ...aloneTable(alone)] : []),
    ...(groups.size > 0 ? ['', '## How cost grows', '', ...[...groups.values()].flatMap(curveLines)] : []),
    ...(loud.length > 0
      ? ['', ...loud.map((row) => `† ${row.title}${row.peer ? ` against ${row.peer.name}` : ''}: ${row.against.join('; ')}`)]
      : []),
  ].join('\n')}\n`
}

const keyOf = ({ case: id, peer, point }) => JSON.stringify([id, peer?.name, point])

/** New rows in the place of old ones of the same case, peer and point. */
export function merge(old, fresh) {
  const replaced = new Map(fresh.map((row) => [keyOf(row), row]))
  const kept = old.map((row) => {
    const key = keyOf(row)
    const newer = replaced.get(key)
    replaced.delete(key)
    return newer ?? row
  })
  return [...kept, ...replaced.values()]
}

/** Writes NAME-DATE.json and .md. @returns their paths */
export function writeTable(folder, name, result) {
  mkdirSync(folder, { recursive: true })
  const base = join(folder, `${name}-${result.environment.date}`)
  const old = existsSync(`${base}.json`) ? JSON.parse(readFileSync(`${base}.json`, 'utf8')).rows : []
  const whole = { format: 1, environment: result.environment, rows: merge(old, result.rows) }
  writeFileSync(`${base}.json`, `${JSON.stringify(whole, null, 1)}\n`)
  writeFileSync(`${base}.md`, markdown(whole))
  return [`${base}.md`, `${base}.json`]
}
