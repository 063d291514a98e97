import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { type ProcessMark, thisProcess } from '../run/process-mark'
import { makeFolderSync } from '../setup/make-folder'
import { isHeld } from './owner'

const lookAgain = 20
const touchEvery = 60_000

/**
 * Runs `work` while holding the lock file. A process that holds it is waited for; the lock of one that has ended is taken over
 * (on another machine: after ten minutes without a sign of life). @param onWait told once, where it is waited for
 * @throws ERR_WORDMASK_ABORTED while it waits, ERR_WORDMASK_IO
 */
export async function withFileLock<T>(
  file: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  const release = await holdFile(file, signal, onWait)
  try {
    return await work()
  } finally {
    release()
  }
}

/** A folder that one call works in at a time; another waits, and says so. */
export async function inFolder<T>(folder: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const release = await holdFolder(folder, signal)
  try {
    return await work()
  } finally {
    release()
  }
}

/** As inFolder. -> what gives the folder back; the end of the process does so, too */
export const holdFolder = (folder: string, signal: AbortSignal | undefined): Promise<() => void> =>
  holdFile(join(folder, '.lock'), signal, () =>
    process.emitWarning(`Another call works in ${folder}: waiting for it`, { type: 'WordmaskWarning', code: 'WORDMASK_WAITING' }),
  )

async function holdFile(file: string, signal: AbortSignal | undefined, onWait?: () => void): Promise<() => void> {
  let told = false
  while (!acquire(file)) {
    throwIfAborted(signal)
    if (!told) onWait?.()
    told = true
    const holder = readOwner(file)
    if (holder && !isHeld(holder, file)) removeStale(file, holder)
    else await delay(lookAgain, undefined, { signal }).catch(() => {})
  }
  const touch = setInterval(() => signOfLife(file), touchEvery)
  const remove = () => rmSync(file, { force: true })
  process.once('exit', remove)
  return () => {
    clearInterval(touch)
    process.off('exit', remove)
    remove()
  }
}

function signOfLife(file: string): void {
  try {
    utimesSync(file, new Date(), new Date())
  } catch {
    // The disk may be away for a while; the work itself will say so.
  }
}

/** A link appears with its content or not at all, so that no reader ever sees a lock without its owner. */
function acquire(file: string): boolean {
  const own = `${file}.${randomBytes(4).toString('hex')}`
  try {
    makeFolderSync(dirname(file))
    writeFileSync(own, JSON.stringify(thisProcess()))
    if (!link(own, file)) writeFileSync(file, JSON.stringify(thisProcess()), { flag: 'wx' })
    return true
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new WordmaskError('ERR_WORDMASK_IO', `The lock ${file} cannot be written (${message})`, { cause })
  } finally {
    rmSync(own, { force: true })
  }
}

/** False on a disk that knows no links, as those of cameras (FAT, exFAT) do not. */
function link(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** Removes the lock of a process that has ended, and puts it back if another took it over in between. */
function removeStale(file: string, ended: ProcessMark): void {
  const aside = `${file}.${randomBytes(4).toString('hex')}.stale`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  const found = readOwner(aside)
  if (found && JSON.stringify(found) !== JSON.stringify(ended)) {
    try {
      linkSync(aside, file)
    } catch {
      // A third process holds it now.
    }
  }
  rmSync(aside, { force: true })
}

function readOwner(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark
  } catch {
    return undefined
  }
}
