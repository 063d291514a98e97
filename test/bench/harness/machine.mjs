// The machine: what it is, and whether it is quiet enough to measure on.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** A machine is loaded above any of these. `load` is the 1-minute average a core; the others are shares of all cores' time. */
export const LIMITS = { load: 0.25, busy: 0.05, steal: 0.02 }

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Ticks of all cores since boot, from the first line of /proc/stat. */
export function parseTicks(stat) {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1]
  if (line === undefined) return undefined
  const [user, nice, system, idle, iowait, irq, softirq, steal] = line.split(' ').map(Number)
  const busy = user + nice + system + irq + softirq
  return { busy, steal, total: busy + idle + iowait + steal }
}
export const ticks = () => parseTicks(read('/proc/stat'))

/** Ticks one process has used, its children that ended included: fields 14 to 17 of /proc/PID/stat, after the name in brackets. */
export function parseProcessTicks(stat) {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return fields[11] + fields[12] + fields[13] + fields[14]
}
export function processTicks(pid) {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? 0 : parseProcessTicks(stat)
}

/** Shares of the time between two readings. `ours`: ticks that our own processes used in between. */
export function shares(before, after, ours = 0) {
  const total = after.total - before.total
  if (total <= 0) return { busy: 0, steal: 0 }
  return { busy: Math.max(0, after.busy - before.busy - ours) / total, steal: (after.steal - before.steal) / total }
}

/** What is too loud, in words; empty on a quiet machine. */
export function reasonsToWait({ load, cores, busy, steal }, limits = LIMITS) {
  const percent = (share) => `${(share * 100).toFixed(1)}%`
  const reasons = []
  if (load !== undefined && load > limits.load * cores)
    reasons.push(`the 1-minute load is ${load.toFixed(2)}, at most ${limits.load * cores} on ${cores} cores`)
  if (busy > limits.busy) reasons.push(`other programs use ${percent(busy)} of the cores, at most ${percent(limits.busy)}`)
  if (steal > limits.steal) reasons.push(`the host takes ${percent(steal)} of the cores away (steal), at most ${percent(limits.steal)}`)
  return reasons
}

/** Looks for `seconds` at an idle machine. @returns {Promise<{ load: number, cores: number, busy: number, steal: number }>} */
export async function look(seconds = 3) {
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const after = ticks()
  const seen = before && after ? shares(before, after) : { busy: Number.NaN, steal: Number.NaN }
  return { load: loadavg()[0], cores: availableParallelism(), ...seen }
}

export function describeMachine() {
  const info = read('/proc/cpuinfo')
  const field = (name) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1]
  const flags = new Set((field('flags') ?? '').split(' '))
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    family: [field('cpu family'), field('model'), field('stepping')].join('/'),
    cores: availableParallelism(),
    extensions: ['avx2', 'avx512f', 'avx512_bf16', 'avx512_vnni', 'amx_bf16', 'amx_tile'].filter((name) => flags.has(name)),
    governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor').trim() || 'not shown to this machine',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  }
}

/** Names the file of a table: 'amd-epyc-25-17-2-cores'. */
export const machineName = ({ cpu, family, cores }) =>
  `${cpu} ${family.split('/').slice(0, 2).join(' ')} ${cores} cores`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
