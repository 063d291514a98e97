import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/** Names a process for good: numbers are given again after a process, a container or a machine has ended. */
export interface ProcessMark {
  /** 8 hex digits of the machine's boot and its space of process numbers; 'unknown' where the system does not tell. */
  machine: string
  pid: number
  /** When it started, in clock ticks since the boot. */
  started: number
}

let own: ProcessMark | undefined

export function thisProcess(): ProcessMark {
  own ??= { machine: thisMachine(), pid: process.pid, started: startOf(process.pid) ?? 0 }
  return own
}

/** Whether a process has ended; undefined where this machine cannot tell, since it is another's. */
export function hasEnded({ machine, pid, started }: ProcessMark): boolean | undefined {
  if (machine === 'unknown' || machine !== thisProcess().machine) return undefined
  return startOf(pid) !== started
}

export function isThisProcess({ machine, pid, started }: ProcessMark): boolean {
  const { machine: here, pid: number, started: since } = thisProcess()
  return machine === here && pid === number && started === since
}

/** Field 22 of /proc/PID/stat, counted behind the name in brackets; undefined for one that is gone or only waits to be reaped. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19])
  } catch {
    return undefined
  }
}

function thisMachine(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return createHash('sha256')
      .update(`${boot}/${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 8)
  } catch {
    return 'unknown'
  }
}
