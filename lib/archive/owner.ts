import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, so named that a later one with the same number is not taken for it. */
export interface Owner {
  /** 8 hex digits of the host's name and its boot. */
  host: string
  pid: number
  /** Clock ticks from boot to its start. */
  started: number
}

/** A file of another machine whose time has not changed for so long belongs to nobody, in milliseconds. */
const strangersLast = 10 * 60_000

let own: Owner | undefined

export function thisOwner(): Owner {
  own ??= { host: thisHost(), pid: process.pid, started: startOf(process.pid) ?? 0 }
  return own
}

export function ownerOf(host: string, pid: number, started: number): Owner {
  return { host, pid, started }
}

/** @param ownEnds a file of this very process counts as left, since what it held has been given up */
export function isHeld(owner: Owner, file: string, ownEnds = false): boolean {
  const { host, pid } = thisOwner()
  if (owner.host === host) {
    if (owner.pid === pid && owner.started === thisOwner().started) return !ownEnds
    return startOf(owner.pid) === owner.started
  }
  try {
    return Date.now() - statSync(file).mtimeMs < strangersLast
  } catch {
    return false
  }
}

function thisHost(): string {
  let boot = ''
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
  } catch {
    // Without it the name alone tells machines apart.
  }
  return createHash('sha256').update(hostname()).update(boot).digest('hex').slice(0, 8)
}

/** Field 22 of /proc/<pid>/stat; the name before it may hold spaces and brackets. */
function startOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : Number(fields[19])
  } catch {
    return undefined
  }
}
