import { CommanderError } from 'commander'
import { installCommand } from '../doctor/native'
import { photographModel } from './model'
import { exitCodes, UsageError } from './usage'

/** What every failure shows: a sentence, a code and what to type next. */
export interface Failure {
  message: string
  code: string
  next: string
  exitCode: number
  stack?: string
}

/** Codes whose cause is the command line itself. */
const usageCodes = new Set([
  'ERR_WORDMASK_INVALID_ARGUMENT',
  'ERR_WORDMASK_UNKNOWN_OPTION',
  'ERR_WORDMASK_CLASSES',
  'ERR_WORDMASK_TEMPLATE',
])

export function describeFailure(error: unknown, command: string): Failure {
  const help = `wordmask ${command} --help`.replace('  ', ' ')
  if (error instanceof CommanderError) {
    const code = error.code === 'commander.unknownOption' ? 'ERR_WORDMASK_UNKNOWN_OPTION' : 'ERR_WORDMASK_INVALID_ARGUMENT'
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
    return { message, code, next: help, exitCode: exitCodes.usage }
  }
  const known = error as { name?: string; message?: string; code?: unknown; syscall?: string; stack?: string } | undefined
  const message = known?.message ?? String(error)
  // What AbortSignal itself throws has a number for a code.
  const unknown = known?.name === 'AbortError' ? 'ERR_WORDMASK_ABORTED' : 'ERR_WORDMASK_INTERNAL'
  // What Node says of files (EACCES, ENOSPC ...) is in the message.
  const code = known?.syscall !== undefined ? 'ERR_WORDMASK_IO' : typeof known?.code === 'string' ? known.code : unknown
  const usage = error instanceof UsageError || usageCodes.has(code)
  const full = /\b(ENOSPC|EDQUOT)\b/.test(message)
  const exitCode = usage ? exitCodes.usage : code === 'ERR_WORDMASK_ABORTED' ? exitCodes.interrupted : exitCodes.failure
  const next = full ? 'make room on the disk, then the same command again' : usage ? help : nextCommand(code, command, help)
  return { message, code, next, exitCode, stack: known?.stack }
}

function nextCommand(code: string, command: string, help: string): string {
  switch (code) {
    case 'ERR_WORDMASK_NATIVE_LOAD':
      return installCommand()
    case 'ERR_WORDMASK_VOCABULARY':
      return `wordmask model pull ${photographModel}, then the same command with --clip ${photographModel}`
    case 'ERR_WORDMASK_MODEL_NOT_FOUND':
      return 'wordmask model list'
    case 'ERR_WORDMASK_CHECKPOINT':
    case 'ERR_WORDMASK_CHECKPOINT_FORBIDDEN':
    case 'ERR_WORDMASK_CHECKPOINT_KEYS':
      return command === 'model info' ? 'wordmask model list' : 'wordmask model info FILE'
    case 'ERR_WORDMASK_DOWNLOAD':
    case 'ERR_WORDMASK_ABORTED':
      return 'the same command again: it goes on where it stopped'
    case 'ERR_WORDMASK_DEVICE':
    case 'ERR_WORDMASK_MEMORY':
      return 'wordmask doctor'
    case 'ERR_WORDMASK_INTERNAL':
      return 'DEBUG=1 before the same command shows where it happened'
    default:
      return help
  }
}

/** On stderr for people; as one JSON line on stdout too where --json was asked. */
export function printFailure(failure: Failure, json: boolean): void {
  if (json)
    process.stdout.write(`${JSON.stringify({ event: 'error', code: failure.code, message: failure.message, next: failure.next })}\n`)
  process.stderr.write(`error: ${failure.message}\n  code: ${failure.code}\n  next: ${failure.next}\n`)
  if (process.env.DEBUG && failure.stack) process.stderr.write(`${failure.stack}\n`)
}
