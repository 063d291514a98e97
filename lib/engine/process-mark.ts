import { readFileSync, readlinkSync } from 'node:fs'

/** Names a process for good: numbers are given again after a process, a container or a machine has ended. */
export interface ProcessMark {
  /** Boot of the machine and its space of process numbers; '' where the system does not tell. */
  space: string
  pid: number
  /** When it started, in ticks since the boot. */
  start: string
}

let ownSpace: string | undefined

export function ownMark(): ProcessMark {
  ownSpace ??= readSpace()
  return { space: ownSpace, pid: process.pid, start: startOf(process.pid) ?? '' }
}

/** Whether a process has ended; undefined where this machine cannot tell, since it is another's. */
export function hasEnded({ space, pid, start }: ProcessMark): boolean | undefined {
  const own = ownMark()
  if (space === '' || space !== own.space) return undefined
  return startOf(pid) !== start
}

/** Field 22 of /proc/PID/stat, counted behind the name in brackets; undefined for one that is gone or only waits to be reaped. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function readSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}
