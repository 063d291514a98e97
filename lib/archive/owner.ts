import { statSync } from 'node:fs'
import { hasEnded, isThisProcess, type ProcessMark } from '../run/process-mark'

/** A file of another machine whose time has not changed for so long belongs to nobody, in milliseconds. */
const strangersLast = 10 * 60_000

/**
 * Whether the owner of a file may still be at it.
 * @param ownEnds a file of this very process counts as left, since what it held has been given up
 */
export function isHeld(owner: ProcessMark, file: string, ownEnds = false): boolean {
  if (isThisProcess(owner)) return !ownEnds
  const ended = hasEnded(owner)
  if (ended !== undefined) return !ended
  try {
    return Date.now() - statSync(file).mtimeMs < strangersLast
  } catch {
    return false
  }
}
