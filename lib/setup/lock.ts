import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { WordmaskError } from '../errors'

export interface LockOptions {
  log?: (line: string) => void
  /** What is being done, in a word. Default 'setup'. */
  what?: string
  signal?: AbortSignal
}

/**
 * Runs `work` (a `what`) while holding `file`; another live process that holds it is waited for, a dead one's lock is taken over.
 *
 * @throws ERR_WORDMASK_ABORTED when `signal` comes while it waits
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { log = () => {}, what = 'setup', signal } = options
  for (let waited = false; !acquire(file); waited = true) {
    const holder = readHolder(file)
    if (holder !== undefined && !isAlive(holder)) {
      log(`process ${holder}, which began a ${what}, has ended: taking over its lock`)
      removeStale(file, holder)
      continue
    }
    if (!waited) log(`another ${what} is running (process ${holder ?? '?'}): waiting for it`)
    await delay(300, undefined, { signal }).catch(() => {})
    if (signal?.aborted) throw new WordmaskError('ERR_WORDMASK_ABORTED', `Waiting for another ${what} was aborted`)
  }
  const release = () => rmSync(file, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

/** A link appears with its content or not at all, so that no reader ever sees a lock without its owner. */
function acquire(file: string): boolean {
  const own = `${file}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** Removes the lock of a dead process, and puts it back if another process took it over in between. */
function removeStale(file: string, dead: number): void {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  if (readHolder(aside) !== dead) linkSync(aside, file)
  rmSync(aside, { force: true })
}

function readHolder(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
